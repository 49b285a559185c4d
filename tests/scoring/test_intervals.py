"""Intervals: where the bootstrap speaks, what stands in for it at the edges, and where none is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention, TemporalMention
from stindex.scoring import SampleScore, aggregate, score_sample
from stindex.scoring.dimension import Measure
from stindex.scoring.intervals import exact, interval, percentiles, run_metrics, wilson
from tests.scoring.corpora import scored


def corpus(samples: int, *, documents: int | None = None) -> list[SampleScore]:
    chance = random.Random(5)
    return [scored(chance, number, documents=documents) for number in range(samples)]


def perfect(number: int, *, document: str | None = None) -> SampleScore:
    gold = (TemporalMention("May", "2001-05", "DATE", 0, 3),)
    place = (SpatialMention("Rome", "city", None, 41.9, 12.5, 9, 13),)
    layers = {"temporal": GoldLayer(gold), "spatial": GoldLayer(place)}
    sample = Sample(str(number), "", layers, document_id=document)
    return score_sample(sample, Prediction({"temporal": gold, "spatial": place}), Outcome.OK)


def without_intervals(block: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: without_intervals(value) if isinstance(value, Mapping) else value
        for key, value in block.items()
        if not key.endswith("_ci95") and key not in ("errors", "place_errors", "confusions")
    }


def with_bounds(block: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float, Any]]:
    for key, value in block.items():
        if isinstance(value, Mapping) and key != "n":
            yield from with_bounds(value, f"{path}{key}.")
        elif isinstance(value, float) and "second" not in key:
            yield f"{path}{key}", value, block.get(f"{key}_ci95")


@pytest.mark.parametrize("samples", [1, 12, 100])
def test_intervals_stand_beside_metrics_and_change_nothing_else(samples: int) -> None:
    scores = corpus(samples)
    assert without_intervals(run_metrics(scores)) == aggregate(scores)


def test_every_score_and_rate_has_an_interval_around_it() -> None:
    metrics = run_metrics(corpus(100, documents=60))
    json.dumps(metrics, allow_nan=False)
    found = list(with_bounds(metrics))
    assert len(found) > 90
    for name, value, bounds in found:
        low, high = bounds
        assert low <= value <= high, name
        assert low < high, name
        assert name.endswith("_km") or (low >= 0 and high <= 1), name


def test_counts_and_what_is_undefined_have_no_interval() -> None:
    metrics = run_metrics([score_sample(Sample("a", "", {}), None, Outcome.INVALID)])
    assert not [key for key in metrics["temporal"] if key.endswith("_ci95")]
    perfect_run = run_metrics([perfect(number) for number in range(20)])["temporal"]
    assert "gold_ci95" not in perfect_run
    assert "gold_ci95" not in perfect_run["slices"]["explicit"]


def test_the_same_samples_have_the_same_intervals_in_any_order() -> None:
    scores = corpus(30, documents=20)
    shuffled = random.Random(2).sample(scores, len(scores))
    assert run_metrics(scores) == run_metrics(shuffled)


def test_nothing_has_metrics_and_no_interval() -> None:
    assert without_intervals(run_metrics([])) == aggregate([])


# ── Edges ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [1, 2, 9, 10, 100, 900])
def test_all_right_is_bounded_by_the_exact_interval_over_documents(n: int) -> None:
    metrics = run_metrics([perfect(number) for number in range(n)])
    for key in ("precision", "recall", "f1_score", "macro_f1_score", "type_f1"):
        low, high = metrics["temporal"][f"{key}_ci95"]
        assert (low, high) == (pytest.approx(0.025 ** (1 / n)), 1.0)
    assert metrics["overall"]["combined_f1_ci95"][0] == pytest.approx(0.025 ** (1 / n))
    assert metrics["spatial"]["auc_ci95"] == [0.0, pytest.approx(1 - 0.025 ** (1 / n))]


def test_ten_samples_of_one_document_are_one_document() -> None:
    ten = [perfect(number, document="d") for number in range(10)]
    assert run_metrics(ten)["temporal"]["f1_score_ci95"] == [pytest.approx(0.025), 1.0]
    assert run_metrics(ten)["overall"]["success_rate_ci95"] == [pytest.approx(0.025), 1.0]


@pytest.mark.parametrize(("n", "known"), [(5, False), (6, True), (50, True)])
def test_a_median_of_equal_distances_is_bounded_from_six_documents_on(n: int, known: bool) -> None:
    spatial = run_metrics([perfect(number) for number in range(n)])["spatial"]
    assert spatial["median_distance_error_km"] == 0.0
    assert spatial.get("median_distance_error_km_ci95") == ([0.0, 0.0] if known else None)
    assert "mean_distance_error_km_ci95" not in spatial


def test_few_documents_get_the_exact_interval() -> None:
    values = Measure(np.linspace(0.4, 0.6, 2000), 9)
    assert interval("temporal.f1_score", 0.5, values) == exact(0.5, 9)
    enough = interval("temporal.f1_score", 0.5, Measure(values.value, 10))
    assert enough == percentiles(values.value, 10)


def test_resamples_without_a_value_are_left_out() -> None:
    values = np.concatenate([np.full(1000, np.nan), np.linspace(0.0, 1.0, 1001)])
    found = interval("x.recall", 0.5, Measure(values, 400))
    assert found is not None
    assert found == pytest.approx((0.025, 0.975), abs=1e-3)
    assert interval("x.recall", 0.5, Measure(np.full(9, np.nan), 400)) is None


# ── Formulas ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_is_as_published(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), table I, method 5.
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_the_exact_interval_is_as_published(
    successes: int, n: int, low: float, high: float
) -> None:
    found = exact(successes / n, n)
    assert found == pytest.approx((low, high), abs=5e-5)


def test_what_rounding_adds_to_nothing_or_to_all_changes_no_interval() -> None:
    assert exact(1 + 1e-9, 10) == exact(1.0, 10)
    assert exact(-1e-9, 10) == exact(0.0, 10)
    nearly_nothing = Measure(np.array([0.0, 1e-15, 2e-15]), 50)
    assert interval("spatial.auc", 0.0, nearly_nothing) == exact(0.0, 50)


def test_the_success_rate_of_independent_samples_has_wilsons_interval() -> None:
    scores = corpus(100)
    overall = run_metrics(scores)["overall"]
    assert overall["success_rate_ci95"] == list(wilson(overall["outcomes"]["ok"], 100))


def test_percentiles_of_many_documents_are_the_plain_ones() -> None:
    values = np.linspace(0.0, 1.0, 2001)
    assert percentiles(values, 10**6) == pytest.approx((0.025, 0.975), abs=1e-4)


def test_percentiles_of_few_documents_reach_further_out() -> None:
    values = np.linspace(0.0, 1.0, 2001)
    # sqrt(10/9) t(0.975, 9) = 2.384 instead of 1.960
    assert percentiles(values, 10) == pytest.approx((0.00856, 0.99144), abs=1e-4)


@given(st.floats(0, 1), st.integers(1, 500))
def test_the_exact_interval_holds_its_share(share: float, n: int) -> None:
    low, high = exact(share, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1
