"""Errors by kind: each planted error is counted once, as what it is, and nothing else is."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.schema import (
    GoldLayer,
    Mention,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import mention_errors, score_sample
from stindex.scoring.errors import count_errors
from stindex.scoring.intervals import run_metrics
from tests.scoring.corpora import random_sample

MAY = TemporalMention("in May", "2013-05", "DATE", 0, 6)
NOON = TemporalMention("at noon", "T12:00", "TIME", 10, 17)
ROME = SpatialMention("Rome", "city", None, 41.9, 12.5, 20, 24)
CANADA = SpatialMention("Canada", "country", None, 60.0, -96.0, 30, 36)
GOLD: tuple[Mention, ...] = (MAY, NOON, ROME, CANADA)


@pytest.fixture(autouse=True)
def shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Canada lies west of 50 °W, Italy between 6 and 19 °E; no other country has a shape."""

    def covers(country: str, latitude: float, longitude: float) -> bool | None:
        return {"CA": longitude < -50, "IT": 6 < longitude < 19}.get(country)

    module = ModuleType("stindex.geocoding.areas")
    module.covers = covers  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stindex.geocoding.areas", module)


def layers(mentions: tuple[Mention, ...]) -> dict[str, tuple[Mention, ...]]:
    return {
        "temporal": tuple(m for m in mentions if isinstance(m, TemporalMention)),
        "spatial": tuple(m for m in mentions if isinstance(m, SpatialMention)),
    }


def counted(*predicted: Mention) -> dict[str, dict[str, Any]]:
    gold = {name: GoldLayer(layer) for name, layer in layers(GOLD).items()}
    prediction = Prediction(layers(predicted))
    return count_errors([score_sample(Sample("a", "", gold), prediction, Outcome.OK)])


def found(*predicted: Mention) -> dict[str, int]:
    """Return the errors of both dimensions that were made at all."""
    return {
        f"{name}.{kind}": number
        for name, block in counted(*predicted).items()
        for kind, number in block["errors"].items()
        if number
    }


def with_only(replaced: Mention, *instead: Mention) -> tuple[Mention, ...]:
    return (*(mention for mention in GOLD if mention is not replaced), *instead)


def test_gold_has_no_errors() -> None:
    assert found(*GOLD) == {}


SPURIOUS = TemporalMention("week", "P1W", "DURATION", 50, 54)


@pytest.mark.parametrize(
    ("predicted", "error"),
    [
        (with_only(MAY), "temporal.missed"),
        (with_only(ROME), "spatial.missed"),
        ((*GOLD, SPURIOUS), "temporal.spurious"),
        ((*GOLD, replace(SPURIOUS, start_char=None, end_char=None)), "temporal.hallucinated"),
        (with_only(MAY, replace(MAY, text="May", start_char=3)), "temporal.boundary"),
        (with_only(NOON, replace(NOON, temporal_type="DATE")), "temporal.type"),
        (with_only(NOON, replace(NOON, normalized="T13:00")), "temporal.value"),
        (with_only(ROME, replace(ROME, location_type="region")), "spatial.type"),
        (with_only(ROME, replace(ROME, latitude=34.3, longitude=-85.2)), "spatial.place"),
        (with_only(ROME, replace(ROME, latitude=None)), "spatial.place"),
    ],
)
def test_a_planted_error_is_counted_once_and_alone(
    predicted: tuple[Mention, ...], error: str
) -> None:
    assert found(*predicted) == {error: 1}


def test_planted_errors_of_all_kinds_are_exactly_these() -> None:
    predicted = (
        replace(MAY, start_char=3, normalized="2014-05", temporal_type="TIME"),
        SPURIOUS,
        replace(SPURIOUS, start_char=None, end_char=None),
        replace(ROME, latitude=None),
    )
    assert found(*predicted) == {
        "temporal.missed": 1,
        "temporal.spurious": 1,
        "temporal.hallucinated": 1,
        "temporal.boundary": 1,
        "temporal.type": 1,
        "temporal.value": 1,
        "spatial.missed": 1,
        "spatial.place": 1,
    }


# ── Places ───────────────────────────────────────────────────────────────────────────────────


def resolved(
    gold: SpatialMention, kind: str, country: str, latitude: float, longitude: float
) -> SpatialMention:
    place = Place("x", latitude, longitude, kind, country)
    return replace(gold, latitude=latitude, longitude=longitude, place=place)


