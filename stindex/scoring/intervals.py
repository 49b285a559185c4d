"""95 % intervals: from resampled values or counts to a lower and an upper bound.

`run_metrics` gives the metrics of a run with an interval beside each. `docs/metrics.md` says which
kind of interval a metric gets, and how far it can be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from stindex.scoring.dimension import Measure
from stindex.scoring.distributions import beta_quantile, t_quantile
from stindex.scoring.errors import count_errors
from stindex.scoring.metrics import CI, Metrics, aggregate
from stindex.scoring.resampling import RESAMPLES, SEED, Resampled, resampled_values
from stindex.scoring.sample_score import SampleScore
from stindex.scoring.series import FloatArray

Interval = tuple[float, float]

LEVEL = 0.95
# With fewer documents there are too few different resamples to tell anything from.
ENOUGH_DOCUMENTS = 10
# Fewer values do not bound a median at 95 %: both extremes miss it in 2 of 2^n cases.
ENOUGH_FOR_MEDIANS = 6

_TAIL = (1 - LEVEL) / 2
_NORMAL = NormalDist()
_UNBOUNDED = "_km"  # how the names of metrics end that are no share of something


def run_metrics(
    scores: Sequence[SampleScore], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Metrics:
    """Return the metrics of a run with intervals, errors by kind and tables of confused types.

    Beside each metric that has a value stands `<key>_ci95: [low, high]`; there is none where the
    data do not bound it. Neither depends on the order of the scores.
    """
    metrics = with_intervals(aggregate(scores), scores, resamples=resamples, seed=seed)
    for name, counted in count_errors(scores).items():
        metrics[name] |= counted
    return metrics


def with_intervals(
    metrics: Metrics,
    scores: Sequence[SampleScore],
    names: Collection[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Metrics:
    """Return metrics with intervals beside them, or only beside those with the given names.

    Args:
        scores: what the metrics were computed from.
    """
    (resampled,) = resampled_values([scores], names, resamples=resamples, seed=seed)
    by_sample = {}
    if len({score.document_id for score in scores}) == len(scores) > 0:
        ok, n = metrics["overall"]["outcomes"]["ok"], metrics["overall"]["total_documents"]
        by_sample["overall.success_rate"] = wilson(ok, n)
    return {
        name: _beside(block, resampled, by_sample, f"{name}.") for name, block in metrics.items()
    }


def _beside(
    block: Mapping[str, Any], resampled: Resampled, known: Mapping[str, Interval], prefix: str
) -> dict[str, Any]:
    """Return a block with an interval after each value that has one."""
    found: dict[str, Any] = {}
    for key, value in block.items():
        name = f"{prefix}{key}"
        found[key] = value
        if isinstance(value, Mapping):
            found[key] = _beside(value, resampled, known, f"{name}.")
        elif isinstance(value, float) and name in resampled:
            bounds = known.get(name) or interval(name, value, resampled[name])
            if bounds is not None:
                found[key + CI] = list(bounds)
    return found


def interval(name: str, value: float, resampled: Measure[FloatArray]) -> Interval | None:
    """Return the interval of one metric.

    A share or score (0 to 1): percentiles of the resamples; the exact interval where there are
    fewer than 10 documents, or where every resample is alike. A distance: percentiles from 6
    documents on; where all resamples are alike, a median has the interval that its order
    statistics give, from that value to itself, and a mean none.

    Args:
        value: the metric of the samples as they are.
        resampled: its values under resampling, and how many documents it is made of.
    """
    ordered = np.sort(resampled.value)
    ordered = ordered[: np.count_nonzero(~np.isnan(ordered))]
    if not len(ordered):
        return None
    alike = math.isclose(ordered[0], ordered[-1], rel_tol=1e-12, abs_tol=1e-12)
    if not name.endswith(_UNBOUNDED):
        if alike or resampled.n < ENOUGH_DOCUMENTS:
            return exact(value, resampled.n)
    elif resampled.n < ENOUGH_FOR_MEDIANS or (alike and "median" not in name):
        return None
    return percentiles(ordered, resampled.n)


def percentiles(ordered: FloatArray, documents: int) -> Interval:
    """Return the expanded percentile interval of resampled values (Hesterberg 2015, section 5.3).

    Plain percentiles are as narrow as an interval with the normal instead of Student's t, and
    with n instead of n - 1; the levels are moved out to make up for both.

    Args:
        ordered: one or more values in ascending order, without NaN.
        documents: how many were drawn from, 2 or more.
    """
    wider = math.sqrt(documents / (documents - 1)) * t_quantile(1 - _TAIL, documents - 1)
    tail = _NORMAL.cdf(-wider)
    return _quantile(ordered, tail), _quantile(ordered, 1 - tail)


def _quantile(ordered: FloatArray, share: float) -> float:
    """Return the value below which a share lies, interpolated linearly."""
    position = share * (len(ordered) - 1)
    below = int(position)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (position - below)


def exact(share: float, n: int) -> Interval:
    """Return the interval of Clopper and Pearson (1934) for `share` of n documents.

    A document is right or wrong as a whole here, which is the most that a score between 0 and 1
    can vary: the interval is never too narrow. At 0 it is [0, 1 - 0.025^(1/n)].
    """
    right = min(max(share, 0.0), 1.0) * n
    return beta_quantile(_TAIL, right, n - right + 1), beta_quantile(
        1 - _TAIL, right + 1, n - right
    )


def wilson(successes: int, n: int) -> Interval:
    """Return the interval of Wilson (1927) for a proportion of n independent samples, n > 0."""
    z = _NORMAL.inv_cdf(1 - _TAIL)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
