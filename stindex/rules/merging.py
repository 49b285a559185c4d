"""Neighbouring pieces that are one mention: dates with their times, both ends of an interval,
and the words before a mention that belong to it.

Pieces in order go in, fewer and longer pieces come out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from stindex.rules.building import period
from stindex.rules.language import Language
from stindex.rules.meaning import (
    CalendarDate,
    Clock,
    Fixed,
    Holiday,
    Length,
    Moment,
    PartOfDay,
    Piece,
    Shift,
    Span,
    Week,
    YearPart,
)

_Join = Callable[[Piece, Piece, str], Piece | None]


def merge(
    pieces: Sequence[Piece], text: str, language: Language, *, intervals: bool = True
) -> list[Piece]:
    """Join what belongs together; with `intervals=False` the ends of intervals stay apart."""
    merged = _pass(pieces, text, lambda a, b, gap: _half_of_day(a, b, gap, language))
    if intervals:
        merged = _pass(merged, text, lambda a, b, gap: _time_span(a, b, gap, text, language))
    merged = _pass(merged, text, lambda a, b, gap: _moment(a, b, gap, language))
    if intervals:
        merged = _pass(merged, text, lambda a, b, gap: _date_span(a, b, gap, text, language))
    return [_qualified(_rated(piece, text, language), text, language) for piece in merged]


def _pass(pieces: Sequence[Piece], text: str, join: _Join) -> list[Piece]:
    merged: list[Piece] = []
    for piece in pieces:
        joined = join(merged[-1], piece, text[merged[-1].end : piece.start]) if merged else None
        if joined is None:
            merged.append(piece)
        else:
            merged[-1] = joined
    return merged


def _half_of_day(a: Piece, b: Piece, gap: str, language: Language) -> Piece | None:
    """Half past two *in the afternoon*."""
    time, part = a.meaning, b.meaning
    if not (isinstance(time, Clock) and isinstance(part, PartOfDay) and language.in_part):
        return None
    if time.half or not re.fullmatch(language.in_part, gap, re.IGNORECASE):
        return None
    late = part.code in {"TAF", "TEV"} or (part.code == "TNI" and 6 <= time.hour < 12)
    return Piece(a.start, b.end, replace(time, half="pm" if late and time.hour < 12 else ""))


def _moment(a: Piece, b: Piece, gap: str, language: Language) -> Piece | None:
    """A date and its time, in either order."""
    for day, time, between in (
        (a.meaning, b.meaning, language.joins),
        (b.meaning, a.meaning, language.of),
    ):
        if not re.fullmatch(f" ?(?:{between}) ?", gap, re.IGNORECASE):
            continue
        timed = isinstance(time, Clock | PartOfDay | Span) and not _dated(time)
        if timed and _has_times(day):
            return Piece(a.start, b.end, Moment(day, time))  # type: ignore[arg-type] # seen above
    return None


def _dated(meaning: object) -> bool:
    return isinstance(meaning, Span) and not isinstance(meaning.first, Clock | PartOfDay)


def _has_times(meaning: object) -> bool:
    """Whether a meaning is a day, or a set of days, that a time can be of."""
    match meaning:
        case CalendarDate():
            return meaning.day is not None or meaning.weekday is not None
        case Shift():
            return meaning.unit == "day"
        case Fixed():
            return meaning.value == "P1D" or bool(
                re.fullmatch(r"XXXX-(WXX-([1-7]|WE)|[0-9]{2}-[0-9]{2})|[0-9]{4}-[0-9]{2}-[0-9]{2}",
                             meaning.value)
            )  # fmt: skip
        case _:
            return isinstance(meaning, Holiday)


def _time_span(a: Piece, b: Piece, gap: str, text: str, language: Language) -> Piece | None:
    first, last = a.meaning, b.meaning
    if not (isinstance(first, Clock | PartOfDay) and isinstance(last, Clock | PartOfDay)):
        return None
    start = _interval_start(a, gap, text, language)
    return None if start is None else Piece(start, b.end, Span(first, last))


def _date_span(a: Piece, b: Piece, gap: str, text: str, language: Language) -> Piece | None:
    first, last = a.meaning, b.meaning
    ends = CalendarDate | Holiday | YearPart | Week | Shift | Moment
    if not (isinstance(first, ends) and isinstance(last, ends)):
        return None
    if isinstance(last, Moment) and isinstance(last.time, Span):
        return None
    start = _interval_start(a, gap, text, language)
    return None if start is None else Piece(start, b.end, Span(first, last))


def _interval_start(a: Piece, gap: str, text: str, language: Language) -> int | None:
    """Where the interval begins whose first end is `a`, None where it is none."""
    article = f"(?:(?:{language.articles}) )?" if language.articles else ""
    space = " " if language.bounded else ""
    for opening, between in language.between:
        opened = re.search(
            rf"(?<!\w)(?:{opening}){space}{article}$", text[: a.start], re.IGNORECASE
        )
        if opened and re.fullmatch(f" ?(?:{between}) ?{article}", gap, re.IGNORECASE):
            return opened.start()
    bare = re.fullmatch(f" ?(?:{language.until}) ?{article}", gap, re.IGNORECASE)
    return a.start if bare else None


def _rated(piece: Piece, text: str, language: Language) -> Piece:
    """*A day* after an amount is a repetition: three tablets a day."""
    length = piece.meaning
    if not (isinstance(length, Length) and length.amount == 1 and language.amount_before):
        return piece
    before = text[max(0, piece.start - 60) : piece.start]
    amount = re.search(rf"(?<!\w)(?:{language.amount_before}) $", before, re.IGNORECASE)
    if amount is None or length.unit not in {"day", "week", "month", "year"}:
        return piece
    return replace(piece, meaning=Fixed(period(length.amount, length.unit), "SET"))


def _qualified(piece: Piece, text: str, language: Language) -> Piece:
    match piece.meaning:
        case Length():
            qualifiers = language.amount_qualifiers
        case CalendarDate() | YearPart() | Shift():
            qualifiers = language.date_qualifiers
        case Fixed(temporal_type="DATE", value=value) if not value.endswith("_REF"):
            qualifiers = language.date_qualifiers
        case Fixed(temporal_type="DURATION"):
            qualifiers = language.amount_qualifiers
        case _:
            return piece
    # *Over the next four years* is no approximation.
    takes_article = language.articles and not isinstance(piece.meaning, Length)
    article = f"(?:(?:{language.articles}) )?" if takes_article else ""
    before = text[max(0, piece.start - 40) : piece.start]
    found = re.search(rf"(?<!\w)(?:{qualifiers})(?: {article}|-|)$", before, re.IGNORECASE)
    if not qualifiers or not found:
        return piece
    return replace(piece, start=piece.start - (len(before) - found.start()))
