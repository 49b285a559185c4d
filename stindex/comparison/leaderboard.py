"""Several runs over the same samples ─▶ a ranking that says which differences are real.

All pairs are tested on the samples that all runs share; a difference is real if chance alone
would make it, anywhere in the table, in at most 5 % of such tables (Holm).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from stindex.comparison.differences import Comparator, Difference
from stindex.comparison.pairing import paired
from stindex.comparison.quantities import lower_is_better, over_pairs
from stindex.comparison.statistics import holm, percentile_interval
from stindex.comparison.stored_scores import StoredScores
from stindex.errors import UserError
from stindex.scoring import SampleScore
from stindex.scoring.dimension import Measure
from stindex.scoring.resampling import resampled_values
from stindex.scoring.series import FloatArray


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs of a leaderboard, by their places in the input.

    Attributes:
        real: the difference (second - first) is not chance.
        p_value: of "no difference", two-sided.
    """

    first: int
    second: int
    difference: Difference
    p_value: float
    real: bool

    @property
    def better(self) -> int:
        """The run that looks better."""
        gain = self.difference.observed or 0.0
        if lower_is_better(self.difference.metric):
            gain = -gain
        return self.second if gain > 0 else self.first


@dataclass(frozen=True, slots=True)
class Place:
    """A run's line.

    Attributes:
        best, worst: the places that it may have: 1 + the number of runs that are really better,
            and the number of runs - those that are really worse.
    """

    run: StoredScores
    index: int
    value: float | None
    interval: tuple[float, float] | None
    best: int
    worst: int
    better_than: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Runs from the best to the worst in one metric."""

    metric: str
    n: int
    places: tuple[Place, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready; runs are named by their ids."""
        ids = {place.index: place.run.run_id for place in self.places}
        return {
            "metric": self.metric,
            "n": self.n,
            "runs": [
                {
                    "id": place.run.run_id,
                    "model": place.run.model,
                    "value": place.value,
                    "ci95": None if place.interval is None else list(place.interval),
                    "rank": [place.best, place.worst],
                    "better_than": [ids[index] for index in place.better_than],
                }
                for place in self.places
            ],
            "pairs": [_pair_json(pair, ids) for pair in self.pairs],
        }


def _pair_json(pair: Pair, ids: Mapping[int, str]) -> dict[str, Any]:
    interval = pair.difference.interval()
    return {
        "first": ids[pair.first],
        "second": ids[pair.second],
        "difference": pair.difference.observed,
        "ci95": None if interval is None else list(interval),
        "p_value": pair.p_value,
        "real": pair.real,
    }


def leaderboard(runs: Sequence[StoredScores], metric: str) -> Leaderboard:
    """Rank runs, all of which may be compared with each other, in one metric.

    Raises:
        UserError: there is no sample that all have.
    """
    shared = _shared(runs)
    scores = [{i: run.samples[i].score for i in shared} for run in runs]
    pairs = _pairs(scores, metric)
    resampled = resampled_values([list(own.values()) for own in scores], [metric])
    values = _values(pairs, scores, metric)
    places = [
        _place(index, run, values[index], _interval(found[metric]), pairs)
        for index, (run, found) in enumerate(zip(runs, resampled, strict=True))
    ]
    return Leaderboard(metric, len(shared), tuple(sorted(places, key=_order(metric))), pairs)


def _shared(runs: Sequence[StoredScores]) -> list[str]:
    shared = [i for i in runs[0].samples if all(i in run.samples for run in runs[1:])]
    if not shared:
        raise UserError("These runs have no sample in common; name runs over one data set.")
    return shared


def _pairs(scores: Sequence[Mapping[str, SampleScore]], metric: str) -> tuple[Pair, ...]:
    found = []
    for first, second in combinations(range(len(scores)), 2):
        difference = Comparator(paired(scores[first], scores[second])).difference(metric)
        p_value = min(1.0, 2 * min(difference.p_worse(), difference.p_better()))
        found.append((first, second, difference, p_value))
    decisions = holm([p_value for *_, p_value in found])
    return tuple(
        Pair(*pair, decision.rejected) for pair, decision in zip(found, decisions, strict=True)
    )


def _values(
    pairs: Sequence[Pair], scores: Sequence[Mapping[str, SampleScore]], metric: str
) -> list[float | None]:
    """Return each run's own value; over what was found the pairs see other mentions each."""
    if over_pairs(metric):
        alone = [Comparator(paired(own, own)).difference(metric).current for own in scores]
        return list(alone)
    values: dict[int, float | None] = {}
    for pair in pairs:
        values[pair.first] = pair.difference.baseline
        values[pair.second] = pair.difference.current
    return [values[index] for index in range(len(scores))]


def _place(
    index: int,
    run: StoredScores,
    value: float | None,
    interval: tuple[float, float] | None,
    pairs: Sequence[Pair],
) -> Place:
    own = [pair for pair in pairs if pair.real and index in (pair.first, pair.second)]
    above = sum(pair.better != index for pair in own)
    below = tuple(pair.first + pair.second - index for pair in own if pair.better == index)
    runs = 1 + max((pair.second for pair in pairs), default=0)
    return Place(run, index, value, interval, 1 + above, runs - len(below), below)


def _interval(measure: Measure[FloatArray]) -> tuple[float, float] | None:
    return percentile_interval(measure.value, measure.n)


def _order(metric: str) -> Any:  # noqa: ANN401 (a key of sorting)
    sign = 1 if lower_is_better(metric) else -1

    def key(place: Place) -> tuple[bool, float]:
        return place.value is None, sign * (place.value or 0.0)

    return key
