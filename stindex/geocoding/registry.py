"""Geocoders by name, as the command line has them; each is imported only when it is asked for.

A further one is a module of its own and one line here; a user's own is added to the same table.
"""

from __future__ import annotations

from collections.abc import Callable

from stindex.errors import UserError
from stindex.geocoding.base import Geocoder


def _embedded() -> Geocoder:
    from stindex.geocoding.embedded import EmbeddedGeocoder, open_gazetteer  # noqa: PLC0415 - lazy

    return EmbeddedGeocoder(open_gazetteer())


def _nominatim() -> Geocoder:
    from stindex.geocoding.nominatim import NominatimGeocoder  # noqa: PLC0415 - lazy

    return NominatimGeocoder()


def _none() -> Geocoder:
    from stindex.geocoding.none import NoGeocoder  # noqa: PLC0415 - lazy

    return NoGeocoder()


GEOCODERS: dict[str, Callable[[], Geocoder]] = {
    "embedded": _embedded,
    "nominatim": _nominatim,
    "none": _none,
}


def make_geocoder(name: str) -> Geocoder:
    """Return the geocoder of a name, with its default settings.

    Raises:
        UserError: there is no such geocoder, or it lacks a setting that only the user can give.
    """
    if name not in GEOCODERS:
        raise UserError(
            f"--geocoder {name}: there is no such geocoder; name one of {', '.join(GEOCODERS)}."
        )
    return GEOCODERS[name]()
