"""Meanings ─▶ values: what a date without a year, a weekday or *last month* stands for.

Goes through the pieces of a text in order, because some count from the time that was last
mentioned. The rules are those of section 1.5 of `docs/annotation.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

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
    Timed,
    Week,
    YearPart,
)
from stindex.rules.tense import Tense, tense_of
from stindex.temporal import parse
from stindex.temporal.calendar import (
    add_months,
    date_of,
    day_number,
    days_in_month,
    iso_week,
    shift_months,
    weekday,
)

_SECONDS_OF_DAY = 86_400
_RANKS = {"day": 0, "weekend": 1, "week": 1, "month": 2, "quarter": 2, "season": 2, "half": 2}
_RANK_OF_UNIT = {"day": 0, "week": 1, "weekend": 1, "fortnight": 1, "month": 2, "quarter": 2}
_MONTHS_OF_UNIT = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200,
                   "millennium": 12_000}  # fmt: skip
_DAYS_OF_UNIT = {"day": 1, "week": 7, "fortnight": 14}
_SEASON_MONTHS = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A mention with its value; positions as in `Piece`."""

    start: int
    end: int
    value: str
    temporal_type: str


@dataclass(frozen=True, slots=True)
class Story:
    """What relative expressions count from.

    Attributes:
        today: day number of the reference date; None where there is none.
        mentioned: day numbers of the times last mentioned, at least as fine as a day, a week, a
            month, a year.
        year: the year last named.
        year_at: where that was, in code points.
        year_alone: it was named without a month; then it holds for its sentence, otherwise for
            its paragraph.
        tense: of the sentence at hand.
    """

    today: int | None
    mentioned: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    year: int | None = None
    year_at: int = 0
    year_alone: bool = False
    tense: Tense = "future"

    def anchor(self, unit: str) -> int | None:
        """The time last mentioned that is fine enough for a unit, or else today."""
        found = self.mentioned[_RANK_OF_UNIT.get(unit, 3)]
        return self.today if found is None else found

    def after(self, value: str) -> Story:
        """The story once a date with this value was mentioned."""
        parsed = parse(value)
        if parsed.begin is None or parsed.of_day:
            return self
        day = int(parsed.begin // _SECONDS_OF_DAY)
        finest = _RANKS.get(parsed.granularity, 0 if "T" in value else 3)
        kept = [day if rank >= finest else old for rank, old in enumerate(self.mentioned)]
        return replace(self, mentioned=(kept[0], kept[1], kept[2], kept[3]))


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
            return _calendar_date(meaning, story)
        case Holiday():
            return _holiday(meaning, story)
        case YearPart():
            return _year_part(meaning, story)
        case Week():
            year = meaning.year or _year_of_story(story)
            return None if year is None else f"{year:04}-W{meaning.number:02}"
        case Shift():
            return _shift(meaning, story)
        case Moment():
            return _moment(meaning, story)
        case Fixed(value=value, temporal_type="DATE"):
            return value
        case _:
            return None


def _calendar_date(date: CalendarDate, story: Story) -> str | None:
    if date.month is None:
        return _weekday(date, story) if date.year is None else _year_text(date.year)
    year = date.year
    if year is None:
        year = _missing_year(date, story)
    shown = "XXXX" if year is None else _year_text(year)
    if date.day is None:
        return f"{shown}-{date.month:02}"
    if date.day > days_in_month(2000 if year is None else year, date.month):
        return None
    return f"{shown}-{date.month:02}-{date.day:02}"


def _year_text(year: int) -> str:
    return f"{year:04}" if year >= 0 else f"-{-year:04}"


def _missing_year(date: CalendarDate, story: Story) -> int | None:
    """The year last named in the paragraph; otherwise what the tense and today say."""
    month = date.month or 1
    if date.direction and story.today is not None:
        return _directed_month_year(month, date.direction, story.today)
    if story.year is not None:
        return story.year
    if story.today is None:
        return None
    year, this_month, today = date_of(story.today)
    said = (month, date.day or (today if month == this_month else 1))
    if story.tense == "past":
        return year if said <= (this_month, today) else year - 1
    return year if said >= (this_month, today) else year + 1


def _directed_month_year(month: int, direction: str, today: int) -> int:
    year, this_month, _ = date_of(today)
    if direction == "last":
        return year if month < this_month else year - 1
    if direction == "next":
        return year if month > this_month else year + 1
    return year


def _weekday(date: CalendarDate, story: Story) -> str | None:
    wanted = date.weekday
    if wanted is None:
        return None
    if story.today is None:
        return f"XXXX-WXX-{wanted}"
    ahead = (wanted - weekday(story.today)) % 7
    back = (weekday(story.today) - wanted) % 7
    if date.direction == "last":
        return _day_text(story.today - (back or 7))
    if date.direction == "next":
        return _day_text(story.today + (ahead or 7))
    return _day_text(story.today - back if story.tense == "past" else story.today + ahead)


def _day_text(number: int) -> str:
    year, month, day = date_of(number)
    return f"{_year_text(year)}-{month:02}-{day:02}"


def _holiday(holiday: Holiday, story: Story) -> str | None:
    year = holiday.year or _year_of_story(story)
    if year is None:
        return None
    day = _easter(year) + holiday.offset
    if holiday.year is None and story.year is None and story.today is not None:
        if story.tense == "past" and day > story.today:
            day = _easter(year - 1) + holiday.offset
        elif story.tense == "future" and day < story.today:
            day = _easter(year + 1) + holiday.offset
    return _day_text(day)


def _easter(year: int) -> int:
    """Day number of Easter Sunday (the anonymous Gregorian computus, Meeus 1991)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return day_number(year, month, day + 1)


def _year_of_story(story: Story) -> int | None:
    if story.year is not None or story.today is None:
        return story.year
    return date_of(story.today)[0]


def _year_part(part: YearPart, story: Story) -> str | None:
    if part.year is not None:
        return f"{_year_text(part.year)}-{part.code}"
    year = _year_of_story(story)
    if year is None:
        return f"XXXX-{part.code}"
    told = story.year is not None and not part.direction
    if part.code in _SEASON_MONTHS and story.today is not None and not told:
        year = _season_year(part, story.today, story.tense)
    return f"{_year_text(year)}-{part.code}"


def _season_year(part: YearPart, today: int, tense: Tense) -> int:
    """The year in which the season began or begins that is over, running or to come."""
    this_year = date_of(today)[0]
    begins = {
        year: day_number(year, _SEASON_MONTHS[part.code])
        for year in range(this_year - 2, this_year + 3)
    }
    ends = {year: shift_months(day, 3) for year, day in begins.items()}
    over = max(year for year, end in ends.items() if end <= today)
    ahead = min(year for year, begin in begins.items() if begin > today)
    running = [year for year in begins if begins[year] <= today < ends[year]]
    if part.direction == "last":
        return over
    if part.direction == "next":
        return ahead
    if running:
        return running[0]
    if part.direction == "this":
        return min(ahead, this_year) if ahead > this_year else ahead
    return over if tense == "past" else ahead


# --- Shifts -------------------------------------------------------------------------------------


def _shift(shift: Shift, story: Story) -> str | None:  # noqa: PLR0911 (a table of units)
    if shift.amount is None:
        return "PAST_REF" if shift.past else "FUTURE_REF"
    if shift.amount * _MONTHS_OF_UNIT.get(shift.unit, 0) <= -12_000:
        return "PAST_REF"
    anchor = story.anchor(shift.unit) if shift.mentioned else story.today
    if anchor is None:
        return _unanchored(shift)
    if shift.unit in _DAYS_OF_UNIT:
        return _shift_days(shift, shift.amount, anchor)
    if shift.unit == "weekend":
        return _weekend(shift.amount, anchor)
    if shift.unit in _MONTHS_OF_UNIT:
        return _shift_months(shift, shift.amount, anchor)
    return _day_text(anchor)  # hours and minutes, of which the anchor says nothing


def _unanchored(shift: Shift) -> str:
    if shift.unit in {"week", "fortnight", "weekend"}:
        return "XXXX-WXX"
    return {"day": "XXXX-XX-XX", "month": "XXXX-XX"}.get(shift.unit, "XXXX")


def _shift_days(shift: Shift, amount: Fraction, anchor: int) -> str:
    days = round(amount * _DAYS_OF_UNIT[shift.unit])
    if shift.counted or shift.unit == "day":
        return _day_text(anchor + days)
    year, week, _ = iso_week(anchor + days)
    return f"{_year_text(year)}-W{week:02}"


def _weekend(amount: Fraction, anchor: int) -> str:
    """Last: the latest that is over; this and next: the nearest that has not begun."""
    monday = anchor - weekday(anchor) + 1
    if amount < 0:
        monday -= 7
    elif weekday(anchor) >= 6 and amount > 0:
        monday += 7
    year, week, _ = iso_week(monday)
    return f"{_year_text(year)}-W{week:02}-WE"


def _shift_months(shift: Shift, amount: Fraction, anchor: int) -> str:
    months = amount * _MONTHS_OF_UNIT[shift.unit]
    year, month, _ = date_of(anchor)
    year, month = add_months(year, month, round(months))
    if shift.unit == "month" or months.denominator != 1 or months % 12 % 3:
        return f"{_year_text(year)}-{month:02}"
    if shift.unit == "quarter":
        return f"{_year_text(year)}-Q{(month + 2) // 3}"
    if months % 12:
        return f"{_year_text(year)}-{month:02}"
    return _truncated(year, shift)


def _truncated(year: int, shift: Shift) -> str:
    if shift.counted or shift.unit in {"year", "millennium"} or year < 0:
        return _year_text(year)
    return f"{year // 10:03}" if shift.unit == "decade" else f"{year // 100:02}"


def _first(value: str) -> int | None:
    begin = parse(value).begin
    return None if begin is None else int(begin // _SECONDS_OF_DAY)
