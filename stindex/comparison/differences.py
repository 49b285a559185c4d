"""Scores of two runs over the same samples ─▶ the difference in a metric, and how sure it is.

The metric is computed anew from resampled documents, the same ones for both runs (paired
bootstrap: the interval), and from answers swapped at random between the runs (randomization: the
p value, which is exact for two runs of the same model however few samples differ). A p value is
the larger of the two methods': of few flipped samples the bootstrap alone is too sure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stindex.comparison.pairing import Pairing
from stindex.comparison.quantities import dimension_of, is_share, lower_is_better, over_pairs
from stindex.comparison.statistics import (
    Vector,
    bootstrap_p,
    needed_units,
    percentile_interval,
    randomization_p,
    smallest_loss,
    standard_error,
    unchanged_interval,
)
from stindex.scoring import SampleScore

RESAMPLES = 2000
SEED = 20240506
NOTICEABLE_SHARE = 0.05  # 5 points
NOTICEABLE_PART = 0.10  # of the baseline's value, for km and seconds

_BLOCK = 128  # samples whose own values are computed at once
_EQUAL = 1e-12

Weights = NDArray[np.float64]
# Scores, names of metrics, weights (resamples × samples) ─▶ name to values, NaN where undefined.
Resampled = Callable[
    [Sequence[SampleScore], Sequence[str], Weights], Mapping[str, NDArray[np.float64]]
]


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric in two runs over the same samples.

    Attributes:
        baseline, current: the metric over the paired samples; None where it is undefined.
        n: paired samples behind it, from `units` documents.
        resampled: current - baseline, in resamples of the documents.
        swapped: current - baseline, with the runs' answers swapped at random.
        improved, worsened: ids of the samples whose own value got better or worse.
    """

    metric: str
    baseline: float | None
    current: float | None
    n: int
    units: int
    resampled: Vector
    swapped: Vector
    improved: tuple[str, ...] = ()
    worsened: tuple[str, ...] = ()

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

    @property
    def unchanged(self) -> bool:
        """Whether no resample shows any difference at all: the bootstrap says nothing then."""
        return not np.any(np.nan_to_num(self.resampled))

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of current - baseline; None where nothing is defined."""
        if self.observed is None:
            return None
        if self.unchanged and self.share:
            return unchanged_interval(self.units)
        return percentile_interval(self.resampled)

    def p_worse(self, allowed: float = 0.0) -> float:
        """Return the p value of "current is at most `allowed` worse"; 1 where nothing is defined."""
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
        found = self.interval_at(1 - 2 * level)
        if found is None:
            return None
        return -found[0] if _sign(self.metric) > 0 else found[1]

    def interval_at(self, level: float) -> tuple[float, float] | None:
        """Return the interval of current - baseline at another level than 95 %."""
        if self.observed is None:
            return None
        if self.unchanged and self.share:
            return unchanged_interval(self.units, level)
        return percentile_interval(self.resampled, level)

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


class Comparator:
    """Differences between two runs, each computed once."""

    def __init__(
        self, pairing: Pairing, resampled: Resampled, resamples: int = RESAMPLES, seed: int = SEED
    ) -> None:
        """Compute nothing yet."""
        self.pairing = pairing
        self._resampled = resampled
        self._resamples = resamples
        self._seed = seed
        self._known: dict[tuple[str, frozenset[str] | None], Difference] = {}

    def differences(
        self, metrics: Sequence[str], ids: Collection[str] | None = None
    ) -> dict[str, Difference]:
        """Return the difference in each metric, over all paired samples or some of them."""
        chosen = None if ids is None else frozenset(ids)
        pairing = self.pairing if chosen is None else self.pairing.kept(chosen)
        wanted = [name for name in metrics if (name, chosen) not in self._known]
        for names, behind in _grouped(pairing, wanted):
            for found in self._computed(names, behind):
                self._known[found.metric, chosen] = found
        return {name: self._known[name, chosen] for name in metrics}

    def difference(self, metric: str, ids: Collection[str] | None = None) -> Difference:
        """Return the difference in one metric."""
        return self.differences([metric], ids)[metric]

    def _computed(self, names: list[str], pairing: Pairing) -> list[Difference]:
        if not len(pairing):
            nothing = np.empty(0)
            return [Difference(name, None, None, 0, 0, nothing, nothing) for name in names]
        codes, units = _units(pairing.documents)
        generator = np.random.default_rng(self._seed)
        weights = resample_weights(generator, codes, units, self._resamples)
        before = self._resampled(pairing.baseline, names, weights)
        now = self._resampled(pairing.current, names, weights)
        swapped = self._swapped(names, pairing, generator, codes, units)
        flips = self._flips(names, pairing)
        return [
            Difference(
                name,
                _first(before[name]),
                _first(now[name]),
                len(pairing),
                units,
                now[name][1:] - before[name][1:],
                swapped[name],
                *flips[name],
            )
            for name in names
        ]

    def _flips(
        self, names: list[str], pairing: Pairing
    ) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Return for each metric the samples that got better, and those that got worse."""
        before, now = self._alone(names, pairing.baseline), self._alone(names, pairing.current)
        ids = [score.sample_id for score in pairing.current]
        found = {}
        for name in names:
            gain = _sign(name) * (_filled(name, now[name]) - _filled(name, before[name]))
            found[name] = (
                tuple(ids[index] for index in np.flatnonzero(gain > _EQUAL)),
                tuple(ids[index] for index in np.flatnonzero(gain < -_EQUAL)),
            )
        return found

    def _alone(self, names: list[str], scores: Sequence[SampleScore]) -> dict[str, Vector]:
        """Return the metrics of each sample alone: a resample is that sample and nothing else."""
        parts = []
        for start in range(0, len(scores), _BLOCK):
            block = scores[start : start + _BLOCK]
            parts.append(self._resampled(block, names, np.eye(len(block))))
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def _swapped(
        self,
        names: list[str],
        pairing: Pairing,
        generator: np.random.Generator,
        codes: NDArray[np.intp],
        units: int,
    ) -> dict[str, Vector]:
        both = (*pairing.baseline, *pairing.current)
        stays = generator.integers(0, 2, (self._resamples, units)).astype(np.float64)[:, codes]
        one = self._resampled(both, names, np.hstack([stays, 1 - stays]))
        other = self._resampled(both, names, np.hstack([1 - stays, stays]))
        return {name: other[name] - one[name] for name in names}


