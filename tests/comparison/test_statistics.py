"""The statistics of a comparison: held against textbook values and exact enumeration."""

from __future__ import annotations

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.comparison.statistics import (
    alike_interval,
    bootstrap_p,
    fewest_flips,
    holm,
    needed_units,
    percentile_interval,
    randomization_p,
    smallest_loss,
    standard_error,
)

NAN = float("nan")


def test_holm_decides_the_example_of_the_textbooks() -> None:
    # Levels 0.0125, 0.0167, 0.025, 0.05: the third smallest is too large, so the fourth falls too.
    decisions = holm([0.01, 0.04, 0.03, 0.005])
    assert [decision.rejected for decision in decisions] == [True, False, False, True]
    assert [round(decision.level, 4) for decision in decisions] == [0.0167, 0.05, 0.025, 0.0125]


def test_holm_rejects_nothing_after_the_first_that_does_not_hold() -> None:
    assert not any(decision.rejected for decision in holm([0.03, 0.026, 0.049]))


def test_one_test_alone_is_held_against_five_percent() -> None:
    assert holm([0.05])[0].rejected
    assert not holm([0.0501])[0].rejected
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_at_least_what_bonferroni_does_and_no_more_than_single_tests(
    p_values: list[float],
) -> None:
    for p_value, decision in zip(p_values, holm(p_values), strict=True):
        assert decision.rejected or p_value > 0.05 / len(p_values)
        assert not decision.rejected or p_value <= 0.05


def test_an_interval_leaves_out_what_is_undefined() -> None:
    values = np.array([NAN, *np.arange(101.0)])
    assert percentile_interval(values, 100_000) == pytest.approx((2.5, 97.5), abs=0.01)
    assert percentile_interval(np.array([NAN, NAN]), 9) is None


def test_an_interval_of_few_units_is_as_wide_as_students() -> None:
    # t(0.975, 4) = 2.776; of five units the bootstrap's spread is too small by sqrt(4 / 5).
    values = np.random.default_rng(5).normal(size=400_000)
    low, high = percentile_interval(values, 5) or (0.0, 0.0)
    assert (-low, high) == pytest.approx((2.776 * (5 / 4) ** 0.5,) * 2, rel=0.02)
    assert percentile_interval(values, 1) is None


def test_a_bootstrap_p_is_the_share_at_or_above_the_bound_and_never_zero() -> None:
    values = np.array([-0.3, -0.2, -0.1, 0.0, 0.1, NAN])
    assert bootstrap_p(values, 0.0) == (1 + 2) / (1 + 5)
    assert bootstrap_p(values, -0.2) == (1 + 4) / (1 + 5)
    assert bootstrap_p(values, 1.0) == 1 / 6


def test_the_randomization_p_agrees_with_exact_enumeration() -> None:
    gains = np.array([-1.0, -1.0, -1.0, 0.5, -0.5])
    signs = np.array(list(product([-1.0, 1.0], repeat=len(gains))))
    exact = np.mean(signs @ gains <= gains.sum())
    drawn = np.random.default_rng(1).choice([-1.0, 1.0], size=(20_000, len(gains)))
    assert randomization_p(drawn @ gains, gains.sum()) == pytest.approx(exact, abs=0.01)


def test_three_flips_of_three_are_no_proof() -> None:
    # 2^-3 = 0.125: two runs of the same model do that one time in eight.
    signs = np.array(list(product([-1.0, 1.0], repeat=3)))
    assert randomization_p(signs.sum(axis=1), -3.0) > 0.05
    assert fewest_flips(0.05) == 5
    assert fewest_flips(0.01) == 7


def test_the_smallest_loss_is_found_in_eighty_percent_of_such_runs() -> None:
    loss = smallest_loss(0.02, 400, 0.05, share=True)
    power = NormalDist().cdf(loss / 0.02 - NormalDist().inv_cdf(0.95))
    assert power == pytest.approx(0.80)


def test_few_units_show_no_small_loss_however_small_the_error() -> None:
    assert smallest_loss(0.0, 20, 0.05, share=True) == 5 / 20
    assert smallest_loss(0.0, 3, 0.05, share=True) == 1.0
    assert smallest_loss(0.0, 20, 0.05, share=False) == 0.0


@given(st.floats(0.001, 0.2), st.integers(5, 2000), st.sampled_from([0.05, 0.01]), st.booleans())
def test_what_is_needed_shows_the_loss_and_one_less_does_not(
    error: float, units: int, level: float, share: bool
) -> None:
    needed = needed_units(0.05, error, units, level, share=share)
    assert needed is not None

    def shown(n: int) -> float:
        return smallest_loss(error * (units / n) ** 0.5, n, level, share=share)

    assert shown(needed) <= 0.05 + 1e-9
    assert needed == 1 or shown(needed - 1) > 0.05 - 1e-9


def test_nobody_can_say_how_many_show_no_loss() -> None:
    assert needed_units(0.0, 0.01, 100, 0.05, share=True) is None


def test_where_nothing_changed_the_rule_of_three_holds() -> None:
    low, high = alike_interval(0.0, 100, 0.90)
    assert high == pytest.approx(3 / 100, rel=0.02)
    assert low == -high
    assert alike_interval(0.0, 0) == (-1.0, 1.0)
    assert alike_interval(-1.0, 100) == pytest.approx((-1.0, -0.9638), abs=1e-4)


def test_a_standard_error_needs_two_values() -> None:
    assert standard_error(np.array([0.1, NAN])) == 0.0
    assert standard_error(np.array([0.0, 1.0])) == pytest.approx(0.7071, abs=1e-4)
