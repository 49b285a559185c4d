"""Whether a point lies in a country: the polygons of Natural Earth's 1:50m map.

A country's code and a point go in, True, False or None (no polygon) comes out. The polygons are
a file of the package, read at the first question.
"""

from __future__ import annotations

import json
import lzma
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate, pairwise
from typing import Any

POLYGONS_NAME = "country_polygons.json.xz"

_Point = tuple[float, float]
_Ring = list[_Point]


@dataclass(frozen=True, slots=True)
class _Polygon:
    """Rings of (longitude, latitude) in degrees, closed; and the box around them.

    Longitudes are continuous along a ring: a country across the antimeridian goes beyond 180.
    """

    rings: tuple[_Ring, ...]
    west: float
    south: float
    east: float
    north: float

    def contains(self, longitude: float, latitude: float) -> bool:
        if not (self.south <= latitude <= self.north and self.west <= longitude <= self.east):
            return False
        crossings = sum(_crossings(ring, longitude, latitude) for ring in self.rings)
        return crossings % 2 == 1


def covers(country_code: str, latitude: float, longitude: float) -> bool | None:
    """Return whether a country's land holds a point; None where there is no polygon for it.

    Args:
        country_code: ISO 3166-1 alpha-2, upper case (XK for Kosovo).
        latitude, longitude: degrees, WGS-84; longitudes of any turn.

    The map is generalised: points within a few km of coasts and borders may be on the wrong side.
    France includes its overseas departments, which have no polygons of their own.
    """
    polygons = _polygons().get(country_code)
    if polygons is None:
        return None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return False
    turned = (longitude + 180.0) % 360.0 - 180.0
    turns = (turned, turned - 360.0, turned + 360.0)
    return any(polygon.contains(turn, latitude) for polygon in polygons for turn in turns)


def _crossings(ring: Sequence[_Point], longitude: float, latitude: float) -> int:
    """Return how many edges a ray to the east crosses (Jordan curve theorem)."""
    return sum(
        (south > latitude) != (north > latitude)
        and longitude < west + (latitude - south) * (east - west) / (north - south)
        for (west, south), (east, north) in pairwise(ring)
    )


@cache
def _polygons() -> Mapping[str, list[_Polygon]]:
    packed = files("stindex.geocoding").joinpath(POLYGONS_NAME).read_bytes()
    topology = json.loads(lzma.decompress(packed))
    arcs = [_arc(arc, topology["transform"]) for arc in topology["arcs"]]
    return {
        code: [_polygon([_ring(ring, arcs) for ring in rings]) for rings in polygons]
        for code, polygons in topology["countries"].items()
    }


def _arc(differences: Sequence[Sequence[int]], transform: Mapping[str, Any]) -> _Ring:
    """Return the points of an arc; TopoJSON stores the first and then differences, in a grid."""
    (x_scale, y_scale), (x_origin, y_origin) = transform["scale"], transform["translate"]
    xs = accumulate(step[0] for step in differences)
    ys = accumulate(step[1] for step in differences)
    return [(x * x_scale + x_origin, y * y_scale + y_origin) for x, y in zip(xs, ys, strict=True)]


def _ring(numbers: Sequence[int], arcs: Sequence[_Ring]) -> _Ring:
    """Return the points of a ring; `~n` is arc n backwards."""

    def points() -> Iterator[_Point]:
        for number in numbers:
            arc = arcs[number] if number >= 0 else arcs[~number][::-1]
            # The last point of an arc is the first one of the next.
            yield from arc[:-1]

    ring = list(points())
    return _around_the_pole(_unrolled([*ring, ring[0]]))


def _unrolled(ring: Sequence[_Point]) -> _Ring:
    """Return a ring whose longitudes do not jump at the antimeridian."""
    unrolled, turn = [ring[0]], 0.0
    for (before, _), (longitude, latitude) in pairwise(ring):
        if abs(longitude - before) > 180.0:
            turn += math.copysign(360.0, before - longitude)
        unrolled.append((longitude + turn, latitude))
    return unrolled


def _around_the_pole(ring: _Ring) -> _Ring:
    """Close a ring that goes once around the earth (Antarctica) over the pole it surrounds."""
    (start, latitude), (end, _) = ring[0], ring[-1]
    if abs(end - start) < 180.0:
        return ring
    pole = math.copysign(90.0, latitude)
    return [*ring, (end, pole), (start, pole), ring[0]]


def _polygon(rings: Sequence[_Ring]) -> _Polygon:
    # Of all rings: Antarctica's outer one is a line along the pole.
    longitudes = [point[0] for ring in rings for point in ring]
    latitudes = [point[1] for ring in rings for point in ring]
    return _Polygon(tuple(rings), min(longitudes), min(latitudes), max(longitudes), max(latitudes))
