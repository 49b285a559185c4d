"""What a geocoder is: the place mentions of one whole document in, places out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from stindex.schema import Place, SpatialMention


class GeocodingError(Exception):
    """The geocoder could not be asked (network, server). Marks the mention, not the sample."""


class Geocoder(Protocol):
    """Resolves the places of a document; deterministic for one version of its data."""

    def geocode(
        self, mentions: Sequence[SpatialMention], text: str
    ) -> Sequence[Place | GeocodingError | None]:
        """Return for each mention its place, None (no such place), or why it was not asked."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """JSON-ready name, version and checksum of the data, for a run's provenance."""
        ...
