"""Airports with a IATA code, of airportsdata."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stindex.geocoding.names import normalise
from tools.gazetteer.sources import Record, Sources
from tools.gazetteer.table import ADMINISTRATIVE, Place, Table

RADIUS_KM = 3
FULL_NAME, SHORT_NAME = 25, 24  # in tenths

_GENERIC_WORDS = re.compile(
    r"\b(international|intl|regional|municipal|field|airport|airfield|air base)\b", re.IGNORECASE
)


def add_airports(table: Table, sources: Sources) -> None:
    """Add every airport under its name, its code, and its city if it is an international one."""
    for code, airport in sources.airports.items():
        point = airport["lat"], airport["lon"]
        place = Place(airport["name"], *point, "AIRP", airport["country"], radius_km=RADIUS_KM)
        number = table.add(place)
        for name, quality in _names(code, airport):
            table.name(number, name, quality)


def _names(code: str, airport: Record) -> Iterator[tuple[str, int]]:
    name = airport["name"]
    yield name, FULL_NAME
    yield f"{code} airport", SHORT_NAME
    short = _GENERIC_WORDS.sub("", name).strip()
    if short and normalise(short) != normalise(name):
        yield f"{short} airport", SHORT_NAME
        yield f"{short} international airport", SHORT_NAME
    if "international" in name.lower():
        yield f"{airport['city']} airport", ADMINISTRATIVE
