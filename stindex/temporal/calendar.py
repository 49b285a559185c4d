"""Arithmetic of the proleptic Gregorian calendar, for any year, BCE included.

Python's `datetime` begins with year 1; here years are astronomical (0 is 1 BCE) and a day is its
distance from 1970-01-01. Years, months and days go in, day numbers come out, and back.
"""

from __future__ import annotations

_DAYS_BEFORE_MONTH = (0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_FROM_YEAR_0_TO_1970 = 719_528


def is_leap(year: int) -> bool:
    """Whether the astronomical year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Number of days of a month (1 to 12)."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """Days from 1970-01-01 to the given date; negative before it."""
    leaps = (year + 3) // 4 - (year + 99) // 100 + (year + 399) // 400
    after_leap_day = month > 2 and is_leap(year)
    within = _DAYS_BEFORE_MONTH[month] + after_leap_day + day - 1
    return 365 * year + leaps + within - _DAYS_FROM_YEAR_0_TO_1970


def date_of(number: int) -> tuple[int, int, int]:
    """Year, month and day of a day number; the inverse of `day_number`."""
    # A mean year is 365.2425 days: the guess is at most one year off.
    year = (number + _DAYS_FROM_YEAR_0_TO_1970) * 400 // 146_097
    while day_number(year) > number:
        year -= 1
    while day_number(year + 1) <= number:
        year += 1
    month = 12
    while day_number(year, month) > number:
        month -= 1
    return year, month, number - day_number(year, month) + 1


def weekday(number: int) -> int:
    """ISO weekday of a day number, 1 (Monday) to 7."""
    return (number + 3) % 7 + 1  # 1970-01-01 was a Thursday


def first_monday(year: int) -> int:
    """Day number of the Monday of ISO week 1, the week that holds 4 January."""
    fourth = day_number(year, 1, 4)
    return fourth - weekday(fourth) + 1


def weeks_in_year(year: int) -> int:
    """52 or 53, the number of ISO weeks of a year."""
    return (first_monday(year + 1) - first_monday(year)) // 7


def iso_week(number: int) -> tuple[int, int, int]:
    """ISO year, week (1 to 53) and weekday (1 to 7) of a day number."""
    year = date_of(number)[0]
    if number >= first_monday(year + 1):
        year += 1
    elif number < first_monday(year):
        year -= 1
    return year, (number - first_monday(year)) // 7 + 1, weekday(number)


def add_months(year: int, month: int, months: int) -> tuple[int, int]:
    """The month that lies `months` after the given one."""
    total = year * 12 + month - 1 + months
    return total // 12, total % 12 + 1


def shift_months(number: int, months: int) -> int:
    """The day `months` later; a day that the month lacks becomes its last day."""
    year, month, day = date_of(number)
    year, month = add_months(year, month, months)
    return day_number(year, month, min(day, days_in_month(year, month)))
