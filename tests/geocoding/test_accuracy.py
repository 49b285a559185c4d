"""Accuracy and cost of the offline geocoder on documents that it was not developed on."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from geopy.distance import great_circle  # type: ignore[import-untyped]  # it has no types

from stindex.geocoding.embedded import EmbeddedGeocoder
from stindex.schema import Place, SpatialMention

pytestmark = pytest.mark.skipif(
    "STINDEX_BENCHMARK_DATA" not in os.environ, reason="no benchmark data"
)


@pytest.fixture(scope="module")
def documents() -> list[Mapping[str, Any]]:
    path = Path(os.environ["STINDEX_BENCHMARK_DATA"]) / "geovirus.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[len(lines) // 2 :]]


def mentions_of(
    document: Mapping[str, Any],
) -> tuple[list[Mapping[str, Any]], list[SpatialMention]]:
    gold = [m for m in document["ground_truth"]["spatial"] if m["latitude"] is not None]
    return gold, [
        SpatialMention(text=m["text"], start_char=m["start_char"], end_char=m["end_char"])
        for m in gold
    ]


def test_most_places_of_news_are_resolved_within_161_km(
    geocoder: EmbeddedGeocoder, documents: list[Mapping[str, Any]]
) -> None:
    right: list[bool] = []
    for document in documents:
        gold, mentions = mentions_of(document)
        for place, point in zip(geocoder.geocode(mentions, document["text"]), gold, strict=True):
            right.append(
                isinstance(place, Place)
                and great_circle(
                    (place.latitude, place.longitude), (point["latitude"], point["longitude"])
                ).km
                <= 161
            )
    accuracy = statistics.mean(right)
    print(f"GeoVirus, second half: Acc@161km {accuracy:.4f} (n = {len(right)})")  # noqa: T201
    assert accuracy >= 0.83


def test_a_mention_costs_less_than_a_millisecond(
    geocoder: EmbeddedGeocoder, documents: list[Mapping[str, Any]]
) -> None:
    costs = []
    for document in documents:
        _, mentions = mentions_of(document)
        start = time.perf_counter()
        geocoder.geocode(mentions, document["text"])
        costs.append((time.perf_counter() - start) / max(1, len(mentions)))
    print(f"median {statistics.median(costs) * 1000:.2f} ms a mention")  # noqa: T201
    assert statistics.median(costs) < 0.001
