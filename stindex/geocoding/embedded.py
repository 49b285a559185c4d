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
RESOLVER_VERSION = "1"


def open_gazetteer(cache_dir: Path | None = None) -> Gazetteer:
    """Open the embedded gazetteer; at first use its index is built (some seconds, 32 MB).

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
        found = senses(mentions, text, self._gazetteer)
        spans = [
            (mention.start_char, mention.end_char)
            for mention in mentions
            if mention.start_char is not None and mention.end_char is not None
        ]
        named = areas_in_text(text, spans, self._areas)
        places: list[Place | GeocodingError | None] = [None] * len(mentions)
        for sense, belief in zip(found, posteriors(found, named), strict=True):
            place = _place(sense, belief)
            for index in sense.mentions:
                places[index] = place
        return places

    def identity(self) -> Mapping[str, Any]:
        """Return name, version of the resolver, and file name and SHA-256 of the table."""
        return {
            "name": "embedded",
            "version": RESOLVER_VERSION,
            "table": TABLE_NAME,
            "sha256": self._gazetteer.checksum,
        }


def _place(sense: Sense, belief: Sequence[float]) -> Place | None:
    if not sense.entries:
        return None
    best = max(range(len(belief)), key=lambda i: (belief[i], sense.scores[i], -i))
    entry = sense.entries[best]
    return Place(
        name=entry.name,
        latitude=entry.latitude,
        longitude=entry.longitude,
        kind=entry.location_type,
        country=entry.country,
        admin1=entry.admin1,
        population=entry.population,
        radius_km=entry.radius_km,
        confidence=belief[best] * MATCH_CONFIDENCE[sense.match],
        match=sense.match,
        entity=str(entry.id),
    )
