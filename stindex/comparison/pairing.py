"""Two runs' scores ─▶ the scores of the samples that both have, side by side.

Metrics over what was found are compared on the gold that both runs found: otherwise a run that
skips what is hard looks better.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from stindex.comparison.quantities import dimension_of
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

    def kept(self, ids: Collection[str]) -> Pairing:
        """Return the pairs of some samples."""
        chosen = [index for index, score in enumerate(self.current) if score.sample_id in ids]
        return Pairing(
            tuple(self.baseline[index] for index in chosen),
            tuple(self.current[index] for index in chosen),
        )

    def taking_part(self, metric: str) -> int:
        """Return how many of the samples are annotated in what a metric is about."""
        dimension = dimension_of(metric)
        if dimension is None:
            return len(self)
        return sum(
            before.annotated(dimension) and now.annotated(dimension)
            for before, now in zip(self.baseline, self.current, strict=True)
        )

    def on_common_gold(self) -> Pairing:
        """Return the pairs with only the gold mentions that both runs found."""
        pairs = [
            _on_common_gold(before, now)
            for before, now in zip(self.baseline, self.current, strict=True)
        ]
        kept = [(before, now) for before, now in pairs if before.dimensions]
        return Pairing(tuple(before for before, _ in kept), tuple(now for _, now in kept))


def paired(baseline: Mapping[str, SampleScore], current: Mapping[str, SampleScore]) -> Pairing:
    """Pair two runs by sample id, in the order of the current one."""
    shared = [sample_id for sample_id in current if sample_id in baseline]
    return Pairing(
        tuple(baseline[sample_id] for sample_id in shared),
        tuple(current[sample_id] for sample_id in shared),
    )


def _on_common_gold(before: SampleScore, now: SampleScore) -> tuple[SampleScore, SampleScore]:
    """Return both scores with what both found; a dimension in which that is nothing is left out."""
    reduced: tuple[dict[str, DimensionScore], dict[str, DimensionScore]] = {}, {}
    for dimension in before.dimensions.keys() & now.dimensions.keys():
        layers = before.dimensions[dimension], now.dimensions[dimension]
        common = set.intersection(*({pair.gold for pair in layer.pairs} for layer in layers))
        if common:
            for into, layer in zip(reduced, layers, strict=True):
                into[dimension] = _reduced(layer, common, dimension)
    return replace(before, dimensions=reduced[0]), replace(now, dimensions=reduced[1])


def _reduced(layer: DimensionScore, common: set[int], dimension: str) -> DimensionScore:
    pairs = tuple(pair for pair in layer.pairs if pair.gold in common)
    counts = {**_shared_counts(pairs), **DIMENSIONS[dimension].counts(_NOBODY, (), (), pairs)}
    return DimensionScore(layer.exhaustive, counts, pairs, (), (), ())


def _shared_counts(pairs: tuple[JudgedPair, ...]) -> dict[str, int]:
    """Return the counts that all dimensions have, of these pairs and nothing else."""
    types = [pair.judgement["type_equal"] for pair in pairs]
    typed = sum(equal is not None for equal in types)
    return {
        "gold": len(pairs),
        "predicted": len(pairs),
        "true_positives": sum(pair.equal_span for pair in pairs),
        "relaxed_true_positives": len(pairs),
        "text_true_positives": 0,  # the words are not known here, and nobody asks
        "hallucinated": 0,
        "typed_gold": typed,
        "typed_pairs": typed,
        "type_equal": sum(equal is True for equal in types),
        "strict_type_equal": sum(
            pair.equal_span and equal is True for pair, equal in zip(pairs, types, strict=True)
        ),
    }
