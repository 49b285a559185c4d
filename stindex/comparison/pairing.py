"""Two runs' scores ─▶ the scores of the samples that both have, side by side.

Metrics over what was found are compared on the gold that both runs found: otherwise a run that
skips what is hard looks better.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from stindex.comparison.quantities import dimension_of, over_pairs
from stindex.schema import Sample
from stindex.scoring import DIMENSIONS, DimensionScore, JudgedPair, SampleScore

_NOBODY = Sample("", "", {})


@dataclass(frozen=True, slots=True)
class Pairing:
    """The scores of the same samples in two runs, in the same order."""

    baseline: tuple[SampleScore, ...]
    current: tuple[SampleScore, ...]

    def __len__(self) -> int:
        return len(self.current)

    @property
    def documents(self) -> tuple[str, ...]:
        """The source document of each sample: what is resampled."""
        return tuple(score.document_id for score in self.current)

    def kept(self, ids: Collection[str]) -> Pairing:
        """Return the pairs of some samples."""
        chosen = [index for index, score in enumerate(self.current) if score.sample_id in ids]
        return Pairing(
            tuple(self.baseline[index] for index in chosen),
            tuple(self.current[index] for index in chosen),
        )

    def behind(self, metric: str) -> Pairing:
        """Return the pairs that take part in a metric, reduced to what both found if need be."""
        dimension = dimension_of(metric)
        if dimension is None:
            return self
        pairs = [
            (before, now)
            for before, now in zip(self.baseline, self.current, strict=True)
            if before.annotated(dimension) and now.annotated(dimension)
        ]
        if over_pairs(metric):
            pairs = [both for pair in pairs if (both := _on_common_gold(*pair, dimension))]
        return Pairing(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def paired(baseline: Mapping[str, SampleScore], current: Mapping[str, SampleScore]) -> Pairing:
    """Pair two runs by sample id, in the order of the current one."""
    shared = [sample_id for sample_id in current if sample_id in baseline]
    return Pairing(
        tuple(baseline[sample_id] for sample_id in shared),
        tuple(current[sample_id] for sample_id in shared),
    )


def _on_common_gold(
    before: SampleScore, now: SampleScore, dimension: str
) -> tuple[SampleScore, SampleScore] | None:
    """Return both scores with the gold mentions alone that both found; None if there is none."""
    a, b = before.dimensions[dimension], now.dimensions[dimension]
    common = {pair.gold for pair in a.pairs} & {pair.gold for pair in b.pairs}
    if not common:
        return None
    return (
        replace(before, dimensions={dimension: _reduced(a, common, dimension)}),
        replace(now, dimensions={dimension: _reduced(b, common, dimension)}),
    )


def _reduced(layer: DimensionScore, common: set[int], dimension: str) -> DimensionScore:
    pairs = tuple(pair for pair in layer.pairs if pair.gold in common)
    counts = {**_shared_counts(pairs), **DIMENSIONS[dimension].counts(_NOBODY, (), (), pairs)}
    return DimensionScore(layer.exhaustive, counts, pairs, (), (), ())


def _shared_counts(pairs: tuple[JudgedPair, ...]) -> dict[str, int]:
    types = [pair.judgement["type_equal"] for pair in pairs]
    return {
        "gold": len(pairs),
        "predicted": len(pairs),
        "relaxed_true_positives": len(pairs),
        "typed_pairs": sum(equal is not None for equal in types),
        "type_equal": sum(equal is True for equal in types),
    }
