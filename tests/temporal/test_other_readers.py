"""Values read by two other libraries, `isodate` and `aniso8601`, wherever these are right.

They know days and moments, no granularity: beginnings of dates and times, whole intervals and
lengths are compared. Where one of them is wrong, a test here says in what.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import aniso8601  # type: ignore[import-untyped]  # it has no types
import isodate  # type: ignore[import-untyped]  # it has no types
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stindex.temporal import Kind, parse

pytestmark = pytest.mark.slow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(moment: date) -> Fraction:
    """Return seconds since 1970, of a day or of a moment, in UTC or local."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    passed = moment - _EPOCH
    return Fraction(passed.days * 86_400 + passed.seconds) + Fraction(passed.microseconds, 10**6)


def _ordinal(day: date) -> str:
    return day.strftime("%Y-%j")


def _of_week(day: date) -> str:
    year, week, weekday = day.isocalendar()
    return f"{year:04}-W{week:02}-{weekday}"


Form = Callable[[date], str]
DAYS = st.dates(date(1000, 1, 10), date(9999, 12, 1))
FORMS = st.sampled_from([date.isoformat, _ordinal, _of_week, lambda day: day.strftime("%Y%m%d")])


@given(DAYS, FORMS)
def test_days_by_date_ordinal_and_week_are_those_of_both(day: date, form: Form) -> None:
    text = form(day)
    found = parse(text)
    assert found.begin == seconds(isodate.parse_date(text)) == seconds(aniso8601.parse_date(text))
    assert found.end == found.begin + 86_400


@given(DAYS, st.booleans())
def test_weeks_begin_where_both_say(day: date, basic: bool) -> None:
    text = _of_week(day)[:8].replace("-", "" if basic else "-")
    found = parse(text)
    assert found.begin == seconds(isodate.parse_date(text)) == seconds(aniso8601.parse_date(text))
    assert found.end == found.begin + 7 * 86_400


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 (local time)
    st.sampled_from(["", "Z", "+02:00", "-05:30", "+0200", "+02"]),
    st.sampled_from(["hours", "minutes", "seconds", "milliseconds"]),
)
def test_moments_with_zone_and_without_are_those_of_both(
    moment: datetime, zone: str, precision: str
) -> None:
    text = moment.isoformat(timespec=precision) + zone
    assume(not (zone == "+0200" and ":" in text))
    found = parse(text).begin
    assert found == seconds(isodate.parse_datetime(text))
    assert found == seconds(aniso8601.parse_datetime(text))


@given(DAYS, st.integers(0, 3000), st.sampled_from(["/", "--"]))
def test_intervals_of_two_days_are_those_of_aniso8601(day: date, days: int, mark: str) -> None:
    text = f"{day}{mark}{min(day + timedelta(days), date(9999, 12, 2))}"
    begin, end = aniso8601.parse_interval(text, mark)
    # A last day is included here, and is a moment (its midnight) there.
    assert (parse(text).begin, parse(text).end) == (seconds(begin), seconds(end) + 86_400)


@given(DAYS.filter(lambda day: day.year < 9990), st.integers(1, 3000), FORMS)
def test_intervals_of_a_day_and_a_length_are_those_of_aniso8601(
    day: date, days: int, form: Form
) -> None:
    text = f"{form(day)}/P{days}D"
    begin, end = aniso8601.parse_interval(text)
    assert (parse(text).begin, parse(text).end) == (seconds(begin), seconds(end))


def test_aniso8601_does_not_read_an_interval_of_two_ordinal_dates() -> None:
    """It takes the second for the rest of a date, and refuses what comes of it."""
    with pytest.raises(ValueError, match="is not a valid ISO 8601 date"):
        aniso8601.parse_interval("2022-074/2022-080")
    assert parse("2022-074/2022-080").kind is Kind.INTERVAL


@given(DAYS.filter(lambda day: day.year < 9990), st.integers(0, 3000))
def test_intervals_of_week_dates_are_those_of_aniso8601(day: date, days: int) -> None:
    text = f"{_of_week(day)}/{_of_week(day + timedelta(days))}"
    begin, end = aniso8601.parse_interval(text)
    assert (parse(text).begin, parse(text).end) == (seconds(begin), seconds(end) + 86_400)


