"""Equality as strings, in meaning and in part."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.temporal import overlap, same_meaning, same_string

_CASES: dict[str, Any] = json.loads(
    Path(__file__).with_name("iso_values.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", _CASES["durations"], ids=lambda case: f"{case['a']}-{case['b']}")
def test_durations_are_equal_exactly_where_their_length_is(case: dict[str, Any]) -> None:
    assert same_meaning(case["a"], case["b"]) is case["equal"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("2022-074", "2022-03-15"),
        ("2022-W11-2", "20220315"),
        ("2013-Q1", "2013-01-01/2013-03-31"),
        ("2013-H2", "2013-Q3/2013-Q4"),
        ("2022", "2022-01-01/2022-12-31"),
        ("2022", "2022-01/P1Y"),
        ("2022-W10-WE", "2022-03-12/13"),
        ("BC0044", "-0043"),
        ("199", "199X"),
        ("2022-03-15T24:00", "2022-03-16T00:00"),
        ("2005-04-27T08:30Z", "2005-04-27T10:30+02:00"),
        ("2022-03-15T14:00/T15:00", "2022-03-15T14:00/PT1H"),
        ("T09:00/T17:00", "T09/PT8H"),
        ("R/P1D", "R-1/PT24H"),
        ("2013-SU", "2013SU"),
        (" PXD", "PXD "),
        ("no value", "no value"),
    ],
)
def test_values_that_mean_the_same(a: str, b: str) -> None:
    assert same_meaning(a, b)
    assert overlap(a, b) == 1.0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("2022", "2022-01-01"),
        ("P1M", "P30D"),
        ("PXD", "PXM"),
        ("PRESENT_REF", "PAST_REF"),
        ("XXXX-WXX-1", "XXXX-WXX-2"),
        ("T14:30", "2022-03-15T14:30"),
        ("2022-03-15T14:30Z", "2022-03-15T14:30"),
        ("2022-SU", "2022-06-01/2022-08-31"),
        ("FY2022", "2022"),
        ("R/P1D", "P1D"),
        ("R5/P1D", "R/P1D"),
        ("2022-03-15/..", "2022-03-15"),
        ("2022-03-15TMO", "2022-03-15T06:00/T12:00"),
    ],
)
def test_values_that_do_not_mean_the_same(a: str, b: str) -> None:
    assert not same_meaning(a, b)


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("2022-02", "2022-02-01", 1 / 28),
        ("2022-03-01/10", "2022-03-06/15", 5 / 15),
        ("2022-03", "2022-04", 0.0),
        ("P1D", "PT6H", 0.25),
        ("P1Y", "P3M", 0.25),
        ("P12M", "P365D", 365 / 365.2425),
        ("P1D", "-P1D", 0.0),
        ("P0D", "P1D", 0.0),
        ("T09:00/T12:00", "T09:00/T15:00", 0.5),
        ("R/P1D", "R/P2D", 0.5),
        ("R5/P1D", "R/P1D", 0.0),
        ("2022/..", "2022/2023", 0.0),
        ("PXD", "P3D", 0.0),
        ("2022", "P1Y", 0.0),
        ("T12:00", "1970-01-01T12:00", 0.0),
    ],
)
def test_partial_credit_is_intersection_over_union(a: str, b: str, share: float) -> None:
    assert overlap(a, b) == pytest.approx(share, rel=1e-9)


def test_string_equality_sees_no_meaning() -> None:
    assert same_string(" 2022-03-15\n", "2022-03-15")
    assert not same_string("2022-03-15", "20220315")


_YEARS = st.integers(1995, 2005)
_VALUES = st.one_of(
    st.dates().map(lambda day: day.isoformat()),
    _YEARS.map(str),
    st.builds(lambda y, q: f"{y}-Q{q}", _YEARS, st.integers(1, 4)),
    st.builds(lambda y, m: f"{y}-{m:02}", _YEARS, st.integers(1, 12)),
    st.builds(lambda y, w: f"{y}-W{w:02}", _YEARS, st.integers(1, 53)),
    st.builds(lambda y, z: f"{y}/{y + z}", _YEARS, st.integers(0, 9)),
    st.builds(lambda n, u: f"P{n}{u}", st.integers(0, 40), st.sampled_from("DWMYQ")),
    st.sampled_from(["PXD", "PRESENT_REF", "R/P1D", "2000/..", "2000-SU", "FY2000", "199", "19"]),
    st.builds(lambda h, z: f"T{h:02}:30{z}", st.integers(0, 24), st.sampled_from(["", "Z"])),
    st.text("0123456789XPTWQZR:/.+-", max_size=12),
)


@settings(deadline=None)
@given(_VALUES, _VALUES)
def test_the_comparisons_are_reflexive_symmetric_and_agree(a: str, b: str) -> None:
    assert same_meaning(a, a)
    assert overlap(a, a) == 1.0
    assert same_meaning(a, b) == same_meaning(b, a)
    assert overlap(a, b) == overlap(b, a)
    assert 0.0 <= overlap(a, b) <= 1.0
    if same_string(a, b):
        assert same_meaning(a, b)
    if same_meaning(a, b):
        assert overlap(a, b) == 1.0
