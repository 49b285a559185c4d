"""A difference ─▶ a verdict: better, worse, not distinguishable, or inconclusive.

`compare_runs` gives what the reports show of two runs: a verdict for each metric, the samples
that flipped, and what else differed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stindex.comparison.comparability import warnings
from stindex.comparison.differences import Comparator, Difference
from stindex.comparison.pairing import Pairing, paired
from stindex.comparison.quantities import HEADLINE, lower_is_better
from stindex.comparison.statistics import INTERVAL
from stindex.comparison.stored_scores import StoredScores
from stindex.schema import Outcome
from stindex.scoring import SampleScore, mention_errors

Word = Literal["better", "worse", "not distinguishable", "inconclusive"]

LEVEL = (1 - INTERVAL) / 2  # of each of the two directions


def verdict_of(difference: Difference) -> Word:
    """Return what can be said of a difference at 95 %.

    Better or worse: the interval is on one side of 0, and so few samples swapped at random do not
    make such a difference. Otherwise inconclusive where the interval is too wide to exclude a
    loss that matters.
    """
    interval = difference.interval()
    if interval is None:
        return "inconclusive"
    low, high = interval
    if lower_is_better(difference.metric):
        low, high = -high, -low
    if high < 0 and difference.p_worse() <= LEVEL:
        return "worse"
    if low > 0 and difference.p_better() <= LEVEL:
        return "better"
    return "not distinguishable" if low >= -difference.noticeable else "inconclusive"


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """Two runs side by side.

    Attributes:
        fixed, broken: ids of the samples that had something wrong and have nothing now, and the
            other way round.
    """

    baseline: StoredScores
    current: StoredScores
    comparator: Comparator
    fixed: tuple[str, ...]
    broken: tuple[str, ...]

    def to_json(
        self, metrics: Sequence[str] = HEADLINE, allowed: Mapping[str, float | None] | None = None
    ) -> dict[str, Any]:
        """Return what the reports show, JSON-ready; metrics that are undefined are left out.

        Args:
            allowed: metric to the drop that its gate allows (None: none that can be shown).
        """
        allowed = allowed or {}
        names = dict.fromkeys((*metrics, *allowed))
        return {
            "baseline": {
                "id": self.baseline.run_id,
                "model": self.baseline.model,
                "started_at": self.baseline.run.get("started_at"),
                "samples": len(self.baseline.samples),
                "paired": len(self.comparator.pairing),
            },
            "metrics": [
                {**difference_json(difference, allowed.get(name)), **self._flips(name)}
                for name in names
                if (difference := self.comparator.difference(name)).observed is not None
            ],
            "fixed": list(self.fixed),
            "broken": list(self.broken),
            "warnings": warnings(self.baseline, self.current),
        }

    def _flips(self, metric: str) -> dict[str, list[str]]:
        flips = self.comparator.flips(metric)
        return {"improved": list(flips.improved), "worsened": list(flips.worsened)}


def compare_runs(baseline: StoredScores, current: StoredScores) -> ComparedRuns:
    """Pair two runs that `refuse_incomparable` has let through."""
    pairing = paired(
        {sample_id: sample.score for sample_id, sample in baseline.samples.items()},
        {sample_id: sample.score for sample_id, sample in current.samples.items()},
    )
    fixed, broken = _flipped(pairing)
    return ComparedRuns(baseline, current, Comparator(pairing), fixed, broken)


def _flipped(pairing: Pairing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fixed, broken = [], []
    for before, now in zip(pairing.baseline, pairing.current, strict=True):
        was_right, is_right = _right(before), _right(now)
        if is_right and not was_right:
            fixed.append(now.sample_id)
        elif was_right and not is_right:
            broken.append(now.sample_id)
    return tuple(fixed), tuple(broken)


def _right(score: SampleScore) -> bool:
    return score.outcome is Outcome.OK and not mention_errors(score)


def difference_json(difference: Difference, allowed: float | None = None) -> dict[str, Any]:
    """Return one metric of a comparison, JSON-ready.

    `smallest_loss` would have been shown with a probability of 80 %; `needed_n` samples would
    show the drop that is allowed, or a loss that should not go unnoticed.
    """
    target = allowed or difference.noticeable
    interval = difference.interval()
    return {
        "name": difference.metric,
        "baseline": difference.baseline,
        "current": difference.current,
        "difference": difference.observed,
        "ci95": None if interval is None else list(interval),
        "verdict": verdict_of(difference),
        "n": difference.n,
        "smallest_loss": difference.smallest_loss(LEVEL),
        "needed_n": difference.needed_n(target, LEVEL),
        "allowed_drop": allowed,
    }
