"""The rule-based reader as a source of answers: no model, no torch, some milliseconds a sample.

It writes the same JSON as a model, so that everything after the answer is the same for both. It is
the floor in every report.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any

from pydantic import BaseModel

from stindex.geocoding.embedded import EmbeddedGeocoder
from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.spotting import spot
from stindex.llm.base import DecodingSettings, Request
from stindex.rules.temporal_reader import Style, read_temporal
from stindex.schema import (
    Generation,
    LocatedExtraction,
    LocatedTimex3Extraction,
    Sample,
    SpatialMention,
    Timex3Extraction,
)


class RulesReader:
    """Reads time by patterns and places by a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Take the gazetteer; use it in the thread that opened it."""
        self._gazetteer = gazetteer

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,  # noqa: ARG002 (nothing is decoded)
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield an answer for each request, in order."""
        for request in requests:
            if stop.is_set():
                return
            started = time.perf_counter()
            text = json.dumps(self._answer(request.sample, response_model), ensure_ascii=False)
            yield request, Generation(text, "stop", seconds=time.perf_counter() - started)

    def provenance(self) -> Mapping[str, Any]:
        """Say what it is."""
        return {"engine": "rules"}

    def _answer(self, sample: Sample, response_model: type[BaseModel]) -> dict[str, Any]:
        timex3 = issubclass(response_model, Timex3Extraction | LocatedTimex3Extraction)
        located = issubclass(response_model, LocatedExtraction | LocatedTimex3Extraction)
        style: Style = "timex3" if timex3 else "iso"
        temporal = read_temporal(sample.text, sample.reference_date, style)
        spatial = spot(sample.text, self._gazetteer)
        unread: dict[str, Any] = {name: [] for name in response_model.model_fields}
        return {
            **unread,
            "temporal_mentions": [
                {"text": m.text, "normalized": m.normalized, "temporal_type": m.temporal_type}
                for m in temporal
            ],
            "spatial_mentions": self._located(spatial, sample.text)
            if located
            else [{"text": m.text, "location_type": m.location_type} for m in spatial],
        }

    def _located(self, mentions: list[SpatialMention], text: str) -> list[dict[str, Any]]:
        """Return the places that the gazetteer can locate, with their coordinates."""
        places = EmbeddedGeocoder(self._gazetteer).geocode(mentions, text)
        return [
            {
                "text": mention.text,
                "location_type": mention.location_type,
                "latitude": place.latitude,
                "longitude": place.longitude,
            }
            for mention, place in zip(mentions, places, strict=True)
            if place is not None and not isinstance(place, Exception)
        ]