def _filled(metric: str, values: Vector) -> Vector:
    """Return the values of single samples; where nothing is to be found and nothing was, best."""
    best = 1.0 if is_share(metric) and not lower_is_better(metric) else 0.0
    return np.nan_to_num(values, nan=best)


def resample_weights(
    generator: np.random.Generator, codes: NDArray[np.intp], units: int, resamples: int
) -> Weights:
    """Return how often each sample is in each resample of documents (resamples + 1 × samples).

    The first row is the sample as it is.

    Args:
        codes: for each sample the number of its document, from 0 to `units` - 1.
    """
    drawn = generator.multinomial(units, np.full(units, 1 / units), size=resamples)
    weights = np.vstack([np.ones((1, units)), drawn])
    chosen: Weights = weights[:, codes]
    return chosen


def _units(documents: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(documents))}
    return np.array([numbers[name] for name in documents], dtype=np.intp), len(numbers)


def _grouped(pairing: Pairing, metrics: Sequence[str]) -> list[tuple[list[str], Pairing]]:
    """Return metrics that look at the same pairs together, so that these are resampled once."""
    groups: dict[tuple[str | None, bool], list[str]] = {}
    for metric in metrics:
        groups.setdefault((dimension_of(metric), over_pairs(metric)), []).append(metric)
    return [(names, pairing.behind(names[0])) for names in groups.values()]


def _first(values: Vector) -> float | None:
    return None if np.isnan(values[0]) else float(values[0])
