"""What `parse` reads: the cases of `iso_values.json`, TIMEX3, intervals, and what is no value.

The JSON holds values computed with Python's datetime.
"""

import json
import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.temporal import Kind, parse
from stindex.temporal.calendar import date_of

_CASES: dict[str, Any] = json.loads(
    Path(__file__).with_name("iso_values.json").read_text(encoding="utf-8")
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the values have no zone
_DIRTY = {"PM6", "PY5", "03-02-2009"}  # typing errors in a published corpus


def _bounds(value: str) -> tuple[datetime, datetime]:
    parsed = parse(value)
    assert parsed.begin is not None
    assert parsed.end is not None
    return (
        _EPOCH + timedelta(seconds=float(parsed.begin)),
        _EPOCH + timedelta(seconds=float(parsed.end)),
    )


def _day_bounds(value: str) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    parsed = parse(value)
    assert parsed.begin is not None
    assert parsed.end is not None
    return date_of(int(parsed.begin // 86_400)), date_of(int(parsed.end // 86_400))


@pytest.mark.parametrize("case", _CASES["values"], ids=lambda case: case["value"])
def test_value_has_the_interval_and_granularity_that_datetime_gives(case: dict[str, str]) -> None:
    expected = datetime.fromisoformat(case["begin"]), datetime.fromisoformat(case["end"])
    assert _bounds(case["value"]) == expected
    assert parse(case["value"]).granularity == case["granularity"]


@pytest.mark.parametrize("value", _CASES["invalid_iso"])
def test_malformed_value_is_invalid(value: str) -> None:
    assert parse(value).kind is Kind.INVALID


@pytest.mark.parametrize(
    "value",
    [*_CASES["opaque"], "PTXH", "PXY", "XXXX-XX-XX", "XXXX-03-05", "XXXX-XX-XXT09:00", "P2WE",
     "XXXX-WXX-WE", "XXXX-XX-XXTMO", "XXXX-WXX-2T09:00", "XXXX-03"],
)  # fmt: skip
def test_timex3_value_without_an_extent_is_opaque(value: str) -> None:
    assert parse(value).kind is Kind.OPAQUE


@given(st.dates())
def test_week_and_ordinal_dates_are_those_of_datetime(day: date) -> None:
    calendar_date = parse(day.isoformat())
    year, week, weekday = day.isocalendar()
    if 1 <= year <= 9999:
        assert date.fromisocalendar(year, week, weekday) == day
        assert parse(f"{year:04}-W{week:02}-{weekday}").begin == calendar_date.begin
        assert parse(f"{year:04}W{week:02}{weekday}").end == calendar_date.end
    ordinal = day.timetuple().tm_yday
    assert parse(f"{day.year:04}-{ordinal:03}").begin == calendar_date.begin
    assert parse(f"{day.year:04}{ordinal:03}").end == calendar_date.end


@pytest.mark.parametrize(
    ("value", "first", "after"),
    [
        ("-0043", (-43, 1, 1), (-42, 1, 1)),
        ("BC0044", (-43, 1, 1), (-42, 1, 1)),
        ("-0043-03-15", (-43, 3, 15), (-43, 3, 16)),
        ("BC0044-03-15", (-43, 3, 15), (-43, 3, 16)),
        ("0000-02-29", (0, 2, 29), (0, 3, 1)),
        ("+012022-12", (12022, 12, 1), (12023, 1, 1)),
        ("-0499/-0400", (-499, 1, 1), (-399, 1, 1)),
        ("BC04", (-499, 1, 1), (-399, 1, 1)),
        ("BC004", (-48, 1, 1), (-38, 1, 1)),
        ("FY2013", (2013, 1, 1), (2014, 1, 1)),
        ("FY2013-Q1", (2013, 1, 1), (2013, 4, 1)),
        ("FY2013Q3", (2013, 7, 1), (2013, 10, 1)),
        ("FY2013-H1", (2013, 1, 1), (2013, 7, 1)),
        ("FY2013H2", (2013, 7, 1), (2014, 1, 1)),
        ("2013-SP", (2013, 3, 1), (2013, 6, 1)),
        ("2013-WI", (2013, 12, 1), (2014, 3, 1)),
        ("18", (1800, 1, 1), (1900, 1, 1)),
        ("2023/2024", (2023, 1, 1), (2025, 1, 1)),
        ("2022/24", (2022, 1, 1), (2025, 1, 1)),
        ("2022-03/05", (2022, 3, 1), (2022, 6, 1)),
        ("2022-03-15/04-02", (2022, 3, 15), (2022, 4, 3)),
        ("2022-W11/W13", (2022, 3, 14), (2022, 4, 4)),
        ("2022-W11/13", (2022, 3, 14), (2022, 4, 4)),
        ("2022-Q1/Q3", (2022, 1, 1), (2022, 10, 1)),
        ("P3D/2022-03-17", (2022, 3, 15), (2022, 3, 18)),
        ("P1M/2022-03", (2022, 3, 1), (2022, 4, 1)),
        ("2024-01-31/P1M", (2024, 1, 31), (2024, 2, 29)),
        ("2022/P1.5Y", (2022, 1, 1), (2023, 7, 1)),
    ],
)  # fmt: skip
def test_value_covers_whole_days(
    value: str, first: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    assert _day_bounds(value) == (first, after)


@pytest.mark.parametrize(
    ("value", "begin", "end"),
    [
        ("2022-03-15T14:30Z", "2022-03-15T14:30", "2022-03-15T14:31"),
        ("2022-03-15T14:30+02:00", "2022-03-15T12:30", "2022-03-15T12:31"),
        ("2022-03-15T14:30+05:45", "2022-03-15T08:45", "2022-03-15T08:46"),
        ("2022-03-15T14:30-0330", "2022-03-15T18:00", "2022-03-15T18:01"),
        ("2022-03-15T14:30:15.5Z", "2022-03-15T14:30:15.5", "2022-03-15T14:30:15.6"),
        ("2022-03-15T14,5", "2022-03-15T14:30", "2022-03-15T14:36"),
        ("20220315T143000", "2022-03-15T14:30", "2022-03-15T14:30:01"),
        ("2022-03-15t14:30z", "2022-03-15T14:30", "2022-03-15T14:31"),
        ("2022-W11-2T14", "2022-03-15T14:00", "2022-03-15T15:00"),
        ("2022-074 14:30", "2022-03-15T14:30", "2022-03-15T14:31"),
        ("2022-03-15TMO", "2022-03-15T06:00", "2022-03-15T12:00"),
        ("2022-03-15TNI", "2022-03-15T20:00", "2022-03-16T06:00"),
        ("2022-03-15T23:00/T01:00", "", ""),
        ("2022-03-15T22:00/2022-03-16T01:00", "2022-03-15T22:00", "2022-03-16T01:00"),
        ("2022-03-15T13:30/15:30", "2022-03-15T13:30", "2022-03-15T15:30"),
        ("2022-03-15T13:30/T15:30", "2022-03-15T13:30", "2022-03-15T15:30"),
        ("2022-03-15T13:30/16T09:00", "2022-03-15T13:30", "2022-03-16T09:00"),
        ("2022-03-15T13:30+01:00/15:30", "2022-03-15T12:30", "2022-03-15T14:30"),
        ("2022-03-15T13:30/PT90M", "2022-03-15T13:30", "2022-03-15T15:00"),
    ],
)
def test_value_covers_hours_and_minutes(value: str, begin: str, end: str) -> None:
    if not begin:
        assert parse(value).kind is Kind.INVALID
        return
    assert _bounds(value) == (datetime.fromisoformat(begin), datetime.fromisoformat(end))


def test_time_without_a_day_lies_in_an_unspecified_day() -> None:
    for value in ("T14:30", "14:30", "T1430"):
        time = parse(value)
        assert time.kind is Kind.TIME
        assert time.begin == 52_200
        assert time.of_day
    shift = parse("T22:00/T06:00")
    assert shift.begin == 79_200
    assert shift.end == 108_000


def test_repetition_keeps_its_count_and_what_is_repeated() -> None:
    daily, five = parse("R/P1D"), parse("R5/2022-01-03/P1W")
    assert daily.kind is Kind.SET
    assert daily.count is None
    assert daily.repeated == parse("P1D")
    assert five.count == 5
    assert five.repeated == parse("2022-01-03/P1W")


@pytest.mark.parametrize(
    "value",
    ["", "/", "../..", "yesterday", "2022-03-15/2022-03-14", "2022-03-15T25:00", "R/", "R/R/P1D",
     "2022-03T10:00", "T14:60", "T14:30:61", "T24:01",
     "2022-00", "9" * 5000, "P" + "9" * 5000 + "D", "२०२२",
     "2022-03-15T10:00+99:00", "P1Y/P1M", "PXD/2022", "T09:00/2022", "2022-03-15/P0D"],
)  # fmt: skip
def test_what_is_no_value_is_invalid(value: str) -> None:
    assert parse(value).kind is Kind.INVALID


@pytest.mark.parametrize(
    ("value", "unit"),
    [("FY2013", "fiscal_year"), ("FY2013-Q1", "fiscal_quarter"), ("FY2013-H1", "fiscal_half")],
)
def test_a_part_of_a_fiscal_year_begins_where_the_firm_says(value: str, unit: str) -> None:
    assert (parse(value).granularity, parse(value).approximate) == (unit, True)


def test_a_length_may_be_written_like_a_date_and_a_clock() -> None:
    length = parse("P0003-06-04T12:30:05").duration
    assert length is not None
    assert length.months == 3 * 12 + 6
    assert length.seconds == 4 * 86_400 + 12 * 3_600 + 30 * 60 + 5
    assert parse("P00030604T123005").duration == length


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        ("20220315/20", "2022-03-15/2022-03-20"),
        ("20220315/0402", "2022-03-15/2022-04-02"),
        ("20220315/2023", "2022-03-15/2023"),
        ("20220315T1330/1530", "2022-03-15T13:30/2022-03-15T15:30"),
        ("20220315T1330Z/45", "2022-03-15T13:30Z/2022-03-15T13:45Z"),
        ("2007-03-01T13:00:00Z/P1Y2M10DT2H30M", "2007-03-01T13:00Z/2008-05-11T15:30Z"),
    ],
)
def test_interval_is_what_its_end_says_in_full(value: str, whole: str) -> None:
    found, expected = parse(value), parse(whole)
    assert (found.kind, found.begin, found.end) == (Kind.INTERVAL, expected.begin, expected.end)


@pytest.mark.parametrize(
    "value", ["20220315/1302", "2022-02-28/29", "20220315T1330/2530", "20220315T1330/1200"]
)
def test_an_end_that_cannot_be_completed_makes_no_interval(value: str) -> None:
    assert parse(value).kind is Kind.INVALID


def test_there_is_no_year_0_before_christ() -> None:
    assert parse("BC0000").kind is Kind.INVALID
    assert parse("BC0001").begin == parse("0000").begin


def test_a_leap_second_is_a_second_and_a_sign_may_stand_before_a_length() -> None:
    assert parse("T23:59:60").begin == 86_400
    assert parse("+P1D").duration == parse("P1D").duration
    assert parse("-P1D").duration != parse("P1D").duration


def test_a_length_may_be_written_like_a_date_alone() -> None:
    length = parse("P0000-00-04").duration
    assert length is not None
    assert length.months == 0
    assert length.seconds == 4 * 86_400


@pytest.mark.parametrize(
    ("value", "unit"),
    [("BC04", "century"), ("BC004", "decade"), ("BC0044", "year"), ("-0043-03", "month")],
)
def test_a_value_before_christ_is_as_coarse_as_it_is_written(value: str, unit: str) -> None:
    assert parse(value).granularity == unit


def test_open_interval_has_no_bound_on_its_open_side() -> None:
    since, until = parse("2022-03/.."), parse("/2022-03")
    assert (since.kind, since.begin, since.end) == (Kind.INTERVAL, parse("2022-03").begin, None)
    assert (until.begin, until.end) == (None, parse("2022-03").end)


_VALUE_LIKE = st.text("0123456789XPTWQZRBCFY:/.+-,_SDMHEIANUO ", max_size=24)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), _VALUE_LIKE))
def test_no_text_makes_it_raise(text: str) -> None:
    value = parse(text)
    assert value.text == text.strip()
    if value.begin is not None and value.end is not None:
        assert value.begin < value.end


@pytest.mark.skipif(
    "STINDEX_BENCHMARK_DATA" not in os.environ, reason="STINDEX_BENCHMARK_DATA is not set"
)
def test_every_value_of_real_gold_is_read_but_its_typing_errors() -> None:
    values: set[str] = set()
    for file in Path(os.environ["STINDEX_BENCHMARK_DATA"]).glob("*.jsonl"):
        for line in file.read_text(encoding="utf-8").splitlines():
            gold = json.loads(line)["ground_truth"].get("temporal") or []
            values.update(mention["normalized"] for mention in gold)
    assert len(values) > 100
    assert {value for value in values if parse(value).kind is Kind.INVALID} == _DIRTY
