"""The calendar arithmetic against Python's datetime, and beyond its years."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stindex.temporal import calendar

_EPOCH = date(1970, 1, 1)


@given(st.dates())
def test_day_numbers_weekdays_and_weeks_are_those_of_datetime(day: date) -> None:
    number = (day - _EPOCH).days
    assert calendar.day_number(day.year, day.month, day.day) == number
    assert calendar.date_of(number) == (day.year, day.month, day.day)
    assert calendar.iso_week(number) == tuple(day.isocalendar())


@given(st.integers(-(10**9), 10**9))
def test_every_day_number_is_a_date_and_comes_back(number: int) -> None:
    year, month, day = calendar.date_of(number)
    assert 1 <= day <= calendar.days_in_month(year, month)
    assert calendar.day_number(year, month, day) == number


def test_the_year_before_year_1_is_the_leap_year_0() -> None:
    assert calendar.is_leap(0)
    assert calendar.day_number(0, 12, 31) + 1 == calendar.day_number(1, 1, 1)
    assert calendar.day_number(1) - calendar.day_number(0) == 366


def test_years_have_53_weeks_where_datetime_says_so() -> None:
    for year in range(1900, 2100):
        last = (date(year + 1, 1, 4) - timedelta(days=7)).isocalendar().week
        assert calendar.weeks_in_year(year) == last


def test_a_month_later_than_31_january_is_the_last_of_february() -> None:
    number = calendar.day_number(2024, 1, 31)
    assert calendar.date_of(calendar.shift_months(number, 1)) == (2024, 2, 29)
    assert calendar.date_of(calendar.shift_months(number, -2)) == (2023, 11, 30)
