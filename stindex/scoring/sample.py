"""gold × prediction ─▶ the score of one sample.

Every annotated dimension is matched one to one, its pairs are judged by the dimension, and what
adds up over samples is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stindex.postprocess import surface_form
from stindex.schema import GoldLayer, Mention, Outcome, Prediction, Sample
from stindex.scoring.dimension import Dimension
from stindex.scoring.matching import Keyed, match
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore, Timing


def score_sample(
    sample: Sample,
    prediction: Prediction | None,
    outcome: Outcome,
    *,
    timing: Timing | None = None,
) -> SampleScore:
    """Score one sample.

    An answer that is not `ok` predicted nothing, so that its gold is missed. An `error` is no
    answer: nothing of it is measured.
    """
    usable = prediction if outcome is Outcome.OK else None
    layers = {} if outcome is Outcome.ERROR else sample.gold
    return SampleScore(
        sample_id=sample.id,
        document_id=sample.document_id or sample.id,
        outcome=outcome,
        dimensions={
            name: score_layer(
                dimension, sample, layers[name], usable.mentions.get(name, ()) if usable else ()
            )
            for name, dimension in DIMENSIONS.items()
            if name in layers
        },
        timing=timing,
    )


def score_layer(
    dimension: Dimension[Any], sample: Sample, layer: GoldLayer, predicted: Sequence[Mention]
) -> DimensionScore:
    """Match and judge one dimension of a sample."""
    gold = layer.mentions
    matched = match(_keys(dimension, gold), _keys(dimension, predicted))
    pairs = tuple(
        JudgedPair(g, p, _same_span(gold[g], predicted[p]), dimension.judge(gold[g], predicted[p]))
        for g, p in matched
    )
    found = {pair.gold for pair in pairs}
    used = {pair.predicted for pair in pairs}
    hallucinated = tuple(
        index for index, mention in enumerate(predicted) if mention.start_char is None
    )
    return DimensionScore(
        exhaustive=layer.exhaustive,
        counts={
            **mention_counts(dimension, gold, predicted, pairs),
            "hallucinated": len(hallucinated),
            **dimension.counts(sample, gold, predicted, pairs),
        },
        pairs=pairs,
        missed=tuple(index for index in range(len(gold)) if index not in found),
        spurious=tuple(index for index in range(len(predicted)) if index not in used),
        hallucinated=hallucinated,
        gold_types=tuple(map(dimension.type_of, gold)),
        predicted_types=tuple(map(dimension.type_of, predicted)),
    )


def _keys(dimension: Dimension[Any], mentions: Sequence[Mention]) -> list[Keyed | None]:
    return [
        None
        if mention.start_char is None or mention.end_char is None
        else Keyed(mention.start_char, mention.end_char, mention.text, dimension.value_of(mention))
        for mention in mentions
    ]


def _same_span(gold: Mention, predicted: Mention) -> bool:
    return (gold.start_char, gold.end_char) == (predicted.start_char, predicted.end_char)


def mention_counts(
    dimension: Dimension[Any],
    gold: Sequence[Mention],
    predicted: Sequence[Mention],
    pairs: Sequence[JudgedPair],
) -> dict[str, int]:
    """Return the counts that all dimensions have."""
    types = [pair.judgement["type_equal"] for pair in pairs]
    return {
        "gold": len(gold),
        "predicted": len(predicted),
        "true_positives": sum(pair.equal_span for pair in pairs),
        "relaxed_true_positives": len(pairs),
        "text_true_positives": _equal_texts(gold, predicted),
        "typed_gold": sum(dimension.type_of(mention) is not None for mention in gold),
        "typed_pairs": sum(equal is not None for equal in types),
        "type_equal": sum(equal is True for equal in types),
        "strict_type_equal": sum(
            pair.equal_span and equal is True for pair, equal in zip(pairs, types, strict=True)
        ),
    }


def _equal_texts(gold: Sequence[Mention], predicted: Sequence[Mention]) -> int:
    """Return the size of the intersection of two multisets of surface forms."""
    left: dict[str, int] = {}
    for mention in gold:
        form = surface_form(mention.text)
        left[form] = left.get(form, 0) + 1
    equal = 0
    for mention in predicted:
        form = surface_form(mention.text)
        if left.get(form):
            left[form] -= 1
            equal += 1
    return equal
