"""Metrics of a run: sums of counts, undefined values, what takes part in what."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention, TemporalMention
from stindex.scoring import (
    SampleScore,
    Timing,
    aggregate,
    metric_n,
    metric_names,
    metric_value,
    score_sample,
)

Spans = list[tuple[int, int]]


def mentions(spans: Spans) -> tuple[TemporalMention, ...]:
    return tuple(
        TemporalMention(f"{a}-{b}", str(2000 + b % 2), "DATE" if a % 2 else "TIME", a, b)
        for a, b in spans
    )


def scored(
    gold: Spans | None,
    predicted: Spans,
    outcome: Outcome = Outcome.OK,
    *,
    exhaustive: bool = True,
    timing: Timing | None = None,
) -> SampleScore:
    layers = {} if gold is None else {"temporal": GoldLayer(mentions(gold), exhaustive)}
    prediction = Prediction({"temporal": mentions(predicted)})
    return score_sample(Sample("a", "", layers), prediction, outcome, timing=timing)


A, B, C = (0, 4), (10, 14), (20, 24)


# ── Counting ─────────────────────────────────────────────────────────────────────────────────


def test_micro_adds_counts_and_macro_averages_samples() -> None:
    metrics = aggregate([scored([A], [A]), scored([A, B, C], [C, (30, 34)])])["temporal"]
    assert metrics["f1_score"] == pytest.approx(2 * 2 / (4 + 3))
    assert metrics["macro_f1_score"] == pytest.approx((1.0 + 2 / 5) / 2)
    assert [
        metrics[f"{kind}_{sign}s"]
        for kind, sign in (("true", "positive"), ("false", "positive"), ("false", "negative"))
    ] == [2, 1, 2]


def test_strict_wants_equal_spans_and_relaxed_an_overlap() -> None:
    metrics = aggregate([scored([A], [(0, 5)])])["temporal"]
    assert (metrics["f1_score"], metrics["relaxed_f1_score"]) == (0.0, 1.0)


def test_text_matches_surface_forms_as_a_multiset() -> None:
    gold = tuple(TemporalMention(word, "") for word in ("May", "may", "June", "New  Year"))
    predicted = tuple(TemporalMention(word, "") for word in ("MAY", "new year", "May", "May"))
    sample = Sample("a", "", {"temporal": GoldLayer(gold)})
    metrics = aggregate([score_sample(sample, Prediction({"temporal": predicted}), Outcome.OK)])
    assert metrics["temporal"]["text_f1_score"] == pytest.approx(2 * 3 / 8)
    assert metrics["temporal"]["hallucinated"] == 4


def test_no_prediction_leaves_precision_undefined_and_f1_zero() -> None:
    metrics = aggregate([scored([A], [])])["temporal"]
    assert metrics["precision"] is None
    assert (metrics["recall"], metrics["f1_score"], metrics["type_f1"]) == (0.0, 0.0, 0.0)


def test_neither_gold_nor_prediction_is_correct_and_counted_apart() -> None:
    metrics = aggregate([scored([], []), scored([], [], Outcome.INVALID), scored([A], [A])])
    temporal = metrics["temporal"]
    assert (temporal["samples"], temporal["correct_empty_samples"]) == (3, 1)
    assert metrics["overall"]["correct_empty_samples"] == 1
    assert (temporal["macro_f1_score"], temporal["n"]["macro_f1_score"]) == (1.0, 1)


def test_nothing_at_all_leaves_every_rate_undefined() -> None:
    metrics = aggregate([])
    assert metrics["temporal"]["f1_score"] is metrics["overall"]["combined_f1"] is None
    assert metrics["overall"]["success_rate"] is None
    json.dumps(metrics, allow_nan=False)


def test_a_layer_that_was_not_annotated_takes_no_part() -> None:
    assert aggregate([scored([A], [A]), scored(None, [B])])["temporal"]["f1_score"] == 1.0


def test_an_invalid_answer_misses_its_gold_and_an_error_is_only_counted() -> None:
    scores = [scored([A], [A]), scored([A], [A], Outcome.INVALID), scored([A], [], Outcome.ERROR)]
    metrics = aggregate(scores)
    assert metrics["temporal"]["recall"] == 0.5
    assert metrics["overall"]["success_rate"] == pytest.approx(1 / 3)
    assert metrics["overall"]["total_documents"] == 3
    outcomes = {name: metrics["overall"]["outcomes"][name] for name in Outcome}
    assert outcomes == {"ok": 1, "invalid": 1, "truncated": 0, "error": 1}


def test_one_partial_annotation_leaves_recall_and_takes_precision_and_f1() -> None:
    metrics = aggregate([scored([A], [A, B], exhaustive=False), scored([A], [A])])
    temporal = metrics["temporal"]
    assert (temporal["recall"], temporal["relaxed_recall"], temporal["type_accuracy"]) == (1, 1, 1)
    assert temporal["normalization_accuracy"] == 1.0
    assert temporal["semeval"]["exact"]["recall"] == 1.0
    for name in (
        "precision",
        "f1_score",
        "relaxed_f1_score",
        "text_f1_score",
        "macro_f1_score",
        "false_positives",
        "type_f1",
        "value_f1",
    ):
        assert temporal[name] is None, name
        assert metric_n(metrics, f"temporal.{name}") == 0
    assert temporal["semeval"]["exact"]["f1"] is metrics["overall"]["combined_f1"] is None


def test_types_are_left_out_where_the_gold_has_none() -> None:
    gold = (TemporalMention("x", "1", None, 0, 4), TemporalMention("x", "1", "DATE", 10, 14))
    sample = Sample("a", "", {"temporal": GoldLayer(gold)})
    prediction = Prediction({"temporal": mentions([A, (11, 14)])})
    temporal = aggregate([score_sample(sample, prediction, Outcome.OK)])["temporal"]
    assert (temporal["type_accuracy"], temporal["n"]["type_accuracy"]) == (1.0, 1)
    assert temporal["semeval"]["strict"]["f1"] is temporal["semeval"]["ent_type"]["f1"] is None
    assert temporal["semeval"]["partial"]["f1"] == 0.75


# ── Overall ──────────────────────────────────────────────────────────────────────────────────


def two_layers(spatial_gold: bool | None, spatial_found: bool) -> dict[str, Any]:
    place = (SpatialMention("x", "city", None, 1.0, 1.0, 30, 34),)
    layers = {"temporal": GoldLayer(mentions([A]))}
    if spatial_gold is not None:
        layers["spatial"] = GoldLayer(place if spatial_gold else ())
    prediction = Prediction({"temporal": mentions([A]), "spatial": place if spatial_found else ()})
    return aggregate([score_sample(Sample("a", "", layers), prediction, Outcome.OK)])["overall"]


@pytest.mark.parametrize(
    ("gold", "found", "combined", "layers"),
    [
        (True, False, 0.5, ["temporal", "spatial"]),
        (False, True, 0.5, ["temporal", "spatial"]),
        (False, False, 1.0, ["temporal"]),
        (None, True, 1.0, ["temporal"]),
    ],
)
def test_combined_f1_is_of_the_layers_that_have_something(
    gold: bool | None, found: bool, combined: float, layers: list[str]
) -> None:
    overall = two_layers(gold, found)
    assert overall["combined_f1"] == overall["combined_text_f1"] == combined
    assert overall["combined_of"] == layers


def test_times_are_shared_by_what_was_decoded_together() -> None:
    scores = [
        scored([A], [A], timing=Timing(seconds, 9, 30, batch_size=2)) for seconds in (2.0, 4.0)
    ]
    overall = aggregate(scores)["overall"]
    assert overall["average_processing_time_seconds"] == 1.5
    assert overall["p50_processing_time_seconds"] == 3.0
    assert overall["p95_processing_time_seconds"] == pytest.approx(3.9)
    assert overall["tokens_per_second"] == 20.0
    assert {overall["n"][key] for key in overall if "second" in key} == {2}
    measured = aggregate(scores, wall_seconds=4.0)["overall"]
    assert measured["average_processing_time_seconds"] == 2.0
    assert measured["tokens_per_second"] == 15.0


def test_without_times_they_are_undefined() -> None:
    overall = aggregate([scored([A], [A])])["overall"]
    assert overall["average_processing_time_seconds"] is overall["tokens_per_second"] is None
    assert aggregate([scored([A], [A], timing=Timing(0.0))])["overall"]["tokens_per_second"] is None


# ── Names ────────────────────────────────────────────────────────────────────────────────────

RATES = ("precision", "recall", "f1_score")
BOTH = [
    *RATES,
    *(f"relaxed_{rate}" for rate in RATES),
    *(f"text_{rate}" for rate in RATES),
    *("macro_f1_score", "relaxed_macro_f1_score", "true_positives", "false_positives"),
    *("false_negatives", "relaxed_true_positives", "gold", "predicted", "hallucinated"),
    *("type_accuracy", "type_f1"),
    *(
        f"semeval.{view}.{rate}"
        for view in ("strict", "exact", "partial", "ent_type")
        for rate in ("precision", "recall", "f1")
    ),
]
TEMPORAL = [
    *("normalization_accuracy", "normalization_accuracy_equivalent", "normalization_overlap"),
    *("value_f1", "value_f1_equivalent"),
]
PLACES = [
    *("geocoding_success_rate", "mean_distance_error_km", "median_distance_error_km"),
    *("accuracy_at_25km", "accuracy_at_161km", "accuracy_at_25km_end_to_end"),
    *("accuracy_at_161km_end_to_end", "accuracy_at_161km_areal"),
    *("accuracy_at_161km_areal_end_to_end", "auc"),
]
OVERALL = [
    *("combined_f1", "combined_relaxed_f1", "combined_text_f1", "success_rate"),
    *("average_processing_time_seconds", "total_documents"),
]


@pytest.mark.parametrize(
    "name",
    [
        *(f"{block}.{name}" for block in ("temporal", "spatial") for name in BOTH),
        *(f"temporal.{name}" for name in TEMPORAL),
        *(f"spatial.{group}{name}" for group in ("", "point.", "area.") for name in PLACES),
        *(f"overall.{name}" for name in OVERALL),
    ],
)
def test_every_agreed_name_is_there_and_has_an_n(name: str) -> None:
    metrics = aggregate([scored([A], [A])])
    assert name in metric_names()
    value, n = metric_value(metrics, name), metric_n(metrics, name)
    assert isinstance(n, int)
    assert n == 0 or value is not None


@pytest.mark.parametrize(
    ("name", "n"),
    [
        ("temporal.precision", 2),
        ("temporal.recall", 3),
        ("temporal.f1_score", 3),
        ("temporal.type_accuracy", 1),
        ("temporal.normalization_accuracy", 1),
        ("temporal.macro_f1_score", 1),
        ("overall.combined_f1", 3),
        ("overall.success_rate", 1),
        ("spatial.f1_score", 0),
    ],
)
def test_n_is_what_a_metric_is_over(name: str, n: int) -> None:
    assert metric_n(aggregate([scored([A, B, C], [A, (30, 34)])]), name) == n


@pytest.mark.parametrize(
    "name", ["temporal.nothing", "temporal.n", "temporal.semeval", "overall.combined_of", "nothing"]
)
def test_what_is_no_metric_has_no_value(name: str) -> None:
    with pytest.raises(KeyError):
        metric_value(aggregate([]), name)
    assert name not in metric_names()


# ── Properties ───────────────────────────────────────────────────────────────────────────────

SPAN = st.tuples(st.integers(0, 12), st.integers(1, 5)).map(lambda s: (s[0], s[0] + s[1]))
SPANS = st.lists(SPAN, max_size=6)
DOCUMENTS = st.lists(st.tuples(SPANS, SPANS), max_size=6)


@given(DOCUMENTS, st.randoms())
def test_no_order_matters_to_the_last_digit(
    documents: list[tuple[Spans, Spans]], chance: random.Random
) -> None:
    before = aggregate(scored(gold, predicted) for gold, predicted in documents)
    shuffled = [(gold, chance.sample(predicted, len(predicted))) for gold, predicted in documents]
    chance.shuffle(shuffled)
    assert aggregate(scored(gold, predicted) for gold, predicted in shuffled) == before


@given(DOCUMENTS)
def test_f1_is_the_same_with_gold_and_prediction_swapped(
    documents: list[tuple[Spans, Spans]],
) -> None:
    one = aggregate(scored(gold, predicted) for gold, predicted in documents)["temporal"]
    other = aggregate(scored(predicted, gold) for gold, predicted in documents)["temporal"]
    for prefix in ("", "relaxed_", "text_", "macro_", "relaxed_macro_"):
        assert one[f"{prefix}f1_score"] == other[f"{prefix}f1_score"]
    assert one["precision"] == other["recall"]
    assert one["semeval"]["partial"]["f1"] == other["semeval"]["partial"]["f1"]


@given(SPANS, SPANS)
def test_a_wrong_prediction_more_never_raises_precision(gold: Spans, predicted: Spans) -> None:
    before = aggregate([scored(gold, predicted)])["temporal"]
    after = aggregate([scored(gold, [*predicted, (90, 95)])])["temporal"]
    for name in ("precision", "relaxed_precision", "text_precision", "f1_score"):
        assert before[name] is None or after[name] <= before[name]


@given(DOCUMENTS, DOCUMENTS)
def test_the_metrics_of_a_union_follow_from_the_sums_of_its_counts(
    left: list[tuple[Spans, Spans]], right: list[tuple[Spans, Spans]]
) -> None:
    one, two, both = (
        aggregate(scored(gold, predicted) for gold, predicted in documents)["temporal"]
        for documents in (left, right, [*left, *right])
    )
    for name in ("gold", "predicted", "true_positives", "relaxed_true_positives", "samples"):
        assert one[name] + two[name] == both[name]
    for prefix in ("", "relaxed_"):
        correct = one[f"{prefix}true_positives"] + two[f"{prefix}true_positives"]
        gold, predicted = one["gold"] + two["gold"], one["predicted"] + two["predicted"]
        assert both[f"{prefix}precision"] == (correct / predicted if predicted else None)
        assert both[f"{prefix}recall"] == (correct / gold if gold else None)
        total = gold + predicted
        assert both[f"{prefix}f1_score"] == (2 * correct / total if total else None)


def test_scores_are_read_once() -> None:
    def once() -> Iterator[SampleScore]:
        yield scored([A], [A])

    assert aggregate(once())["temporal"]["gold"] == 1


@given(DOCUMENTS)
def test_rates_lie_between_0_and_1(documents: list[tuple[Spans, Spans]]) -> None:
    metrics = aggregate(scored(gold, predicted) for gold, predicted in documents)["temporal"]
    assert all(0 <= value <= 1 for value in rates(metrics))


def rates(block: Mapping[str, Any]) -> Iterator[float]:
    for name, value in block.items():
        if isinstance(value, Mapping) and name != "n":
            yield from rates(value)
        elif isinstance(value, float):
            yield value
