"""Dates that lack something (a year, all but the weekday) ─▶ values, as the story completes them.

A meaning and what was told before it go in, an ISO 8601 or TIMEX3 value comes out. The rules are
those of section 1.5 of `docs/annotation.md`.
"""

from __future__ import annotations

from stindex.rules.meaning import CalendarDate, Holiday, YearPart
from stindex.rules.story import Story
from stindex.rules.tense import Tense
from stindex.temporal.calendar import date_of, day_number, days_in_month, shift_months, weekday

_SEASON_MONTHS = {"SP": 3, "SU": 6, "FA": 9, "WI": 12}


def calendar_date(date: CalendarDate, story: Story) -> str | None:
    """Return a date of the calendar with what it lacks; None where there is no such day."""
    if date.month is None:
        return _weekday(date, story) if date.year is None else year_text(date.year)
    year = date.year
    if year is None:
        year = _missing_year(date, story)
    shown = "XXXX" if year is None else year_text(year)
    if date.day is None:
        return f"{shown}-{date.month:02}"
    if date.day > days_in_month(2000 if year is None else year, date.month):
        return None
    return f"{shown}-{date.month:02}-{date.day:02}"


def year_text(year: int) -> str:
    """Return an astronomical year as ISO 8601 writes it, in four digits or more."""
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
        return day_text(story.today - (back or 7))
    if date.direction == "next":
        return day_text(story.today + (ahead or 7))
    return day_text(story.today - back if story.tense == "past" else story.today + ahead)


def day_text(number: int) -> str:
    """Return the date of a day number."""
    year, month, day = date_of(number)
    return f"{year_text(year)}-{month:02}-{day:02}"


def holiday_value(holiday: Holiday, story: Story) -> str | None:
    """Return the date of a holiday that moves with Easter; None where no year is known."""
    year = holiday.year or story.year_in_hand
    if year is None:
        return None
    day = _easter(year) + holiday.offset
    if holiday.year is None and story.year is None and story.today is not None:
        if story.tense == "past" and day > story.today:
            day = _easter(year - 1) + holiday.offset
        elif story.tense == "future" and day < story.today:
            day = _easter(year + 1) + holiday.offset
    return day_text(day)


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


def year_part_value(part: YearPart, story: Story) -> str | None:
    """Return a season, half or quarter with its year, `XXXX` where none is known."""
    if part.year is not None:
        return f"{year_text(part.year)}-{part.code}"
    year = story.year_in_hand
    if year is None:
        return f"XXXX-{part.code}"
    told = story.year is not None and not part.direction
    if part.code in _SEASON_MONTHS and story.today is not None and not told:
        year = _season_year(part, story.today, story.tense)
    return f"{year_text(year)}-{part.code}"


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
