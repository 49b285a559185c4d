"""Draws the land and the borders of the report's map from the package's country polygons.

In goes `stindex/geocoding/country_polygons.json.xz` (Natural Earth 1:50m); out comes
`stindex/reporting/page/templates/land.txt`: two SVG paths in the map's own projection, simplified
to about half a unit of the map. Run by hand when the polygons change:
`python tools/build_land_outline.py`.
"""

from __future__ import annotations

import json
import lzma
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from stindex.reporting.page.places import project

ROOT = Path(__file__).parent.parent / "stindex"
SOURCE = ROOT / "geocoding" / "country_polygons.json.xz"
OUTPUT = ROOT / "reporting" / "page" / "templates" / "land.txt"
NOTICE = "Made with Natural Earth (naturalearthdata.com), public domain: land, then borders."
# In units of the map, which is 1000 wide.
TOLERANCE = 0.7
SMALLEST_ISLAND = 3.0
ANTARCTICA = -60.0

Point = tuple[float, float]
Line = Sequence[Point]


def decode_arcs(topology: Mapping[str, Any]) -> list[list[Point]]:
    """Return the arcs as (longitude, latitude) in degrees."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        xs, ys = (accumulate(column) for column in zip(*arc, strict=True))
        arcs.append([(x * sx + tx, y * sy + ty) for x, y in zip(xs, ys, strict=True)])
    return arcs


def uses(topology: Mapping[str, Any]) -> Counter[int]:
    """Return how many polygons each arc belongs to: one on a coast, two on a border."""
    return Counter(
        arc if arc >= 0 else ~arc
        for polygons in topology["countries"].values()
        for polygon in polygons
        for ring in polygon
        for arc in ring
    )


def rings_of(lines: Iterable[Line]) -> Iterator[list[Point]]:
    """Join lines end to end into closed rings."""
    by_end: dict[Point, list[Line]] = defaultdict(list)
    for line in lines:
        by_end[line[0]].append(line)
        by_end[line[-1]].append(line[::-1])
    while by_end:
        start = next(iter(by_end))
        ring = [start]
        while (piece := _take(by_end, ring[-1])) is not None:
            ring += piece[1:]
        yield ring


def _take(by_end: dict[Point, list[Line]], point: Point) -> Line | None:
    lines = by_end.get(point)
    if not lines:
        return None
    line = lines.pop()
    other = by_end[line[-1]]
    # The other direction of the same line.
    other.remove(next(one for one in other if one[::-1] == line))
    for end in {line[0], line[-1]}:
        if not by_end[end]:
            del by_end[end]
    return line


def simplified(line: Line, tolerance: float) -> list[Point]:
    """Leave out points that lie within `tolerance` of what is left (Douglas and Peucker, 1973)."""
    if len(line) < 3:
        return list(line)
    distances = [_distance(point, line[0], line[-1]) for point in line[1:-1]]
    farthest = max(range(len(distances)), key=distances.__getitem__)
    if distances[farthest] <= tolerance:
        return [line[0], line[-1]]
    middle = farthest + 1
    left = simplified(line[: middle + 1], tolerance)
    return left[:-1] + simplified(line[middle:], tolerance)


def _distance(point: Point, a: Point, b: Point) -> float:
    (x, y), (ax, ay), (bx, by) = point, a, b
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    if length == 0:
        return float(((x - ax) ** 2 + (y - ay) ** 2) ** 0.5)
    return float(abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length)


def path_of(line: Line, *, closed: bool) -> str:
    """Return an SVG path with relative steps of half a unit; empty where nothing is left."""
    points = [(round(2 * x), round(2 * y)) for x, y in line]
    points = [points[0], *(b for a, b in pairwise(points) if a != b)]
    if len(points) < (4 if closed else 2):
        return ""
    steps = "".join(
        f"{_number(bx - ax)}{'' if by - ay < 0 else ' '}{_number(by - ay)} "
        for (ax, ay), (bx, by) in pairwise(points[:-1] if closed else points)
    )
    return (
        f"M{_number(points[0][0])} {_number(points[0][1])}l{steps.strip()}{'z' if closed else ''}"
    )


def _number(halves: int) -> str:
    return f"{halves / 2:g}"


def unwrapped(ring: Line) -> list[Line]:
    """Return a ring with continuous longitudes; once more on the other side if it crosses 180°."""
    continuous = [ring[0]]
    for longitude, latitude in ring[1:]:
        turns = round((continuous[-1][0] - longitude) / 360)
        continuous.append((longitude + 360 * turns, latitude))
    longitudes = [point[0] for point in continuous]
    copies: list[Line] = [continuous]
    for shift, crosses in ((-360, max(longitudes) > 180.01), (360, min(longitudes) < -180.01)):
        if crosses:
            copies.append([(longitude + shift, latitude) for longitude, latitude in continuous])
    return copies


def _on_map(line: Line) -> list[Point]:
    return [project(longitude, latitude) for longitude, latitude in line]


def _area(ring: Line) -> float:
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(ring))) / 2


def main() -> None:
    """Read the polygons, write the two paths."""
    topology = json.loads(lzma.decompress(SOURCE.read_bytes()))
    arcs, counted = decode_arcs(topology), uses(topology)
    coasts = [arcs[number] for number, count in counted.items() if count == 1]
    borders = [arcs[number] for number, count in counted.items() if count > 1]
    rings = [ring for ring in rings_of(coasts) if max(point[1] for point in ring) > ANTARCTICA]
    drawn = [_on_map(copy) for ring in rings for copy in unwrapped(ring)]
    land = "".join(
        path_of(simplified(ring, TOLERANCE), closed=True)
        for ring in drawn
        if _area(ring) >= SMALLEST_ISLAND
    )
    lines = "".join(path_of(simplified(_on_map(line), TOLERANCE), closed=False) for line in borders)
    OUTPUT.write_text(f"{NOTICE}\n{land}\n{lines}\n", encoding="ascii")


if __name__ == "__main__":
    main()
