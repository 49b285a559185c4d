"""Continents, regions, seas and other features: GeoNames, Natural Earth and the small table."""

from __future__ import annotations

import math
from collections import defaultdict

from tools.gazetteer import tables
from tools.gazetteer.sources import Box, Sources
from tools.gazetteer.table import DEMONYM, Place, Table

RADIUS_KM = {
    "CONT": 3000,
    "OCN": 3000,
    "RGN": 300,
    "SEA": 200,
    "MTS": 200,
    "DES": 400,
    "ISL": 80,
    "RIV": 300,
    "LK": 60,
    "FAC": 2,
}
KM_A_DEGREE = 111
_WATER = frozenset({"SEA", "OCN", "LK"})

Features = dict[str, int]  # name to the place's number


def add_features(table: Table, sources: Sources) -> None:
    """Add continents, the features of the small table, and seas that it does not have."""
    features = _add_continents(table, sources)
    _add_curated(table, features)
    _add_seas(table, sources, features)
    for row in tables.read("adjectives"):
        table.name(features[row["feature"]], row["adjective"], DEMONYM)


def _add_continents(table: Table, sources: Sources) -> Features:
    features: Features = {}
    for continent in sources.continents:
        name = continent["name"]
        point = float(continent["lat"]), float(continent["lng"])
        people = int(continent.get("population") or 0)
        place = Place(name, *point, "CONT", population=people, radius_km=RADIUS_KM["CONT"])
        features[name] = table.add(place)
        table.name(features[name], name)
    return features


def _add_curated(table: Table, features: Features) -> None:
    for row in tables.read("features"):
        names, code = tables.several(row["names"]), row["code"]
        point = float(row["latitude"]), float(row["longitude"])
        number = table.add(Place(names[0], *point, code, radius_km=RADIUS_KM[code]))
        features[names[0]] = number
        for name in names:
            table.name(number, name)


def _add_seas(table: Table, sources: Sources, features: Features) -> None:
    boxes: dict[str, list[Box]] = defaultdict(list)
    for name, box in sources.seas:
        boxes[name].append(box)
    for name, found in boxes.items():
        if not name or name.title() in features or table.knows(name, _WATER):
            continue
        place = _sea(name, max(found, key=_square_degrees))
        features[name] = table.add(place)
        table.name(features[name], name)


def _sea(name: str, box: Box) -> Place:
    west, south, east, north = box
    latitude = (south + north) / 2
    square = max(0.01, _square_degrees(box) * math.cos(math.radians(latitude)))
    return Place(
        name.title() if name.isupper() else name,
        latitude,
        (west + east) / 2,
        "OCN" if "Ocean" in name.title() else "SEA",
        radius_km=KM_A_DEGREE * math.sqrt(square) / 2,
    )


def _square_degrees(box: Box) -> float:
    west, south, east, north = box
    return (east - west) * (north - south)
