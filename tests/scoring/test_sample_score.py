"""The score of one sample: outcomes, judged pairs, error kinds, JSON."""

from __future__ import annotations

import json
import time

import pytest

from stindex.schema import (
    Generation,
    GoldLayer,
    Mention,
    Outcome,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import (
    ERROR_KINDS,
    SampleScore,
    Timing,
    aggregate,
    mention_errors,
    sample_metric_names,
    sample_metrics,
    score_sample,
)

TEXT = "On Monday and Tuesday they met in Paris, then in Rome near Oslo."
GOLD: dict[str, tuple[Mention, ...]] = {
    "temporal": (
        TemporalMention("Monday", "2013-03-18", "DATE", 3, 9),
        TemporalMention("Tuesday", "2013-03-19", "DATE", 14, 21),
    ),
    "spatial": (
        SpatialMention("Paris", "city", None, 48.86, 2.35, 34, 39),
        SpatialMention("Rome", "city", None, 41.9, 12.5, 49, 53),
    ),
}
SAMPLE = Sample("a", TEXT, {name: GoldLayer(layer) for name, layer in GOLD.items()})
# Every kind of error once.
FLAWED = Prediction(
    {
        "temporal": (
            TemporalMention("On Monday", "2013-03-25", "TIME", 0, 9),
            TemporalMention("Friday", "2013-03-22", "DATE"),
        ),
        "spatial": (
            SpatialMention("Paris", "city", None, 33.66, -95.56, 34, 39),
            SpatialMention("Rome", "city", None, None, None, 49, 53),
            SpatialMention("Oslo", "city", None, 59.9, 10.8, 59, 63),
        ),
    }
)


def kinds(score: SampleScore) -> list[tuple[str, str]]:
    return sorted((error.dimension, error.kind) for error in mention_errors(score))


def test_gold_as_its_own_prediction_is_perfect() -> None:
    score = score_sample(SAMPLE, Prediction(GOLD), Outcome.OK)
    assert mention_errors(score) == ()
    assert sample_metrics(score)["combined_f1"] == 1.0


def test_each_kind_of_error_is_named_once() -> None:
    found = kinds(score_sample(SAMPLE, FLAWED, Outcome.OK))
    assert found == [
        ("spatial", "place"),
        ("spatial", "place"),
        ("spatial", "spurious"),
        ("temporal", "boundary"),
        ("temporal", "hallucinated"),
        ("temporal", "missed"),
        ("temporal", "type"),
        ("temporal", "value"),
    ]
    assert {kind for _, kind in found} == set(ERROR_KINDS)


def test_in_a_partial_annotation_nothing_is_spurious_but_what_is_not_in_the_text() -> None:
    layers = {name: GoldLayer(layer, exhaustive=False) for name, layer in GOLD.items()}
    found = {kind for _, kind in kinds(score_sample(Sample("a", TEXT, layers), FLAWED, Outcome.OK))}
    assert "spurious" not in found
    assert "hallucinated" in found


def test_pairs_name_positions_in_gold_and_prediction() -> None:
    layer = score_sample(SAMPLE, FLAWED, Outcome.OK).dimensions["temporal"]
    (pair,) = layer.pairs
    assert (pair.gold, pair.predicted, pair.equal_span) == (0, 0, False)
    assert pair.judgement == {
        "type_equal": False,
        "value_equal": False,
        "value_equivalent": False,
        "value_overlap": 0.0,
    }
    assert (layer.missed, layer.spurious, layer.hallucinated) == ((1,), (1,), (1,))


@pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.TRUNCATED])
def test_an_answer_that_is_not_valid_predicted_nothing(outcome: Outcome) -> None:
    score = score_sample(SAMPLE, Prediction(GOLD), outcome)
    assert {name: layer.missed for name, layer in score.dimensions.items()} == {
        "temporal": (0, 1),
        "spatial": (0, 1),
    }
    assert sample_metrics(score)["temporal_f1_score"] == 0.0


def test_an_error_of_ours_is_not_measured() -> None:
    score = score_sample(SAMPLE, None, Outcome.ERROR)
    assert score.dimensions == {}
    assert set(sample_metrics(score).values()) == {None}


def test_a_layer_that_was_not_annotated_is_not_scored() -> None:
    sample = Sample("a", TEXT, {"spatial": GoldLayer(GOLD["spatial"])})
    score = score_sample(sample, Prediction(GOLD), Outcome.OK)
    assert (score.annotated("spatial"), score.annotated("temporal")) == (True, False)
    metrics = sample_metrics(score)
    assert metrics["temporal_f1_score"] is metrics["temporal_predicted"] is None
    assert metrics["combined_f1"] == 1.0


def test_an_empty_layer_makes_what_is_predicted_wrong() -> None:
    sample = Sample("a", TEXT, {"temporal": GoldLayer(())})
    metrics = sample_metrics(score_sample(sample, Prediction(GOLD), Outcome.OK))
    assert metrics["temporal_precision"] == metrics["temporal_f1_score"] == 0.0
    assert metrics["temporal_recall"] is None


def test_metrics_of_a_sample_have_flat_names() -> None:
    names = sample_metric_names()
    assert {
        "temporal_f1_score",
        "temporal_relaxed_f1_score",
        "temporal_semeval_strict_f1",
        "spatial_mean_distance_error_km",
        "spatial_point_accuracy_at_25km",
        "combined_f1",
    } <= set(names)
    assert tuple(sample_metrics(score_sample(SAMPLE, FLAWED, Outcome.OK))) == names


def test_a_score_comes_back_from_json_as_it_was() -> None:
    timing = Timing.of(Generation("", "stop", 5, 7, 1.5, 2))
    score = score_sample(SAMPLE, FLAWED, Outcome.OK, timing=timing)
    again = SampleScore.from_json(json.loads(json.dumps(score.to_json())))
    assert again == score
    assert aggregate([again]) == aggregate([score])


def test_a_score_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 2 was expected, not 0"):
        SampleScore.from_json({"version": 0})


def test_scoring_takes_less_than_a_third_of_a_millisecond() -> None:
    words = [TemporalMention("May", f"20{n:02}-05", "DATE", 9 * n, 9 * n + 3) for n in range(5)]
    places = [SpatialMention("Rome", "city", None, 41.9, 12.5, 9 * n, 9 * n + 4) for n in range(5)]
    gold: dict[str, tuple[Mention, ...]] = {"temporal": tuple(words), "spatial": tuple(places)}
    layers = {name: GoldLayer(layer) for name, layer in gold.items()}
    sample, prediction = Sample("a", "x" * 1000, layers), Prediction(gold)
    durations = []
    for _ in range(50):
        begin = time.perf_counter()
        score_sample(sample, prediction, Outcome.OK)
        durations.append(time.perf_counter() - begin)
    assert min(durations) < 0.3e-3
