"""Scores of two runs over the same samples ─▶ the difference in a metric, and how sure it is.

The metric is computed anew from resampled documents, the same ones for both runs (paired
bootstrap: the interval), and from answers swapped at random between the runs (randomization: the
p value, which is exact for two runs of the same model however few samples differ). A p value is
the larger of the two methods': of few flipped samples the bootstrap alone is too sure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from stindex.comparison.pairing import Pairing
from stindex.comparison.quantities import is_share, lower_is_better, over_pairs
from stindex.comparison.statistics import (
    INTERVAL,
    Vector,
    alike_interval,
    bootstrap_p,
    defined,
    needed_units,
    percentile_interval,
    randomization_p,
    smallest_loss,
    standard_error,
)
from stindex.scoring import SampleScore
from stindex.scoring.resampling import RunTable, weight_blocks

RESAMPLES = 2000
SEED = 20240506
NOTICEABLE_SHARE = 0.05  # 5 points
NOTICEABLE_PART = 0.10  # of the baseline's value, for km and seconds

_BLOCK = 1 << 22  # weights that are held at a time
_SAMPLES = 128  # whose own values are computed at once
_EQUAL = 1e-12


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in two runs over the same samples.

    Attributes:
        baseline, current: the metric over the paired samples; None where it is undefined.
        n: paired samples that are annotated in what it is about.
        units: documents with something to count for it: what is resampled.
        resampled: current - baseline, in resamples of the documents.
        swapped: current - baseline, with the runs' answers swapped at random.
    """

    metric: str
    baseline: float | None
    current: float | None
    n: int
    units: int
    resampled: Vector
    swapped: Vector

    @property
    def observed(self) -> float | None:
        """Current - baseline; None where one of the two is undefined."""
        if self.baseline is None or self.current is None:
            return None
        return self.current - self.baseline

    @property
    def share(self) -> bool:
        """Whether the metric is a number from 0 to 1."""
        return is_share(self.metric)

    @property
    def noticeable(self) -> float:
        """The loss that should not go unnoticed if nobody says otherwise; never negative."""
        return NOTICEABLE_SHARE if self.share else NOTICEABLE_PART * abs(self.baseline or 0.0)

    def interval(self, level: float = INTERVAL) -> tuple[float, float] | None:
        """Return the interval of current - baseline; None where nothing can be said."""
        if self.observed is None:
            return None
        kept = defined(self.resampled)
        if self.units >= 2 and kept.size and np.ptp(kept):
            return percentile_interval(kept, self.units, level)
        if self.share:
            return alike_interval(self.observed, self.units, level)
        # How far a kilometre moves with a document nobody knows; only that few would be different.
        few = alike_interval(0.0, self.units, level)[1] <= NOTICEABLE_SHARE
        return (self.observed, self.observed) if few else None

    def p_worse(self, allowed: float = 0.0) -> float:
        """Return the p value of "at most `allowed` worse"; 1 where nothing is defined."""
        return self._p(_sign(self.metric), allowed)

    def p_better(self) -> float:
        """Return the p value of "current is not better"."""
        return self._p(-_sign(self.metric), 0.0)

    def _p(self, sign: float, allowed: float) -> float:
        if self.observed is None:
            return 1.0
        return max(
            bootstrap_p(sign * self.resampled, -allowed),
            randomization_p(sign * self.swapped, sign * self.observed),
        )

    def loss_bound(self, level: float) -> float | None:
        """Return the loss that the true one exceeds with a probability of at most `level`."""
        found = self.interval(1 - 2 * level)
        if found is None:
            return None
        return -found[0] if _sign(self.metric) > 0 else found[1]

    def smallest_loss(self, level: float) -> float:
        """Return the smallest loss that these samples would have shown in 80 % of such runs."""
        error = standard_error(self.resampled)
        return smallest_loss(error, self.units, level, share=self.share)

    def needed_n(self, loss: float, level: float) -> int | None:
        """Return how many samples it takes to show `loss`; None where that cannot be said."""
        error = standard_error(self.resampled)
        units = needed_units(loss, error, self.units, level, share=self.share)
        if units is None or not self.units:
            return None
        return -(-units * self.n // self.units)


def _sign(metric: str) -> float:
    """Return what turns a difference into a gain."""
    return -1.0 if lower_is_better(metric) else 1.0


@dataclass(frozen=True, slots=True)
class Flips:
    """Ids of the samples whose own value of a metric got better or worse."""

    improved: tuple[str, ...]
    worsened: tuple[str, ...]


class Comparator:
    """Differences between two runs; all metrics of a choice of samples are computed at once."""

    def __init__(self, pairing: Pairing, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Compute nothing yet."""
        self.pairing = pairing
        self._resamples = resamples
        self._seed = seed
        self._known: dict[tuple[bool, frozenset[str] | None], dict[str, Difference]] = {}
        self._flips: dict[bool, dict[str, Flips]] = {}

    def difference(self, metric: str, ids: Collection[str] | None = None) -> Difference:
        """Return the difference in one metric, over all paired samples or some of them.

        Raises:
            KeyError: the metric cannot be compared; see `comparable_metrics`.
        """
        chosen = None if ids is None else frozenset(ids)
        kind = over_pairs(metric), chosen
        if kind not in self._known:
            pairing = self.pairing if chosen is None else self.pairing.kept(chosen)
            behind = _behind(pairing, metric)
            self._known[kind] = compared(behind, self._resamples, self._seed)
        return self._known[kind][metric]

    def flips(self, metric: str) -> Flips:
        """Return the samples whose own value of a metric changed."""
        kind = over_pairs(metric)
        if kind not in self._flips:
            self._flips[kind] = flipped(_behind(self.pairing, metric))
        return self._flips[kind][metric]


def _behind(pairing: Pairing, metric: str) -> Pairing:
    return pairing.on_common_gold() if over_pairs(metric) else pairing


@cache
def comparable_metrics() -> tuple[str, ...]:
    """Return the metrics that two runs can be compared in: rates, means, medians and areas."""
    names = RunTable.of([], []).metrics(np.empty((0, 0)))
    return tuple(name for name in names if not name.endswith(".gold"))


def compared(
    pairing: Pairing, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Difference]:
    """Return the differences in all metrics between two runs over the same samples."""
    if not len(pairing):
        nothing = np.empty(0)
        return {
            name: Difference(name, None, None, 0, 0, nothing, nothing)
            for name in comparable_metrics()
        }
    documents = sorted({score.document_id for score in pairing.current})
    tables = [RunTable.of(scores, documents) for scores in (pairing.baseline, pairing.current)]
    observed = [table.metrics(np.ones((1, len(documents)))) for table in tables]
    resampled = _resampled(tables, len(documents), resamples, seed)
    swapped = _swapped(pairing, documents, resamples, seed)
    return {
        name: Difference(
            name,
            baseline=_plain(observed[0][name].value[0]),
            current=_plain(observed[1][name].value[0]),
            n=pairing.taking_part(name),
            units=max(values[name].n for values in observed),
            resampled=resampled[name],
            swapped=swapped[name],
        )
        for name in comparable_metrics()
    }


def _resampled(
    tables: Sequence[RunTable], documents: int, resamples: int, seed: int
) -> dict[str, Vector]:
    """Return current - baseline of each metric in the same resamples of both runs."""
    parts = []
    for weights in weight_blocks(documents, resamples=resamples, seed=seed):
        before, now = (table.metrics(weights) for table in tables)
        parts.append({name: now[name].value - before[name].value for name in now})
    return _joined(parts)


def _swapped(
    pairing: Pairing, documents: Sequence[str], resamples: int, seed: int
) -> dict[str, Vector]:
    """Return current - baseline where each document's answers were swapped or not, at random.

    Both runs stand in one table, each document twice; a weight of 1 takes a run's answers to it.
    """
    both = [replace(score, document_id=f"0{score.document_id}") for score in pairing.baseline]
    both += [replace(score, document_id=f"1{score.document_id}") for score in pairing.current]
    table = RunTable.of(both, [f"{run}{document}" for run in (0, 1) for document in documents])
    generator = np.random.default_rng(seed + 1)
    rows = max(1, _BLOCK // (2 * len(documents)))
    parts = []
    for first in range(0, resamples, rows):
        shape = min(rows, resamples - first), len(documents)
        stays = generator.integers(0, 2, shape).astype(np.float64)
        before = table.metrics(np.hstack([stays, 1 - stays]))
        now = table.metrics(np.hstack([1 - stays, stays]))
        parts.append({name: now[name].value - before[name].value for name in now})
    return _joined(parts)


def _joined(parts: Sequence[Mapping[str, Vector]]) -> dict[str, Vector]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def flipped(pairing: Pairing) -> dict[str, Flips]:
    """Return for each metric the samples whose own value changed."""
    if not len(pairing):
        return {name: Flips((), ()) for name in comparable_metrics()}
    before, now = _alone(pairing.baseline), _alone(pairing.current)
    ids = [score.sample_id for score in pairing.current]
    found = {}
    for name in comparable_metrics():
        gain = _sign(name) * (_filled(name, now[name]) - _filled(name, before[name]))
        found[name] = Flips(
            tuple(ids[index] for index in np.flatnonzero(gain > _EQUAL)),
            tuple(ids[index] for index in np.flatnonzero(gain < -_EQUAL)),
        )
    return found


def _alone(scores: Sequence[SampleScore]) -> dict[str, Vector]:
    """Return the metrics of each sample alone: a resample is that sample and nothing else."""
    parts = []
    for start in range(0, len(scores), _SAMPLES):
        numbers = [str(number) for number in range(len(scores[start : start + _SAMPLES]))]
        block = [
            replace(score, document_id=number)
            for number, score in zip(numbers, scores[start:], strict=False)
        ]
        metrics = RunTable.of(block, numbers).metrics(np.eye(len(block)))
        parts.append({name: metrics[name].value for name in metrics})
    return _joined(parts)


def _filled(metric: str, values: Vector) -> Vector:
    """Return the values of single samples; where nothing is to be found and nothing was, best."""
    best = 1.0 if is_share(metric) and not lower_is_better(metric) else 0.0
    return np.nan_to_num(values, nan=best)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
