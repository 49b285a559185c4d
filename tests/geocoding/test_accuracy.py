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
from stindex.scoring.spatial import distance_km, is_right_place

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("STINDEX_BENCHMARK_DATA" not in os.environ, reason="no benchmark data"),
]


Document = Mapping[str, Any]
UNRESOLVED_KM = 20_039.0


@pytest.fixture(scope="module")
def halves() -> Mapping[str, list[Document]]:
    path = Path(os.environ["STINDEX_BENCHMARK_DATA"]) / "geovirus.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    documents = [json.loads(line) for line in lines]
    middle = len(documents) // 2
    return {"first": documents[:middle], "second": documents[middle:]}


def mentions_of(document: Document) -> tuple[list[Mapping[str, Any]], list[SpatialMention]]:
    gold = [m for m in document["ground_truth"]["spatial"] if m["latitude"] is not None]
    return gold, [
        SpatialMention(text=m["text"], start_char=m["start_char"], end_char=m["end_char"])
        for m in gold
    ]


def errors_km(geocoder: EmbeddedGeocoder, documents: list[Document]) -> list[float]:
    """Return the distance from each gold point, `UNRESOLVED_KM` where there is no place."""
    errors = []
    for document in documents:
        gold, mentions = mentions_of(document)
        for place, point in zip(geocoder.geocode(mentions, document["text"]), gold, strict=True):
            there = (point["latitude"], point["longitude"])
            errors.append(
                great_circle((place.latitude, place.longitude), there).km
                if isinstance(place, Place)
                else UNRESOLVED_KM
            )
    return errors


def right_places(geocoder: EmbeddedGeocoder, documents: list[Document]) -> list[bool]:
    """Return for each gold place whether it was found, judged as an area where it is one."""
    right = []
    for document in documents:
        gold, mentions = mentions_of(document)
        for place, point in zip(geocoder.geocode(mentions, document["text"]), gold, strict=True):
            wanted = SpatialMention(
                point["text"], latitude=point["latitude"], longitude=point["longitude"]
            )
            if isinstance(place, Place):
                found = SpatialMention(
                    point["text"], latitude=place.latitude, longitude=place.longitude
                )
                distance = distance_km(wanted, found)
                assert distance is not None
                right.append(is_right_place(wanted, place, distance))
            else:
                right.append(False)
    return right


def share(errors: list[float], km: float) -> float:
    return sum(error <= km for error in errors) / len(errors)


def test_most_places_of_news_are_resolved_within_161_km(
    geocoder: EmbeddedGeocoder, halves: Mapping[str, list[Document]]
) -> None:
    for half, documents in halves.items():
        errors = errors_km(geocoder, documents)
        resolved = sum(error < UNRESOLVED_KM for error in errors) / len(errors)
        measured = f"resolved {resolved:.3f}, 161 km {share(errors, 161):.4f}"
        print(f"{half} half: n {len(errors)}, {measured}, 25 km {share(errors, 25):.3f}")  # noqa: T201
    assert share(errors_km(geocoder, halves["second"]), 161) >= 0.83


def test_most_places_of_news_are_right_when_areas_are_judged_as_areas(
    geocoder: EmbeddedGeocoder, halves: Mapping[str, list[Document]]
) -> None:
    right = right_places(geocoder, halves["second"])
    print(f"second half: n {len(right)}, areal {sum(right) / len(right):.4f}")  # noqa: T201
    assert sum(right) / len(right) >= 0.92


def test_a_mention_costs_less_than_a_millisecond(
    geocoder: EmbeddedGeocoder, halves: Mapping[str, list[Document]]
) -> None:
    costs = []
    for document in halves["second"]:
        _, mentions = mentions_of(document)
        start = time.perf_counter()
        geocoder.geocode(mentions, document["text"])
        costs.append((time.perf_counter() - start) / max(1, len(mentions)))
    print(f"median {statistics.median(costs) * 1000:.2f} ms a mention")  # noqa: T201
    assert statistics.median(costs) < 0.001
