"""The score of one sample: counts and judged pairs, dimension by dimension.

It is all that the metrics of a run are computed from. Everything in it can be written as JSON and
read back, and its counts add up over samples, so that a union, a selection or a resampling of
samples needs no second scoring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from stindex.schema import Generation, Outcome

SCORE_VERSION = 2

Judgement = Mapping[str, bool | float | str | None]


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A gold mention and the prediction that was matched with it.

    Attributes:
        gold, predicted: positions in the lists of the gold layer and of the prediction.
        equal_span: the spans are the same; otherwise they overlap.
        judgement: what the dimension says of the pair; its module documents the keys.
            `type_equal` is there in every dimension and is None where the gold has no type.
    """

    gold: int
    predicted: int
    equal_span: bool
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """One annotated dimension of a sample.

    Attributes:
        exhaustive: False for a partial annotation, of which only recall can be known.
        counts: name to a number that adds up over samples.
        pairs: the matched mentions, in the order of the gold.
        missed: positions of gold mentions that nothing was matched with.
        spurious: positions of predictions that were not matched, hallucinated ones included.
        hallucinated: positions of predictions whose words are not in the text.
        gold_types, predicted_types: the type of each mention of the gold and of the prediction.
    """

    exhaustive: bool
    counts: Mapping[str, int]
    pairs: tuple[JudgedPair, ...]
    missed: tuple[int, ...]
    spurious: tuple[int, ...]
    hallucinated: tuple[int, ...]
    gold_types: tuple[str | None, ...] = ()
    predicted_types: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """What one answer cost: seconds from admission to the last token, tokens without padding."""

    seconds: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    batch_size: int = 1

    @classmethod
    def of(cls, generation: Generation) -> Timing:
        """Take the numbers from a generation."""
        return cls(
            generation.seconds,
            generation.prompt_tokens,
            generation.completion_tokens,
            generation.batch_size,
        )


@dataclass(frozen=True, slots=True)
class SampleScore:
    """The score of one sample.

    Attributes:
        document_id: the source document, for resampling; the sample's own id where it has none.
        dimensions: name to score. A dimension that was not annotated is missing, and so are all
            of a sample whose outcome is `error`, which was not measured.
        timing: None where it is not known.
    """

    sample_id: str
    document_id: str
    outcome: Outcome
    dimensions: Mapping[str, DimensionScore]
    timing: Timing | None = None

    def annotated(self, dimension: str) -> bool:
        """Return whether the sample takes part in the metrics of a dimension."""
        return dimension in self.dimensions

    def to_json(self) -> dict[str, Any]:
        """Return the score as JSON values, with the version of this shape."""
        return {
            "version": SCORE_VERSION,
            "sample_id": self.sample_id,
            "document_id": self.document_id,
            "outcome": self.outcome.value,
            "dimensions": {name: _layer_json(layer) for name, layer in self.dimensions.items()},
            "timing": None if self.timing is None else _fields(self.timing, _TIMING_FIELDS),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SampleScore:
        """Read what `to_json` wrote.

        Raises:
            ValueError: the data has another version.
        """
        if data.get("version") != SCORE_VERSION:
            found = data.get("version")
            raise ValueError(f"a score of version {SCORE_VERSION} was expected, not {found!r}")
        timing = data["timing"]
        return cls(
            sample_id=data["sample_id"],
            document_id=data["document_id"],
            outcome=Outcome(data["outcome"]),
            dimensions={name: _layer(layer) for name, layer in data["dimensions"].items()},
            timing=None if timing is None else Timing(**timing),
        )


_PAIR_FIELDS = ("gold", "predicted", "equal_span")
_TIMING_FIELDS = tuple(field.name for field in fields(Timing))


def _fields(value: object, names: Iterable[str]) -> dict[str, Any]:
    # `asdict` copies what it finds, which costs ten times as much.
    return {name: getattr(value, name) for name in names}


def _layer_json(layer: DimensionScore) -> dict[str, Any]:
    return {
        "exhaustive": layer.exhaustive,
        "counts": dict(layer.counts),
        "pairs": [{**_fields(pair, _PAIR_FIELDS), **pair.judgement} for pair in layer.pairs],
        "missed": list(layer.missed),
        "spurious": list(layer.spurious),
        "hallucinated": list(layer.hallucinated),
        "gold_types": list(layer.gold_types),
        "predicted_types": list(layer.predicted_types),
    }


def _layer(data: Mapping[str, Any]) -> DimensionScore:
    return DimensionScore(
        exhaustive=data["exhaustive"],
        counts=dict(data["counts"]),
        pairs=tuple(_pair(pair) for pair in data["pairs"]),
        missed=tuple(data["missed"]),
        spurious=tuple(data["spurious"]),
        hallucinated=tuple(data["hallucinated"]),
        gold_types=tuple(data["gold_types"]),
        predicted_types=tuple(data["predicted_types"]),
    )


def _pair(data: Mapping[str, Any]) -> JudgedPair:
    judgement = {name: value for name, value in data.items() if name not in _PAIR_FIELDS}
    return JudgedPair(data["gold"], data["predicted"], data["equal_span"], judgement)
