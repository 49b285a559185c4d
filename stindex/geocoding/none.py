"""The geocoder that is switched off: no mention has a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stindex.geocoding.base import GeocodingError
from stindex.schema import Place, SpatialMention


class NoGeocoder:
    """Resolves nothing."""

    def geocode(
        self,
        mentions: Sequence[SpatialMention],
        text: str,  # noqa: ARG002 - the protocol's signature
    ) -> Sequence[Place | GeocodingError | None]:
        """Return None for each mention."""
        return [None] * len(mentions)

    def identity(self) -> Mapping[str, Any]:
        """Return the name alone: there is no data."""
        return {"name": "none"}
