"""The metrics of parts of a data set: where a model is good, and where it is not.

Samples with their scores go in; a row for each value of each metadata field, language and length
of text, and for each type of gold mention, comes out, with its headline metrics, their intervals
and n. A row of samples is what a run over these samples alone would score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from stindex.schema import Mention, Sample
from stindex.scoring.dimension import Dimension
from stindex.scoring.intervals import with_intervals
from stindex.scoring.metrics import CI, Metrics, aggregate
from stindex.scoring.registry import DIMENSIONS, entity_names
from stindex.scoring.resampling import resampled_names
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore

Scored = tuple[Sample, SampleScore]

# A field with more values than these tells samples apart, not kinds of samples.
MOST_VALUES = 20
# Where one class of text lengths ends and the next begins, in code points.
LENGTHS = (500, 2000, 8000)
RESAMPLES = 1000

_FOUND = ("precision", "recall", "f1_score", "relaxed_f1_score", "text_f1_score", "type_accuracy")
_VALUES = ("normalization_accuracy", "normalization_accuracy_equivalent")
_PLACES = (
    *("median_distance_error_km", "accuracy_at_161km", "accuracy_at_161km_end_to_end"),
    *("accuracy_at_161km_areal", "accuracy_at_161km_areal_end_to_end", "auc"),
)
HEADLINE: Mapping[str, tuple[str, ...]] = {
    "temporal": ("gold", "predicted", *_FOUND, *_VALUES, "value_f1"),
    "spatial": ("gold", "predicted", *_FOUND, *_PLACES),
    "overall": ("combined_f1", "success_rate", "total_documents"),
}
# Of gold mentions of one kind only what was found of them is known, and how right it is.
_ALL_MENTIONS = ("gold", "recall", "relaxed_recall", "type_accuracy")
_OF_MENTIONS: Mapping[str, tuple[str, ...]] = {
    name: (*_ALL_MENTIONS, *keys) for name, keys in (("temporal", _VALUES), ("spatial", _PLACES))
}


def slices(scored: Iterable[Scored], *, resamples: int = RESAMPLES) -> tuple[dict[str, Any], ...]:
    """Return the slices of a run.

    Returns:
        For each slice `by` (a metadata field, `language`, `length`, `temporal type`,
        `spatial type` or `temporal reference`), `value`, `samples` (how many it has) and
        `metrics` (headline keys, intervals and `n`, in the shape of a run's metrics). What all
        samples share is no slice.
    """
    known = list(scored)
    further = dict.fromkeys(entity_names(), ("gold", "predicted", *_FOUND))
    rows = [
        _row(by, value, [score for _, score in part], {**HEADLINE, **further}, resamples)
        for by, parts in _of_samples(known)
        for value, part in parts.items()
    ]
    for name, dimension in DIMENSIONS.items():
        keys = {name: _OF_MENTIONS.get(name, _ALL_MENTIONS)}
        for by, part_of in dimension.slicings.items():
            parts = _of_mentions(dimension, part_of, known)
            rows += [
                _row(f"{name} {by}", value, part, keys, resamples) for value, part in parts.items()
            ]
    return tuple(rows)


def _row(
    by: str,
    value: str,
    scores: Sequence[SampleScore],
    keys: Mapping[str, Sequence[str]],
    resamples: int,
) -> dict[str, Any]:
    names = {f"{name}.{key}" for name, wanted in keys.items() for key in wanted}
    metrics = with_intervals(
        aggregate(scores), scores, names & resampled_names(), resamples=resamples
    )
    chosen = {name: _chosen(metrics, name, wanted) for name, wanted in keys.items()}
    return {"by": by, "value": value, "samples": len(scores), "metrics": chosen}


def _chosen(metrics: Metrics, name: str, keys: Sequence[str]) -> dict[str, Any]:
    block = metrics[name]
    shown = {
        key: block[key] for wanted in keys for key in (wanted, f"{wanted}{CI}") if key in block
    }
    return {**shown, "n": {key: block["n"][key] for key in keys}}


# ── Samples ──────────────────────────────────────────────────────────────────────────────────


def _of_samples(scored: Sequence[Scored]) -> Iterator[tuple[str, dict[str, list[Scored]]]]:
    fields = sorted({str(field) for sample, _ in scored for field in sample.metadata})
    for field in fields:
        parts = _parts(scored, partial(_metadata_value, field))
        if 1 < len(parts) <= MOST_VALUES:
            yield field, parts
    if "language" not in fields:
        parts = _parts(scored, _language)
        if len(parts) > 1:
            yield "language", parts
    parts = _parts(scored, _length)
    if len(parts) > 1:
        order = [_length_class(number) for number in range(len(LENGTHS) + 1)]
        yield "length", {value: parts[value] for value in order if value in parts}


def _parts(
    scored: Sequence[Scored], value_of: Callable[[Sample], str | None]
) -> dict[str, list[Scored]]:
    parts: dict[str, list[Scored]] = defaultdict(list)
    for sample, score in scored:
        value = value_of(sample)
        if value is not None:
            parts[value].append((sample, score))
    return dict(sorted(parts.items()))


def _metadata_value(field: str, sample: Sample) -> str | None:
    value = sample.metadata.get(field)
    return str(value) if isinstance(value, str | int | float) else None


def _language(sample: Sample) -> str:
    from stindex.rules.detection import language_of  # noqa: PLC0415 - needs the rules of 9 languages

    return language_of(sample.text)


def _length(sample: Sample) -> str:
    return _length_class(sum(len(sample.text) >= end for end in LENGTHS))


def _length_class(number: int) -> str:
    if number == 0:
        return f"under {LENGTHS[0]} characters"
    if number == len(LENGTHS):
        return f"{LENGTHS[-1]} characters and more"
    return f"{LENGTHS[number - 1]} to {LENGTHS[number] - 1} characters"


# ── Mentions ─────────────────────────────────────────────────────────────────────────────────


def _of_mentions(
    dimension: Dimension[Any],
    part_of: Callable[[Any, Sample], tuple[str, ...]],
    scored: Iterable[Scored],
) -> dict[str, list[SampleScore]]:
    """Return the samples' scores of the gold mentions of each part, as if there were no others.

    Nothing comes back where all mentions belong to one part.
    """
    found = [
        (sample, score, _by_part(sample, sample.gold[dimension.name].mentions, part_of))
        for sample, score in scored
        if dimension.name in score.dimensions
    ]
    parts: dict[str, list[SampleScore]] = {
        part: [] for part in sorted({part for _, _, chosen in found for part in chosen})
    }
    if len(parts) < 2:
        return {}
    for sample, score, chosen in found:
        layer = score.dimensions[dimension.name]
        for part, indices in chosen.items():
            only = {dimension.name: _part(dimension, sample, layer, indices)}
            parts[part].append(SampleScore(score.sample_id, score.document_id, score.outcome, only))
    return parts


def _by_part(
    sample: Sample, gold: Sequence[Mention], part_of: Callable[[Any, Sample], tuple[str, ...]]
) -> dict[str, list[int]]:
    """Return for each part the positions of the gold mentions that belong to it."""
    chosen: dict[str, list[int]] = {}
    for index, mention in enumerate(gold):
        for part in part_of(mention, sample):
            chosen.setdefault(part, []).append(index)
    return chosen


def _part(
    dimension: Dimension[Any], sample: Sample, layer: DimensionScore, indices: Sequence[int]
) -> DimensionScore:
    """Return the score of some of the gold mentions; of the predictions those matched with them."""
    place = {index: number for number, index in enumerate(indices)}
    pairs = tuple(
        JudgedPair(place[pair.gold], pair.predicted, pair.equal_span, pair.judgement)
        for pair in layer.pairs
        if pair.gold in place
    )
    gold = [sample.gold[dimension.name].mentions[index] for index in indices]
    types = [pair.judgement["type_equal"] for pair in pairs]
    counts = {
        "gold": len(gold),
        "predicted": len(pairs),
        "true_positives": sum(pair.equal_span for pair in pairs),
        "relaxed_true_positives": len(pairs),
        "typed_pairs": len(types) - types.count(None),
        "type_equal": types.count(True),
        **dimension.counts(sample, gold, (), pairs),
    }
    # Which of the spurious predictions belong to the part nobody knows: it is not exhaustive.
    return DimensionScore(
        exhaustive=False, counts=counts, pairs=pairs, missed=(), spurious=(), hallucinated=()
    )
