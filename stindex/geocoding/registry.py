"""Geocoders by name, as the command line has them; each is imported only when it is asked for."""

from __future__ import annotations

from stindex.errors import UserError
from stindex.geocoding.base import Geocoder

GEOCODERS = ("embedded", "nominatim", "none")


def make_geocoder(name: str) -> Geocoder:
    """Return the geocoder of a name, with its default settings.

    Raises:
        UserError: there is no such geocoder, or it lacks a setting that only the user can give.
    """
    match name:
        case "embedded":
            from stindex.geocoding.embedded import EmbeddedGeocoder, open_gazetteer  # noqa: PLC0415 - lazy

            return EmbeddedGeocoder(open_gazetteer())
        case "nominatim":
            from stindex.geocoding.nominatim import NominatimGeocoder  # noqa: PLC0415 - lazy

            return NominatimGeocoder()
        case "none":
            from stindex.geocoding.none import NoGeocoder  # noqa: PLC0415 - lazy

            return NoGeocoder()
        case _:
            raise UserError(
                f"There is no geocoder {name!r}: --geocoder takes {', '.join(GEOCODERS)}."
            )