CLOCK = st.times().map(lambda time: time.strftime("%H:%M"))


@given(DAYS, CLOCK, CLOCK, st.sampled_from(["", "Z", "+02:00"]))
def test_intervals_of_times_are_those_of_aniso8601(
    day: date, first: str, last: str, zone: str
) -> None:
    assume(first < last)
    whole = f"{day}T{first}{zone}/{day}T{last}{zone}"
    begin, end = aniso8601.parse_interval(whole)
    for text in (whole, f"{day}T{first}{zone}/T{last}", f"{day}T{first}{zone}/{last}{zone}"):
        found = parse(text)
        assert found.kind is Kind.INTERVAL, text
        assert (found.begin, found.end) == (seconds(begin), seconds(end)), text


@pytest.mark.parametrize(
    "text",
    [
        "PT36H/2022-03-15T12:00",
        "P2W/2022-03-15T00:00",
        "2022-03-15T10:00/PT2H30M",
        "2022-03-15T10:00:00Z/P10DT2H30M",
        "2022-03-15T10:00+02:00/PT36H",
        "20220315T100000Z/PT1H",
        "PT36H/2022-03-15T12:00-05:00",
    ],
)
def test_intervals_with_a_length_on_either_side_are_those_of_aniso8601(text: str) -> None:
    begin, end = sorted(aniso8601.parse_interval(text))
    found = parse(text)
    assert (found.begin, found.end) == (seconds(begin), seconds(end))


@given(st.integers(1, 9), DAYS.filter(lambda day: day.year < 9000), st.integers(1, 40))
def test_repeated_intervals_are_those_of_aniso8601(times: int, day: date, days: int) -> None:
    text = f"R{times}/{day}/P{days}D"
    found = parse(text)
    begin, end = aniso8601.parse_interval(text.partition("/")[2])
    assert (found.kind, found.count) == (Kind.SET, times)
    assert times == len(list(aniso8601.parse_repeating_interval(text)))
    assert found.repeated is not None
    assert (found.repeated.begin, found.repeated.end) == (seconds(begin), seconds(end))


AMOUNT = st.integers(0, 500)


@given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, AMOUNT)
def test_lengths_of_days_and_less_are_those_of_both(w: int, d: int, h: int, m: int, s: int) -> None:
    text = f"P{d}DT{h}H{m}M{s}.5S" if w % 2 else f"P{w}W"
    found = parse(text).duration
    assert found is not None
    assert found.seconds == Fraction(isodate.parse_duration(text).total_seconds())
    assert found.seconds == Fraction(aniso8601.parse_duration(text).total_seconds())


@given(AMOUNT, AMOUNT)
def test_years_and_months_are_those_of_isodate(years: int, months: int) -> None:
    assume(years + months > 0)
    found = parse(f"P{years}Y{months}M").duration
    theirs = isodate.parse_duration(f"P{years}Y{months}M")
    assert found is not None
    assert found.months == int(theirs.years) * 12 + int(theirs.months)


@pytest.mark.parametrize(("text", "theirs"), [("P1M", timedelta(30)), ("P1Y", timedelta(365))])
def test_aniso8601_is_wrong_about_months_and_years(text: str, theirs: timedelta) -> None:
    """It takes a month for 30 days, a year for 365; neither is said by ISO 8601."""
    assert aniso8601.parse_duration(text) == theirs
    found = parse(text).duration
    assert found is not None
    assert found.months > 0
    assert found.seconds == 0


def test_both_lose_the_granularity_that_is_kept_here() -> None:
    for text in ("2022", "2022-01"):
        assert isodate.parse_date(text) == aniso8601.parse_date(text) == date(2022, 1, 1)
    assert [parse(text).granularity for text in ("2022", "2022-01")] == ["year", "month"]


def test_isodate_is_wrong_about_weeks_that_a_year_does_not_have() -> None:
    """2021 has 52 weeks; isodate goes on counting."""
    assert isodate.parse_date("2021-W53-1") == date(2022, 1, 3)
    assert parse("2021-W53-1").kind is Kind.INVALID
