"""The statistics of a paired comparison, apart from what a metric is.

In go vectors of resampled values: a metric of both runs under the same weights of the samples
(paired bootstrap), and of both runs with their answers swapped at random (randomization test).
Out come intervals, p values, decisions that keep a false alarm at a level for several tests
together, and what a given number of samples could have shown.

Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 13 and 15; Yeh, More
accurate tests for the statistical significance of result differences (COLING 2000); Holm, A simple
sequentially rejective multiple test procedure (1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from stindex.scoring.distributions import t_quantile

Vector = NDArray[np.float64]

ALPHA = 0.05  # false alarms that are accepted, for all gates of a run together
POWER = 0.80  # what "would have shown" means: found in so many of such runs
INTERVAL = 0.95

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Decision:
    """What Holm's procedure says of one test.

    Attributes:
        rejected: the test has shown an effect.
        level: what its p value was held against.
    """

    rejected: bool
    level: float


def holm(p_values: Sequence[float], alpha: float = ALPHA) -> list[Decision]:
    """Decide several tests so that any false alarm at all has a probability of at most `alpha`.

    The smallest p value is held against alpha / m, the next against alpha / (m - 1), and so on;
    after the first that does not hold nothing is rejected. No independence is assumed.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    decisions: dict[int, Decision] = {}
    going = True
    for rank, index in enumerate(order):
        level = alpha / (len(order) - rank)
        going = going and p_values[index] <= level
        decisions[index] = Decision(going, level)
    return [decisions[index] for index in range(len(p_values))]


def defined(values: Vector) -> Vector:
    """Return the values without those that are undefined (NaN)."""
    kept: Vector = values[~np.isnan(values)]
    return kept


def percentile_interval(
    values: Vector, units: int, level: float = INTERVAL
) -> tuple[float, float] | None:
    """Return the expanded percentile interval of resampled values (Hesterberg 2015, section 5.3).

    Plain percentiles are as narrow as an interval with the normal instead of Student's t, and
    with n instead of n - 1; the levels are moved out to make up for both.

    Args:
        units: how many were drawn from.

    Returns:
        None where no value is defined, or there is nothing to draw from.
    """
    kept = defined(values)
    if not kept.size or units < 2:
        return None
    wider = math.sqrt(units / (units - 1)) * t_quantile((1 + level) / 2, units - 1)
    tail = _NORMAL.cdf(-wider)
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_p(differences: Vector, bound: float) -> float:
    """Return the p value of "the difference is at least `bound`", against "it is below".

    The share of resampled differences at or above the bound, with the one that was observed
    counted as if it were there (so that it is never 0).
    """
    kept = defined(differences)
    return float((1 + np.count_nonzero(kept >= bound)) / (1 + kept.size))


def randomization_p(differences: Vector, observed: float) -> float:
    """Return the p value of "the two runs are interchangeable", against "the second is worse".

    Args:
        differences: with the answers of both runs swapped at random, sample by sample.
        observed: the difference as it was.
    """
    kept = defined(differences)
    # Sums of the same numbers in another order differ in their last digits.
    below = kept <= observed + 1e-12 * max(1.0, abs(observed))
    return float((1 + np.count_nonzero(below)) / (1 + kept.size))


def standard_error(differences: Vector) -> float:
    """Return the standard deviation of resampled differences; 0 for fewer than two."""
    kept = defined(differences)
    return float(kept.std(ddof=1)) if kept.size > 1 else 0.0


def fewest_flips(level: float) -> int:
    """Return how many samples must get worse, none better, before a sign test sees it.

    k flips of k in the same direction have a probability of 2^-k in two runs that are alike.
    """
    return math.ceil(math.log2(1 / level))


def smallest_loss(error: float, units: int, level: float, *, share: bool) -> float:
    """Return the smallest true loss that would have been shown with a probability of 80 %.

    Args:
        error: standard error of the difference.
        units: samples (documents, where several samples share one) behind it.
        level: of the one-sided test.
        share: the metric is one from 0 to 1, of which each unit is about 1 / units; then so few
            flipped samples that no test could see them are no loss that would have been shown,
            however small the standard error; and 1 means that no loss would have been.
    """
    normal = (_NORMAL.inv_cdf(1 - level) + _NORMAL.inv_cdf(POWER)) * error
    if not share:
        return normal
    return min(1.0, max(normal, fewest_flips(level) / max(units, 1)))


def needed_units(loss: float, error: float, units: int, level: float, *, share: bool) -> int | None:
    """Return how many units it takes to show `loss`; None where that cannot be said.

    The standard error falls with the square root of the number of units, the share of a flip
    with the number.
    """
    if loss <= 0:
        return None
    normal = (_NORMAL.inv_cdf(1 - level) + _NORMAL.inv_cdf(POWER)) * error
    by_error = units * (normal / loss) ** 2
    by_flips = fewest_flips(level) / loss if share else 0.0
    return math.ceil(max(by_error, by_flips) - 1e-9) or None


def alike_interval(difference: float, units: int, level: float = INTERVAL) -> tuple[float, float]:
    """Return the interval of a difference of two shares where all units changed alike.

    Every resample is alike then, most often because nothing changed, and the bootstrap says
    nothing. Of `units` none is different: the exact (Clopper and Pearson 1934) upper bound of the
    share that is different after all is taken, either way.
    """
    bound = 1 - ((1 - level) / 2) ** (1 / units) if units else 1.0
    return max(-1.0, difference - bound), min(1.0, difference + bound)
