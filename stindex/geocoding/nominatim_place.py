"""A place as Nominatim describes it, checked and in the project's terms.

The JSON object of a search result goes in, a `Place` comes out. Nothing of it is trusted: numbers
are parsed and bounded, everything else is a string of limited length or left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stindex.geocoding.base import GeocodingError
from stindex.schema import Place

_TYPES = MappingProxyType(
    {
        "region": "state region province county district state_district continent subcontinent",
        "city": (
            "city town village hamlet suburb borough quarter neighbourhood municipality locality "
            "isolated_dwelling city_district"
        ),
        "feature": "island islet sea ocean archipelago bay peninsula",
    }
)
_CLASSES = MappingProxyType(
    {
        "feature": "natural waterway water geological mountain_pass",
        "landmark": (
            "aeroway amenity bridge building craft emergency healthcare highway historic landuse "
            "leisure man_made military office railway shop tourism"
        ),
    }
)
# Nominatim's address ranks of administrative boundaries: country, up to county, the rest.
_COUNTRY_RANK, _REGION_RANK = 4, 15
_AREAS = frozenset({"country", "region", "feature"})
_COUNTRY_CODE = re.compile(r"[a-z]{2}")
_DIVISION_CODE = re.compile(r"[A-Z]{2}-([A-Z0-9]{1,3})")
_KM_PER_DEGREE = 111.2
_LONGEST_TEXT = 200


def place_of(result: object) -> Place:
    """Return the place that a search result describes.

    Raises:
        GeocodingError: it has no usable coordinates, or is no object at all.
    """
    if not isinstance(result, Mapping):
        raise GeocodingError("The server's answer is not a place.")
    latitude = _degrees(result.get("lat"), 90.0)
    longitude = _degrees(result.get("lon"), 180.0)
    kind = location_type(result)
    return Place(
        name=_name(result),
        latitude=latitude,
        longitude=longitude,
        kind=kind,
        country=_country(result),
        admin1=_division(result),
        radius_km=_radius_km(result.get("boundingbox")) if kind in _AREAS else 0.0,
        entity=f"osm:{_text(result.get('osm_type'))}/{_text(result.get('osm_id'))}",
    )


def location_type(result: Mapping[str, Any]) -> str:
    """Return the location type for a result's class, type and rank."""
    kind = _text(result.get("addresstype")) or _text(result.get("type"))
    group = _text(result.get("category")) or _text(result.get("class"))
    if kind == "country":
        return "country"
    for name, kinds in _TYPES.items():
        if kind in kinds.split():
            return name
    if group == "boundary" and _text(result.get("type")) == "administrative":
        return _by_rank(result.get("place_rank"))
    return next((name for name, groups in _CLASSES.items() if group in groups.split()), "other")


def _by_rank(rank: object) -> str:
    if not isinstance(rank, int):
        return "region"
    if rank <= _COUNTRY_RANK:
        return "country"
    return "region" if rank <= _REGION_RANK else "city"


def _degrees(value: object, limit: float) -> float:
    number = _number(value)
    if number is None or not -limit <= number <= limit:
        shown = str(value)[:40]
        raise GeocodingError(f"The server's answer has impossible coordinates: {shown!r}.")
    return number


def _number(value: object) -> float | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    return str(value)[:_LONGEST_TEXT] if isinstance(value, str | int) else ""


def _name(result: Mapping[str, Any]) -> str:
    return _text(result.get("name")) or _text(result.get("display_name")).split(",")[0]


def _address(result: Mapping[str, Any]) -> Mapping[str, Any]:
    address = result.get("address")
    return address if isinstance(address, Mapping) else {}


def _country(result: Mapping[str, Any]) -> str:
    code = _text(_address(result).get("country_code"))
    return code.upper() if _COUNTRY_CODE.fullmatch(code) else ""


def _division(result: Mapping[str, Any]) -> str:
    match = _DIVISION_CODE.fullmatch(_text(_address(result).get("ISO3166-2-lvl4")))
    return match.group(1) if match else ""


def _radius_km(box: object) -> float:
    """Return the radius of a circle of the area of a bounding box (south, north, west, east)."""
    edges = [_number(edge) for edge in box] if isinstance(box, list) else []
    if len(edges) != 4 or any(edge is None for edge in edges):
        return 0.0
    south, north, west, east = (edge or 0.0 for edge in edges)
    width = (east - west) * math.cos(math.radians((south + north) / 2))
    return _KM_PER_DEGREE * math.sqrt(max(0.0, (north - south) * width) / math.pi)
