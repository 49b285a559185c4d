"""Quantiles of beta and t against printed tables and closed forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.scoring.distributions import beta_cdf, beta_quantile, t_quantile


@pytest.mark.parametrize(
    ("degrees", "quantile"),
    [(1, 12.706), (2, 4.303), (5, 2.571), (9, 2.262), (30, 2.042), (99, 1.984), (1000, 1.962)],
)
def test_t_is_as_in_the_tables(degrees: int, quantile: float) -> None:
    assert t_quantile(0.975, degrees) == pytest.approx(quantile, abs=5e-4)


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_beta_with_one_parameter_of_1_is_a_power(n: int) -> None:
    assert beta_quantile(0.025, n, 1) == pytest.approx(0.025 ** (1 / n))
    assert beta_quantile(0.975, 1, n) == pytest.approx(1 - 0.025 ** (1 / n))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Clopper and Pearson's interval as R's binom.test prints it.
    [(5, 10, 0.1870860, 0.8129140), (1, 20, 0.001265089, 0.2487328), (81, 263, 0.2527, 0.3676)],
)
def test_beta_gives_the_bounds_of_a_binomial_test(
    successes: int, n: int, low: float, high: float
) -> None:
    assert beta_quantile(0.025, successes, n - successes + 1) == pytest.approx(low, abs=1e-4)
    assert beta_quantile(0.975, successes + 1, n - successes) == pytest.approx(high, abs=1e-4)


PARAMETER = st.floats(0.5, 500)


@given(st.floats(0.001, 0.999), PARAMETER, PARAMETER)
def test_a_quantile_is_where_the_distribution_has_that_probability(
    probability: float, a: float, b: float
) -> None:
    x = beta_quantile(probability, a, b)
    assert beta_cdf(x, a, b) == pytest.approx(probability, abs=1e-6)
    assert beta_quantile(1 - probability, b, a) == pytest.approx(1 - x, abs=1e-6)


def test_all_mass_on_an_end_is_that_end() -> None:
    assert (beta_quantile(0.5, 0, 3), beta_quantile(0.5, 3, 0)) == (0.0, 1.0)
    assert (beta_cdf(-1, 2, 2), beta_cdf(0, 2, 2), beta_cdf(1, 2, 2)) == (0.0, 0.0, 1.0)
