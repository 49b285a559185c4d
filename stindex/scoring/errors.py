"""What went wrong with a mention, in the words of a report.

A score goes in; one entry for each mention and kind of error comes out.
"""

from __future__ import annotations

from dataclasses import dataclass

from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore

ERROR_KINDS = ("missed", "spurious", "hallucinated", "boundary", "type", "value", "place")


@dataclass(frozen=True, slots=True)
class MentionError:
    """One error of one mention.

    Attributes:
        kind: one of `ERROR_KINDS`. `missed`: a gold mention that nothing was matched with.
            `spurious`: a prediction that was not matched; in the text, or else `hallucinated`.
            Of a matched pair: `boundary` (the spans differ), `type`, `value` (another meaning),
            `place` (no coordinates, or not the right place). A pair can have several of these.
        gold, predicted: positions in gold layer and prediction; None where there is none.
    """

    dimension: str
    kind: str
    gold: int | None
    predicted: int | None


def mention_errors(score: SampleScore) -> tuple[MentionError, ...]:
    """Return the errors of a sample, each mention's error of a kind once.

    In a partial annotation a prediction without gold may be right, so that none is `spurious`
    there.
    """
    return tuple(
        error
        for name, layer in score.dimensions.items()
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
        MentionError(name, kind, pair.gold, pair.predicted)
        for pair in layer.pairs
        for kind in _kinds(name, pair)
    ]


def _kinds(name: str, pair: JudgedPair) -> list[str]:
    kinds = [] if pair.equal_span else ["boundary"]
    if pair.judgement["type_equal"] is False:
        kinds.append("type")
    return [*kinds, *DIMENSIONS[name].errors(pair.judgement)]
