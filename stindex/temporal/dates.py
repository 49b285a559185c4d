"""ISO 8601 and TIMEX3 dates, from a day to a century ─▶ intervals of whole days.

Every form is a pattern and a function of its parts; the functions return None for a month 13 or a
30 February.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from stindex.temporal.calendar import (
    add_months,
    day_number,
    days_in_month,
    first_monday,
    is_leap,
    weeks_in_year,
)
from stindex.temporal.value import Granularity, Kind, TemporalValue

SECONDS_OF_DAY = 86_400
_YEAR = r"(?P<year>[0-9]{4}|[+-][0-9]{4,9}|BC(?!0000)[0-9]{4})"
_SEASONS = {"SP": 3, "SU": 6, "FA": 9, "AU": 9, "WI": 12}
_CONVENTIONS = frozenset({"season", "fiscal_year", "fiscal_half", "fiscal_quarter"})
_Span = tuple[int, int, Granularity]  # first day, day after the last, unit


def _months(year: int, month: int, count: int, unit: Granularity) -> _Span:
    end_year, end_month = add_months(year, month, count)
    return day_number(year, month), day_number(end_year, end_month), unit


def _year_of(text: str) -> int:
    """The astronomical year: 44 BCE is -43."""
    return 1 - int(text[2:]) if text.startswith("BC") else int(text)


def _year(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 1, 12, "year")


def _fiscal_year(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 1, 12, "fiscal_year")


def _fiscal_quarter(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 3 * int(part["quarter"]) - 2, 3, "fiscal_quarter")


def _fiscal_half(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 6 * int(part["half"]) - 5, 6, "fiscal_half")


def _month(part: Mapping[str, str]) -> _Span | None:
    month = int(part["month"])
    return _months(_year_of(part["year"]), month, 1, "month") if 1 <= month <= 12 else None


def _day(part: Mapping[str, str]) -> _Span | None:
    year, month, day = _year_of(part["year"]), int(part["month"]), int(part["day"])
    if not (1 <= month <= 12 and 1 <= day <= days_in_month(year, month)):
        return None
    first = day_number(year, month, day)
    return first, first + 1, "day"


def _ordinal(part: Mapping[str, str]) -> _Span | None:
    year, ordinal = _year_of(part["year"]), int(part["ordinal"])
    if not 1 <= ordinal <= 365 + is_leap(year):
        return None
    first = day_number(year) + ordinal - 1
    return first, first + 1, "day"


def _monday(part: Mapping[str, str]) -> int | None:
    year, week = _year_of(part["year"]), int(part["week"])
    return first_monday(year) + 7 * (week - 1) if 1 <= week <= weeks_in_year(year) else None


def _week(part: Mapping[str, str]) -> _Span | None:
    monday = _monday(part)
    return None if monday is None else (monday, monday + 7, "week")


def _weekend(part: Mapping[str, str]) -> _Span | None:
    monday = _monday(part)
    return None if monday is None else (monday + 5, monday + 7, "weekend")


def _weekday(part: Mapping[str, str]) -> _Span | None:
    monday, day = _monday(part), int(part["weekday"])
    return None if monday is None else (monday + day - 1, monday + day, "day")


def _quarter(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 3 * int(part["quarter"]) - 2, 3, "quarter")


def _half(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), 6 * int(part["half"]) - 5, 6, "half")


def _season(part: Mapping[str, str]) -> _Span | None:
    return _months(_year_of(part["year"]), _SEASONS[part["season"]], 3, "season")


def _decade(part: Mapping[str, str]) -> _Span | None:
    return _months(int(part["decade"]) * 10, 1, 120, "decade")


def _century(part: Mapping[str, str]) -> _Span | None:
    return _months(int(part["century"]) * 100, 1, 1200, "century")


def _decade_before_christ(part: Mapping[str, str]) -> _Span | None:
    # BC004 stands for the years BC0049 to BC0040.
    return _months(1 - int(part["decade"]) * 10 - 9, 1, 120, "decade")


def _century_before_christ(part: Mapping[str, str]) -> _Span | None:
    # BC04 is the fifth century BC, -0499/-0400: counted like the years of ISO 8601.
    return _months(-int(part["century"]) * 100 - 99, 1, 1200, "century")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[Mapping[str, str]], _Span | None]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (rf"{_YEAR}-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})", _day),
        (rf"{_YEAR}(-XX(-XX)?)?", _year),
        (rf"{_YEAR}-(?P<month>[0-9]{{2}})(-XX)?", _month),
        (r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})", _day),
        (rf"{_YEAR}-(?P<ordinal>[0-9]{{3}})", _ordinal),
        (r"(?P<year>[0-9]{4})(?P<ordinal>[0-9]{3})", _ordinal),
        (rf"{_YEAR}-?W(?P<week>[0-9]{{2}})(-XX?)?", _week),
        (rf"{_YEAR}-W(?P<week>[0-9]{{2}})-WE", _weekend),
        (rf"{_YEAR}-W(?P<week>[0-9]{{2}})-(?P<weekday>[1-7])", _weekday),
        (rf"{_YEAR}W(?P<week>[0-9]{{2}})(?P<weekday>[1-7])", _weekday),
        (rf"{_YEAR}-?Q(?P<quarter>[1-4])", _quarter),
        (rf"{_YEAR}-?H(?P<half>[12])", _half),
        (rf"{_YEAR}-?(?P<season>SP|SU|FA|AU|WI)", _season),
        (rf"FY{_YEAR}", _fiscal_year),
        (rf"FY{_YEAR}-?Q(?P<quarter>[1-4])", _fiscal_quarter),
        (rf"FY{_YEAR}-?H(?P<half>[12])", _fiscal_half),
        (r"(?P<decade>[0-9]{3})X?", _decade),
        (r"(?P<century>[0-9]{2})(XX)?", _century),
        (r"BC(?P<decade>[0-9]{3})X?", _decade_before_christ),
        (r"BC(?P<century>[0-9]{2})(XX)?", _century_before_christ),
    )
)


def read_date(text: str) -> TemporalValue | None:
    """Return the interval of whole days that a date string denotes, or None."""
    for pattern, read in _FORMS:
        if found := pattern.fullmatch(text):
            span = read(found.groupdict())
            return None if span is None else _value(text, span)
    return None


def _value(text: str, span: _Span) -> TemporalValue:
    first, last, unit = span
    return TemporalValue(
        text,
        Kind.DATE,
        Fraction(first * SECONDS_OF_DAY),
        Fraction(last * SECONDS_OF_DAY),
        unit,
        # Seasons begin where one lives, fiscal years where the firm says.
        approximate=unit in _CONVENTIONS,
    )