@pytest.mark.parametrize(
    ("gold", "predicted", "detail"),
    [
        (ROME, replace(ROME, latitude=None, longitude=None), "unresolved"),
        # Rome, Georgia: another city.
        (ROME, resolved(ROME, "city", "US", 34.3, -85.2), "namesake"),
        # A region of the gold's country, and one of another.
        (ROME, resolved(ROME, "region", "IT", 45.5, 9.0), "granularity"),
        (ROME, resolved(ROME, "region", "US", 34.3, -85.2), "namesake"),
        # The country's town of that name, and a town elsewhere.
        (CANADA, resolved(CANADA, "city", "CA", 45.0, -75.0), "granularity"),
        (CANADA, resolved(CANADA, "city", "IT", 43.0, 12.0), "namesake"),
        # No shape tells: near, or far away.
        (ROME, resolved(ROME, "region", "ZZ", 44.5, 12.5), "granularity"),
        (ROME, resolved(ROME, "region", "ZZ", -44.5, 12.5), "namesake"),
        # Coordinates of a system that says nothing else.
        (ROME, replace(ROME, latitude=-41.9), "namesake"),
    ],
)
def test_what_is_wrong_with_a_place_is_told(
    gold: SpatialMention, predicted: SpatialMention, detail: str
) -> None:
    block = counted(*with_only(gold, predicted))["spatial"]
    assert block["errors"]["place"] == 1
    assert block["place_errors"] == {
        kind: int(kind == detail) for kind in ("namesake", "granularity", "unresolved")
    }


def test_each_error_of_a_sample_names_its_mentions_and_the_detail_of_a_place() -> None:
    sample = Sample("a", "", {"spatial": GoldLayer((CANADA, ROME))})
    score = score_sample(
        sample, Prediction({"spatial": (replace(ROME, latitude=None),)}), Outcome.OK
    )
    assert [(e.kind, e.gold, e.predicted, e.detail) for e in mention_errors(score)] == [
        ("missed", 0, None, ""),
        ("place", 1, 0, "unresolved"),
    ]


# ── Types ────────────────────────────────────────────────────────────────────────────────────


def test_types_of_pairs_are_tabled_the_most_frequent_first() -> None:
    predicted = with_only(NOON, replace(NOON, temporal_type="date"))
    assert counted(*predicted)["temporal"]["confusions"] == [
        {"gold": "DATE", "predicted": "DATE", "count": 1},
        {"gold": "TIME", "predicted": "DATE", "count": 1},
    ]
    spatial = counted(ROME, replace(CANADA, location_type=None))["spatial"]["confusions"]
    assert {(row["gold"], row["predicted"]) for row in spatial} == {
        ("city", "city"),
        ("country", None),
    }


def test_of_types_equally_frequent_none_at_all_comes_first() -> None:
    untyped = replace(MAY, temporal_type=None)
    gold = Sample("a", "", {"temporal": GoldLayer((MAY,))})
    scores = [
        score_sample(gold, Prediction({"temporal": (one,)}), Outcome.OK)
        for one in (replace(MAY, temporal_type="DATE"), untyped)
    ]
    rows = count_errors(scores)["temporal"]["confusions"]
    assert [row["predicted"] for row in rows] == [None, "DATE"]


def test_gold_without_a_type_is_in_no_table_of_types() -> None:
    sample = Sample("a", "", {"spatial": GoldLayer((replace(ROME, location_type=None),))})
    score = score_sample(sample, Prediction({"spatial": (ROME,)}), Outcome.OK)
    assert count_errors([score])["spatial"]["confusions"] == []


# ── Properties ───────────────────────────────────────────────────────────────────────────────


@given(st.randoms(use_true_random=False))
def test_every_mention_is_accounted_for(chance: random.Random) -> None:
    sample, prediction = random_sample(chance, 0)
    score = score_sample(sample, prediction, Outcome.OK)
    metrics = run_metrics([score], resamples=1)
    for name in ("temporal", "spatial"):
        block, errors = metrics[name], metrics[name]["errors"]
        matched = block["relaxed_true_positives"]
        assert block["gold"] == matched + errors["missed"]
        assert block["predicted"] == matched + errors["spurious"] + errors["hallucinated"]
        assert errors["boundary"] == matched - block["true_positives"]
        confused = [row for row in block["confusions"] if row["gold"] != row["predicted"]]
        assert errors["type"] == sum(row["count"] for row in confused)
    assert metrics["spatial"]["errors"]["place"] == sum(metrics["spatial"]["place_errors"].values())


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_no_order_of_predictions_or_documents_changes_any_number(
    chance: random.Random, number: int
) -> None:
    pairs = [random_sample(chance, index) for index in range(number)]
    before = run_metrics([score_sample(s, p, Outcome.OK) for s, p in pairs], resamples=20)
    shuffled = [
        (s, Prediction({k: tuple(chance.sample(m, len(m))) for k, m in p.mentions.items()}))
        for s, p in chance.sample(pairs, len(pairs))
    ]
    after = run_metrics([score_sample(s, p, Outcome.OK) for s, p in shuffled], resamples=20)
    assert after == before
