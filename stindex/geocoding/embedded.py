"""The offline geocoder: an embedded gazetteer and a resolver of whole documents.

The mentions of a document and its text go in, a place or None for each comes out. Needs no
network; the same input gives the same output on every machine, for one version of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs

from stindex.geocoding.base import GeocodingError
from stindex.geocoding.candidates import MATCH_CONFIDENCE
from stindex.geocoding.context import posteriors
from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.index import TABLE_NAME, ensure_index, table_checksum
from stindex.geocoding.senses import Sense, senses
from stindex.geocoding.text_evidence import areas_by_key, areas_in_text
from stindex.schema import Place, SpatialMention

# Raised whenever the resolver may answer otherwise for the same table.
RESOLVER_VERSION = "3"


def open_gazetteer(cache_dir: Path | None = None) -> Gazetteer:
    """Open the embedded gazetteer; at first use its index is built (some seconds, 34 MB).

    Args:
        cache_dir: where the index is kept; the user's cache directory by default.

    Raises:
        UserError: neither the cache nor a temporary directory can be written to.
    """
    directory = cache_dir or Path(platformdirs.user_cache_dir("stindex"))
    checksum = table_checksum()
    return Gazetteer(ensure_index(directory, checksum), checksum)


class EmbeddedGeocoder:
    """Resolves the places of a document by the embedded gazetteer, offline."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._areas = areas_by_key(gazetteer)

    def geocode(
        self, mentions: Sequence[SpatialMention], text: str
    ) -> Sequence[Place | GeocodingError | None]:
        """Return for each mention its place, or None where the gazetteer knows no such name.

        The mentions of one document settle each other, so all of them belong into one call.
        Those without positions are resolved without the words around them.
        """
        places: list[Place | GeocodingError | None] = [None] * len(mentions)
        for sense, belief in self._believed(mentions, text):
            best = _places(sense, belief, most=1)
            for index in sense.mentions:
                places[index] = best[0] if best else None
        return places

    def ranked(
        self, mentions: Sequence[SpatialMention], text: str, most: int
    ) -> list[tuple[Place, ...]]:
        """Return for each mention the likeliest places, the best first; at most `most`."""
        ranked: list[tuple[Place, ...]] = [()] * len(mentions)
        for sense, belief in self._believed(mentions, text):
            places = tuple(_places(sense, belief, most))
            for index in sense.mentions:
                ranked[index] = places
        return ranked

    def _believed(
        self, mentions: Sequence[SpatialMention], text: str
    ) -> list[tuple[Sense, list[float]]]:
        """Return the senses of a document with the probabilities of their candidates."""
        found = senses(mentions, text, self._gazetteer)
        spans = [
            (mention.start_char, mention.end_char)
            for mention in mentions
            if mention.start_char is not None and mention.end_char is not None
        ]
        named = areas_in_text(text, spans, self._areas)
        return list(zip(found, posteriors(found, named), strict=True))

    def identity(self) -> Mapping[str, Any]:
        """Return name, version of the resolver, and file name and SHA-256 of the table."""
        return {
            "name": "embedded",
            "version": RESOLVER_VERSION,
            "table": TABLE_NAME,
            "sha256": self._gazetteer.checksum,
        }


def _places(sense: Sense, belief: Sequence[float], most: int) -> list[Place]:
    def rank(index: int) -> tuple[float, float, int]:
        return -belief[index], -sense.scores[index], index

    if most == 1 and belief:  # the usual case, which need not be sorted
        best = [min(range(len(belief)), key=rank)]
    else:
        best = sorted(range(len(belief)), key=rank)[:most]
    return [_place(sense, index, belief[index]) for index in best]


def _place(sense: Sense, index: int, probability: float) -> Place:
    entry = sense.entries[index]
    return Place(
        name=entry.name,
        latitude=entry.latitude,
        longitude=entry.longitude,
        kind=entry.location_type,
        country=entry.country,
        admin1=entry.admin1,
        population=entry.population,
        radius_km=entry.radius_km,
        confidence=probability * MATCH_CONFIDENCE[sense.match],
        match=sense.match,
        entity=str(entry.id),
    )
