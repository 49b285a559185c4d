"""The gazetteer: place names in, the places that bear them out.

`Entry` is one place under one of its names; `Gazetteer` reads them from the SQLite index that
`stindex.geocoding.index` builds of the packed table. Read-only, and safe to share by threads.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stindex.geocoding.names import normalise

# GeoNames' feature codes, and a few of the table's own, as location types of the project.
LOCATION_TYPE_OF_CODE: Mapping[str, str] = MappingProxyType(
    {
        "PCL": "country",
        "ADM1": "region",
        "ADM2": "region",
        "CONT": "region",
        "RGN": "region",
        "PPL": "city",
        "PPLC": "city",
        "AIRP": "landmark",
        "FAC": "landmark",
        "DES": "feature",
        "ISL": "feature",
        "LK": "feature",
        "MTS": "feature",
        "OCN": "feature",
        "RIV": "feature",
        "SEA": "feature",
    }
)
# Quality of a name for a place: its own name or a curated alias; better than an alternate name.
OWN_NAME = 3.0
CURATED_NAME = 2.5

_SELECT = """
SELECT place.id, name, latitude, longitude, code, country, admin1, admin2, population, radius_km,
       quality
FROM key JOIN place ON place.id = key.place WHERE key.key = ? ORDER BY place.id
"""
_SELECT_CONTAINERS = """
SELECT key, country, admin1 FROM container WHERE code = ? AND quality >= ? ORDER BY rowid
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A place under one of its names.

    Attributes:
        id: row of the packed table, from 1.
        code: feature code, a key of `LOCATION_TYPE_OF_CODE`.
        country: ISO 3166-1 alpha-2 code; empty for what belongs to none.
        admin1: code of the first-order division within the country.
        admin2: full code of the second-order division (`US.TX.277`).
        quality: how good the name is for the place: 3 own, 2.5 curated alias or demonym,
            2 administrative alias, 1 to 1.5 one of many alternate names.
    """

    id: int
    name: str
    latitude: float
    longitude: float
    code: str
    country: str
    admin1: str
    admin2: str
    population: int
    radius_km: float
    quality: float

    @property
    def location_type(self) -> str:
        """One of the project's location types."""
        return LOCATION_TYPE_OF_CODE[self.code]

    @property
    def is_city(self) -> bool:
        """Whether this is a populated place."""
        return self.code in ("PPL", "PPLC")


class Gazetteer:
    """Looks place names up in an index file; `checksum` is the packed table's SHA-256."""

    def __init__(self, path: Path, checksum: str) -> None:
        self.checksum = checksum
        # The index never changes under its name, which holds the checksum.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        # Closed with the gazetteer: Python 3.13 warns of a connection that is left open.
        self._close = weakref.finalize(self, self._connection.close)
        self._lock = threading.Lock()
        self._found: dict[str, tuple[Entry, ...]] = {}

    def lookup(self, name: str) -> list[Entry]:
        """Return all places that bear a name, in the table's order; empty if there is none."""
        return list(self.lookup_key(normalise(name)))

    def lookup_key(self, key: str) -> tuple[Entry, ...]:
        """Return the places of a key: a normalised name, `ab:TX` or `iso3:fra`."""
        entries = self._found.get(key)
        if entries is None:
            with self._lock:
                rows = self._connection.execute(_SELECT, (key,)).fetchall()
            entries = tuple(Entry(*row) for row in rows)
            self._found[key] = entries
        return entries

    def names_of(self, code: str, quality: float) -> list[tuple[str, str, str]]:
        """Return (key, country, admin1) for each Latin name of countries or first divisions.

        Args:
            code: `PCL` or `ADM1`.
            quality: the least that a name must have.
        """
        with self._lock:
            return self._connection.execute(_SELECT_CONTAINERS, (code, quality)).fetchall()

    def close(self) -> None:
        """Close the index file."""
        self._close()
