"""Meanings ─▶ values: what a date without a year, a weekday or *last month* stands for.

Goes through the pieces of a text in order, because some count from the time that was last
mentioned. The rules are those of section 1.5 of `docs/annotation.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from stindex.rules.building import period
from stindex.rules.dates import calendar_date, holiday_value, year_part_value
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
    Timed,
    Week,
    YearPart,
)
from stindex.rules.shifts import shift_value
from stindex.rules.story import SECONDS_OF_DAY, Story
from stindex.rules.tense import tense_of
from stindex.temporal import parse


@dataclass(frozen=True, slots=True)
class Resolved:
    """A mention with its value; positions as in `Piece`."""

    start: int
    end: int
    value: str
    temporal_type: str


def resolve(
    pieces: Iterable[Piece], text: str, language: Language, today: int | None
) -> Iterator[Resolved]:
    """Yield the mentions of a text with their values; what is no date (30 February) is left out."""
    story = Story(today)
    for piece in pieces:
        story = _forgetting(story, text[story.year_at : piece.start])
        story = replace(story, tense=tense_of(text, piece.start, piece.end, language))
        found = _resolve(piece, story)
        if found is None:
            continue
        yield found
        if found.temporal_type in {"DATE", "DATETIME", "INTERVAL"}:
            story = story.after(found.value)
        named = _named_year(piece.meaning)
        if named is not None:
            alone = bool(re.fullmatch(r"-?[0-9]{4}", found.value))
            story = replace(story, year=named, year_at=piece.end, year_alone=alone)


def _forgetting(story: Story, since: str) -> Story:
    """Forget the year once its paragraph (its sentence, if it stood alone) is over."""
    over = "\n" in since or (story.year_alone and re.search(r"[.!?]\s", since))
    return replace(story, year=None) if over else story


def first_day(pieces: Iterable[Piece]) -> int | None:
    """The first day that is given in full: a dateline, where there is no reference date."""
    for piece in pieces:
        value = _value_of_date(piece.meaning, Story(None))
        if value and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return _first(value)
    return None


def _named_year(meaning: object) -> int | None:
    match meaning:
        case CalendarDate(year=int() as year) | YearPart(year=int() as year):
            return year
        case Moment(day=day):
            return _named_year(day)
        case Span(last=last):
            return _named_year(last)
        case Fixed(value=value) if found := re.match(r"([0-9]{4})-[0-9]{2}", value):
            return int(found[1])
        case _:
            return None


def _resolve(piece: Piece, story: Story) -> Resolved | None:
    start, meaning = piece.start, piece.meaning
    match meaning:
        case Fixed(value=value, temporal_type=kind):
            pass
        case Clock() | PartOfDay():
            value, kind = _time(meaning), "TIME"
        case Length():
            value, kind = period(meaning.amount, meaning.unit), "DURATION"
        case Moment():
            value, kind = _moment(meaning, story) or "", "DATETIME"
            if value.startswith("X"):
                kind = "SET"
            elif "/" in value:
                kind = "INTERVAL"
        case Span():
            value, kind = _span(meaning, story) or "", "INTERVAL"
        case _:
            value, kind = _value_of_date(meaning, story) or "", "DATE"
    if not value or parse(value).kind == "invalid":
        return None
    return Resolved(start, piece.end, value, kind)


# --- Times --------------------------------------------------------------------------------------


def _time(time: Timed) -> str:
    if isinstance(time, PartOfDay):
        return time.code
    hour = time.hour
    if time.half:
        hour = hour % 12 + (12 if time.half == "pm" else 0)
    second = "" if time.second is None else f":{time.second:02}"
    return f"T{hour:02}:{time.minute:02}{second}{time.zone}"


def _moment(moment: Moment, story: Story) -> str | None:
    if isinstance(moment.day, Fixed):
        day: str | None = moment.day.value.replace("P1D", "XXXX-XX-XX")
    else:
        day = _value_of_date(moment.day, story)
    if day is None:
        return None
    if not isinstance(moment.time, Span):
        return day + _time(moment.time)
    ends = moment.time.first, moment.time.last
    if not all(isinstance(end, Clock | PartOfDay) for end in ends) or day.startswith("X"):
        return None
    return "/".join(day + _time(end) for end in ends if isinstance(end, Clock | PartOfDay))


def _span(span: Span, story: Story) -> str | None:
    first, last = span.first, span.last
    if isinstance(first, Clock | PartOfDay) or isinstance(last, Clock | PartOfDay):
        return _time_span(first, last)
    if isinstance(first, CalendarDate) and isinstance(last, CalendarDate):
        first, last = _completed(first, last)
    begin = _value_of_date(first, story)
    if begin is None or (opened := _first(begin)) is None:
        return None
    # The end is the first such date from the beginning on, whatever the tense.
    ahead = replace(story.after(begin), today=opened, tense="future", year=None)
    end = _value_of_date(last, ahead)
    if end is None:
        return None
    return f"{begin}/{end}" if parse(f"{begin}/{end}").has_extent else None


def _time_span(first: object, last: object) -> str | None:
    if not (isinstance(first, Clock | PartOfDay) and isinstance(last, Clock | PartOfDay)):
        return None
    if isinstance(first, Clock) and isinstance(last, Clock):
        if last.half == "pm" and not first.half and first.hour < last.hour % 12:
            first = replace(first, half="pm")
        first = replace(first, zone=first.zone or last.zone)
    return f"{_time(first)}/{_time(last)}"


def _completed(first: CalendarDate, last: CalendarDate) -> tuple[CalendarDate, CalendarDate]:
    """The ends of an interval lend each other the year."""
    if first.year is None and first.month is not None and last.year is not None:
        turn = last.month is not None and first.month > last.month
        return replace(first, year=last.year - turn), last
    if last.year is None and last.month is not None and first.year is not None:
        turn = first.month is not None and first.month > last.month
        return first, replace(last, year=first.year + turn)
    return first, last


# --- Dates --------------------------------------------------------------------------------------


def _value_of_date(  # noqa: PLR0911 (a table of kinds)
    meaning: object, story: Story
) -> str | None:
    match meaning:
        case CalendarDate():
            return calendar_date(meaning, story)
        case Holiday():
            return holiday_value(meaning, story)
        case YearPart():
            return year_part_value(meaning, story)
        case Week():
            year = meaning.year or story.year_in_hand
            return None if year is None else f"{year:04}-W{meaning.number:02}"
        case Shift():
            return shift_value(meaning, story)
        case Moment():
            return _moment(meaning, story)
        case Fixed(value=value, temporal_type="DATE"):
            return value
        case _:
            return None


def _first(value: str) -> int | None:
    begin = parse(value).begin
    return None if begin is None else int(begin // SECONDS_OF_DAY)
