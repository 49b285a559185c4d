"""Slices: parts of a run are scored as if there were nothing else."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention, TemporalMention
from stindex.scoring import SampleScore, aggregate, score_sample
from stindex.scoring.intervals import run_metrics
from stindex.scoring.slices import HEADLINE, MOST_VALUES, slices
from tests.scoring.corpora import random_sample

Scored = tuple[Sample, SampleScore]


def corpus(samples: int, **metadata: list[Any]) -> list[Scored]:
    chance = random.Random(7)
    found = []
    for number in range(samples):
        sample, prediction = random_sample(chance, number)
        if metadata:
            fields = {name: values[number % len(values)] for name, values in metadata.items()}
            sample = replace(sample, metadata={k: v for k, v in fields.items() if v is not None})
        found.append((sample, score_sample(sample, prediction, Outcome.OK)))
    return found


def rows(scored: list[Scored], by: str) -> dict[str, dict[str, Any]]:
    return {row["value"]: row for row in slices(scored) if row["by"] == by}


def test_a_slice_of_samples_scores_what_a_run_over_them_would() -> None:
    scored = corpus(40)
    parts = rows(scored, "language")
    assert set(parts) == {"de", "en"}
    for language, row in parts.items():
        alone = [score for sample, score in scored if sample.metadata["language"] == language]
        metrics = aggregate(alone)
        assert row["samples"] == len(alone)
        for name, keys in HEADLINE.items():
            for key in keys:
                assert row["metrics"][name][key] == metrics[name][key]
                assert row["metrics"][name]["n"][key] == metrics[name]["n"][key]
    assert sum(row["samples"] for row in parts.values()) == 40


def test_a_slice_has_the_intervals_of_a_run_over_its_samples() -> None:
    scored = corpus(60, source=["a", "b", "b"])
    row = rows(scored, "source")["b"]
    alone = [score for sample, score in scored if sample.metadata["source"] == "b"]
    metrics = run_metrics(alone, resamples=1000)
    for key in ("f1_score_ci95", "auc_ci95", "median_distance_error_km_ci95"):
        assert row["metrics"]["spatial"][key] == metrics["spatial"][key]
    assert row["metrics"]["overall"]["success_rate_ci95"] == metrics["overall"]["success_rate_ci95"]


def test_samples_without_a_field_are_in_none_of_its_slices() -> None:
    parts = rows(corpus(30, topic=["a", "b", None]), "topic")
    assert {value: row["samples"] for value, row in parts.items()} == {"a": 10, "b": 10}


@pytest.mark.parametrize(
    ("values", "sliced"),
    [
        ([1, 2], True),
        ([True, False], True),
        (["only"], False),
        (list(range(MOST_VALUES)), True),
        (list(range(MOST_VALUES + 1)), False),
        ([["a"], ["b"]], False),
        ([{"a": 1}, {"b": 1}], False),
    ],
)
def test_a_field_with_few_plain_values_is_sliced(values: list[Any], sliced: bool) -> None:
    found = rows(corpus(2 * len(values) + 2, field=values), "field")
    assert set(found) == ({str(value) for value in values} if sliced else set())


def test_languages_are_told_from_the_texts_where_the_metadata_do_not_name_them() -> None:
    texts = [
        "Er kam am Montag und ist mit dem Zug nach Rom gefahren.",
        "It was the end of the day.",
    ]
    scored = [(replace(s, text=texts[i % 2]), c) for i, (s, c) in enumerate(corpus(6, x=["y"]))]
    assert set(rows(scored, "language")) == {"de", "en"}


def test_texts_are_sliced_by_length_in_the_order_of_length() -> None:
    scored = [
        (replace(sample, text="x" * length), score)
        for (sample, score), length in zip(corpus(5), (499, 500, 1999, 2000, 8000), strict=True)
    ]
    assert [(value, row["samples"]) for value, row in rows(scored, "length").items()] == [
        ("under 500 characters", 1),
        ("500 to 1999 characters", 2),
        ("2000 to 7999 characters", 1),
        ("8000 characters and more", 1),
    ]


# ── Mentions ─────────────────────────────────────────────────────────────────────────────────

TODAY = TemporalMention("today", "2026-03-04", "DATE", 0, 5)
YEAR = TemporalMention("2012", "2012", "date", 10, 14)
WEEK = TemporalMention("a week", "P1W", "DURATION", 19, 25)
ROME = SpatialMention("Rome", "city", None, 41.9, 12.5, 30, 34)
ITALY = SpatialMention("Italy", "country", None, 42.8, 12.8, 40, 45)
WRONG_WEEK = TemporalMention("week", "P2W", "DATE", 21, 25)
SAMPLE = Sample(
    "a",
    "",
    {"temporal": GoldLayer((WEEK, TODAY, YEAR)), "spatial": GoldLayer((ROME, ITALY))},
    reference_date="2026-03-04",
)


def mention_rows(*predicted: TemporalMention | SpatialMention) -> dict[tuple[str, str], Any]:
    prediction = Prediction(
        {
            "temporal": tuple(m for m in predicted if isinstance(m, TemporalMention)),
            "spatial": tuple(m for m in predicted if isinstance(m, SpatialMention)),
        }
    )
    scored = [(SAMPLE, score_sample(SAMPLE, prediction, Outcome.OK))]
    return {
        (row["by"], row["value"]): next(iter(row["metrics"].values())) for row in slices(scored)
    }


def test_gold_is_sliced_by_type_whatever_was_predicted() -> None:
    found = mention_rows(TODAY, WRONG_WEEK)
    dates, durations = found["temporal type", "DATE"], found["temporal type", "DURATION"]
    assert (dates["gold"], dates["recall"], dates["type_accuracy"]) == (2, 0.5, 1.0)
    assert dates["normalization_accuracy"] == 1.0
    assert (durations["gold"], durations["recall"], durations["relaxed_recall"]) == (1, 0.0, 1.0)
    assert (durations["type_accuracy"], durations["normalization_accuracy"]) == (0.0, 0.0)


def test_gold_is_sliced_by_what_its_words_say() -> None:
    found = mention_rows(TODAY, YEAR)
    counted = {
        value: (row["gold"], row["recall"])
        for (by, value), row in found.items()
        if by == "temporal reference"
    }
    assert counted == {
        "explicit": (2, 0.5),
        "relative": (1, 1.0),
        "equals_reference_date": (1, 1.0),
    }


def test_places_are_sliced_by_type_with_distances_of_their_own() -> None:
    found = mention_rows(replace(ROME, latitude=42.9), ITALY)
    assert found["spatial type", "city"]["median_distance_error_km"] == pytest.approx(111, abs=1)
    assert found["spatial type", "country"]["median_distance_error_km"] == 0.0
    assert found["spatial type", "country"]["n"]["median_distance_error_km"] == 1


def test_slices_of_mentions_add_up_to_the_whole() -> None:
    scored = corpus(50)
    whole = aggregate(score for _, score in scored)
    for name in ("temporal", "spatial"):
        parts = [row["metrics"][name] for row in rows(scored, f"{name} type").values()]
        assert sum(part["gold"] for part in parts) == whole[name]["gold"]
        found = sum(part["recall"] * part["gold"] for part in parts)
        assert found == pytest.approx(whole[name]["recall"] * whole[name]["gold"])


def test_precision_of_one_kind_of_gold_is_not_told() -> None:
    row = mention_rows(TODAY)["temporal type", "DATE"]
    assert not {"precision", "f1_score"} & set(row)
    assert "recall_ci95" in row


def test_what_was_not_annotated_or_not_measured_has_no_slices() -> None:
    sample = Sample("a", "", {})
    assert slices([(sample, score_sample(sample, None, Outcome.OK))]) == ()
    assert slices([(SAMPLE, score_sample(SAMPLE, None, Outcome.ERROR))]) == ()
    assert slices([]) == ()


def test_slices_are_written_as_json() -> None:
    json.dumps(slices(corpus(12)), allow_nan=False)
