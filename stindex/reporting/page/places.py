"""Wrong places ─▶ a map of the world with an arc from each gold place to the predicted one.

The map is drawn in the Equal Earth projection (Šavrič, Patterson and Jenny, 2018). Its land is a
file of the package, made by `tools/build_land_outline.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from stindex.reporting.readings import PairReading
from stindex.reporting.visible import shortened
from stindex.schema import SpatialMention

WIDTH, HEIGHT = 1000, 440
DRAWN = 70
LISTED = 10
_NAME_LIMIT = 60

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = math.sqrt(3) / 2
_SCALE, _CENTRE_X, _CENTRE_Y = 181.7, 500.0, 238.0
# Classes of an arc by how far off it is, km.
CLASSES = ((500, "up to 500 km"), (2000, "to 2 000 km"), (8000, "to 8 000 km"), (math.inf, "over"))

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Arc:
    """Mentions that were put from one place to the same other; `sample` is the first's number."""

    name: str
    gold: Point
    predicted: Point
    km: float
    sample: int
    count: int = 1

    @property
    def level(self) -> int:
        """Return the class of its distance, from 0."""
        return next(i for i, (limit, _) in enumerate(CLASSES) if self.km <= limit)

    def path(self) -> str:
        """Return its great circle as an SVG path, cut where it leaves the map."""
        return great_circle(self.gold, self.predicted)

    def ends(self) -> tuple[Point, Point]:
        """Return both ends on the map."""
        return _on_map(self.gold), _on_map(self.predicted)


@dataclass(slots=True)
class WrongPlaces:
    """The places that are wrong, equal ones counted together."""

    _arcs: dict[tuple[str, Point, Point], list[float]] = field(default_factory=dict)

    def add(self, number: int, pairs: Iterable[PairReading], *, texts: bool) -> None:
        """Add the pairs of a sample."""
        for pair in pairs:
            if pair.km is None or "place" not in pair.errors:
                continue
            gold, predicted = pair.gold, pair.predicted
            if isinstance(gold, SpatialMention) and isinstance(predicted, SpatialMention):
                self._add(number, pair.km, gold, predicted, texts=texts)

    def _add(
        self,
        number: int,
        km: float,
        gold: SpatialMention,
        predicted: SpatialMention,
        *,
        texts: bool,
    ) -> None:
        resolved = predicted.place.name if predicted.place else "place"
        name = shortened(gold.text if texts else resolved, _NAME_LIMIT)
        found = self._arcs.setdefault((name, _point(gold), _point(predicted)), [0, km, number])
        found[0] += 1

    def arcs(self) -> list[Arc]:
        """Return all arcs, the most frequent and farthest first."""
        found = [
            Arc(name, gold, predicted, km, int(number), int(count))
            for (name, gold, predicted), (count, km, number) in self._arcs.items()
        ]
        return sorted(found, key=lambda arc: (-arc.count, -arc.km, arc.sample))


def project(longitude: float, latitude: float) -> Point:
    """Return where a point (degrees) lies on the map, in its units."""
    lam = math.radians(longitude)
    theta = math.asin(_M * math.sin(math.radians(latitude)))
    t2 = theta * theta
    t6 = t2**3
    slope = _A1 + 3 * _A2 * t2 + t6 * (7 * _A3 + 9 * _A4 * t2)
    x = lam * math.cos(theta) / (_M * slope)
    y = theta * (_A1 + _A2 * t2 + t6 * (_A3 + _A4 * t2))
    return _CENTRE_X + _SCALE * x, _CENTRE_Y - _SCALE * y


def great_circle(start: Point, end: Point) -> str:
    """Return the shortest way between two points (latitude, longitude) as an SVG path."""
    path, before = "", None
    for latitude, longitude in _along(start, end):
        x, y = project(longitude, latitude)
        is_new = before is None or abs(longitude - before) > 180
        path += f"{'M' if is_new else 'L'}{x:.0f} {y:.0f}"
        before = longitude
    return path


def globe_outline() -> str:
    """Return the edge of the map as an SVG path."""
    west = [project(-180, latitude) for latitude in range(-60, 91, 5)]
    east = [project(180, latitude) for latitude in range(90, -61, -5)]
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in (*west, *east)) + "z"


@cache
def land_paths() -> tuple[str, str]:
    """Return the paths of land and borders."""
    text = (Path(__file__).parent / "templates" / "land.txt").read_text(encoding="ascii")
    land, borders = text.splitlines()[-2:]
    return land, borders


def _point(mention: SpatialMention) -> Point:
    return round(mention.latitude or 0.0, 1), round(mention.longitude or 0.0, 1)


def _on_map(point: Point) -> Point:
    x, y = project(point[1], point[0])
    return round(x), round(y)


def _along(start: Point, end: Point) -> Iterator[Point]:
    a, b = _unit_vector(start), _unit_vector(end)
    angle = math.acos(max(-1.0, min(1.0, sum(p * q for p, q in zip(a, b, strict=True)))))
    steps = max(2, int(angle * 14))
    for step in range(steps + 1):
        yield _degrees(_between(a, b, angle, step / steps))


def _between(a: Sequence[float], b: Sequence[float], angle: float, t: float) -> list[float]:
    """Return the point of a great circle at share `t` of the way (slerp)."""
    if angle < 1e-6 or angle > math.pi - 0.01:  # the same place, or any way is the shortest
        return [(1 - t) * p + t * q for p, q in zip(a, b, strict=True)]
    u, v = math.sin((1 - t) * angle), math.sin(t * angle)
    return [(u * p + v * q) / math.sin(angle) for p, q in zip(a, b, strict=True)]


def _unit_vector(point: Point) -> tuple[float, float, float]:
    latitude, longitude = math.radians(point[0]), math.radians(point[1])
    flat = math.cos(latitude)
    return flat * math.cos(longitude), flat * math.sin(longitude), math.sin(latitude)


def _degrees(vector: Sequence[float]) -> Point:
    x, y, z = vector
    length = math.sqrt(x * x + y * y + z * z) or 1.0
    return math.degrees(math.asin(z / length)), math.degrees(math.atan2(y, x))
