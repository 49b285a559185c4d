"""What went wrong with a mention, in the words of a report.

A score goes in; one entry for each mention and kind of error comes out. Scores of a run go in;
how often each kind was made, and which types were taken for which, comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore
from stindex.scoring.spatial import PLACE_ERRORS

COMMON_ERRORS = ("missed", "spurious", "hallucinated", "boundary", "type")
ERROR_KINDS = (*COMMON_ERRORS, "value", "place")


@dataclass(frozen=True, slots=True)
class MentionError:
    """One error of one mention.

    Attributes:
        kind: one of `ERROR_KINDS`. `missed`: a gold mention that nothing was matched with.
            `spurious`: a prediction that was not matched; in the text, or else `hallucinated`.
            Of a matched pair: `boundary` (the spans differ), `type`, `value` (another meaning),
            `place` (no coordinates, or not the right place). A pair can have several of these.
        gold, predicted: positions in gold layer and prediction; None where there is none.
        detail: of `place`, one of `PLACE_ERRORS`; else empty.
    """

    dimension: str
    kind: str
    gold: int | None
    predicted: int | None
    detail: str = ""


def mention_errors(score: SampleScore) -> tuple[MentionError, ...]:
    """Return the errors of a sample, each mention's error of a kind once.

    In a partial annotation a prediction without gold may be right, so that none is `spurious`
    there.
    """
    return tuple(
        error
        for name, layer in score.dimensions.items()
        if name in DIMENSIONS  # a stored score may be of one that is not there any more
        for error in (*_unmatched(name, layer), *_matched(name, layer))
    )


def _unmatched(name: str, layer: DimensionScore) -> list[MentionError]:
    missed = [MentionError(name, "missed", index, None) for index in layer.missed]
    hallucinated = [MentionError(name, "hallucinated", None, i) for i in layer.hallucinated]
    nowhere = set(layer.hallucinated)
    spurious = [
        MentionError(name, "spurious", None, index)
        for index in layer.spurious
        if layer.exhaustive and index not in nowhere
    ]
    return missed + spurious + hallucinated


def _matched(name: str, layer: DimensionScore) -> list[MentionError]:
    return [
        MentionError(name, kind, pair.gold, pair.predicted, _detail(kind, pair))
        for pair in layer.pairs
        for kind in _kinds(name, pair)
    ]


def _kinds(name: str, pair: JudgedPair) -> list[str]:
    kinds = [] if pair.equal_span else ["boundary"]
    if pair.judgement["type_equal"] is False:
        kinds.append("type")
    return [*kinds, *DIMENSIONS[name].errors(pair.judgement)]


def _detail(kind: str, pair: JudgedPair) -> str:
    return str(pair.judgement.get("place_error") or "") if kind == "place" else ""


def count_errors(scores: Iterable[SampleScore]) -> dict[str, dict[str, Any]]:
    """Count the errors of a run by kind, and the types of its matched pairs.

    Returns:
        For each dimension `errors` (each kind that it knows to a number), `confusions` (gold type,
        predicted type, number; the most frequent first) and, for places, `place_errors` (what
        `errors["place"]` is made of).
    """
    counted: Counter[tuple[str, str]] = Counter()
    details: Counter[str] = Counter()
    types: Counter[tuple[str, str, str | None]] = Counter()
    for score in scores:
        for error in mention_errors(score):
            counted[error.dimension, error.kind] += 1
            details[error.detail] += error.kind == "place"
        for name, layer in score.dimensions.items():
            types.update((name, *pair) for pair in _types(layer))
    found: dict[str, dict[str, Any]] = {}
    for name, dimension in DIMENSIONS.items():
        kinds = (*COMMON_ERRORS, *dimension.own_errors)
        found[name] = {
            "errors": {kind: counted[name, kind] for kind in kinds},
            "confusions": _confusions(name, types),
        }
        if "place" in kinds:
            found[name]["place_errors"] = {kind: details[kind] for kind in PLACE_ERRORS}
    return found


def _types(layer: DimensionScore) -> Iterator[tuple[str, str | None]]:
    for pair in layer.pairs:
        gold = layer.gold_types[pair.gold]
        if gold is not None:
            yield gold, layer.predicted_types[pair.predicted]


def _confusions(
    name: str, types: Mapping[tuple[str, str, str | None], int]
) -> list[dict[str, Any]]:
    rows = [
        {"gold": gold, "predicted": predicted, "count": count}
        for (dimension, gold, predicted), count in types.items()
        if dimension == name
    ]
    return sorted(rows, key=lambda row: (-row["count"], row["gold"], row["predicted"] or ""))
