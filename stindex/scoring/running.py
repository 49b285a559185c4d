"""The F1 of a run that is still going on: counts only, so that adding a sample costs nothing."""

from __future__ import annotations

from stindex.scoring.rates import ratio
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import SampleScore


class RunningF1:
    """Strict micro F1 of each dimension over the samples seen so far."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._sums = {name: [0, 0] for name in DIMENSIONS}

    def add(self, score: SampleScore) -> None:
        """Add one sample."""
        for name, layer in score.dimensions.items():
            sums = self._sums[name]
            sums[0] += 2 * layer.counts["true_positives"]
            sums[1] += layer.counts["gold"] + layer.counts["predicted"]

    def value(self, dimension: str) -> float | None:
        """Return the F1 of one dimension; None where nothing was annotated or predicted."""
        correct, mentions = self._sums[dimension]
        return ratio(correct, mentions)

    def __str__(self) -> str:
        shown = []
        for name in self._sums:
            value = self.value(name)
            shown.append(f"{name} {'-' if value is None else f'{value:.3f}'}")
        return ", ".join(shown)
