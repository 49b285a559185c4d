"""Steps in time (*last month*, *three days later*) ─▶ values.

A shift and what it counts from go in, a value as coarse as its unit comes out.
"""

from __future__ import annotations

from fractions import Fraction

from stindex.rules.dates import day_text, year_text
from stindex.rules.meaning import Shift
from stindex.rules.story import Story
from stindex.temporal.calendar import add_months, date_of, iso_week, weekday

_MONTHS_OF_UNIT = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200,
                   "millennium": 12_000}  # fmt: skip
_DAYS_OF_UNIT = {"day": 1, "week": 7, "fortnight": 14}


def shift_value(shift: Shift, story: Story) -> str | None:  # noqa: PLR0911 (a table of units)
    """Return where a step leads; a reference to the past or the future where it has no length."""
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
    return day_text(anchor)  # hours and minutes, of which the anchor says nothing


def _unanchored(shift: Shift) -> str:
    if shift.unit in {"week", "fortnight", "weekend"}:
        return "XXXX-WXX"
    return {"day": "XXXX-XX-XX", "month": "XXXX-XX"}.get(shift.unit, "XXXX")


def _shift_days(shift: Shift, amount: Fraction, anchor: int) -> str:
    days = round(amount * _DAYS_OF_UNIT[shift.unit])
    if shift.counted or shift.unit == "day":
        return day_text(anchor + days)
    year, week, _ = iso_week(anchor + days)
    return f"{year_text(year)}-W{week:02}"


def _weekend(amount: Fraction, anchor: int) -> str:
    """Last: the latest that is over; this and next: the nearest that has not begun."""
    monday = anchor - weekday(anchor) + 1
    if amount < 0:
        monday -= 7
    elif weekday(anchor) >= 6 and amount > 0:
        monday += 7
    year, week, _ = iso_week(monday)
    return f"{year_text(year)}-W{week:02}-WE"


def _shift_months(shift: Shift, amount: Fraction, anchor: int) -> str:
    months = amount * _MONTHS_OF_UNIT[shift.unit]
    year, month, _ = date_of(anchor)
    year, month = add_months(year, month, round(months))
    if shift.unit == "month" or months.denominator != 1 or months % 12 % 3:
        return f"{year_text(year)}-{month:02}"
    if shift.unit == "quarter":
        return f"{year_text(year)}-Q{(month + 2) // 3}"
    if months % 12:
        return f"{year_text(year)}-{month:02}"
    return _truncated(year, shift)


def _truncated(year: int, shift: Shift) -> str:
    if shift.counted or shift.unit in {"year", "millennium"} or year < 0:
        return year_text(year)
    return f"{year // 10:03}" if shift.unit == "decade" else f"{year // 100:02}"
