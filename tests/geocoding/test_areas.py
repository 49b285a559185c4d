"""Whether a point lies in a country."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from stindex.geocoding.areas import covers
from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.index import index_name


@pytest.mark.parametrize(
    ("country", "latitude", "longitude"),
    [
        ("FR", 48.85, 2.35),
        ("RU", 55.75, 37.62),
        ("RU", 66.2, -175.0),
        ("US", 64.8, -147.7),
        ("US", 40.0, 260.0),
        ("FJ", -17.8, 178.0),
        ("NZ", -43.5, 172.0),
        ("LS", -29.5, 28.3),
        ("XK", 42.6, 20.9),
        ("AQ", -89.9, 0.0),
    ],
)
def test_a_point_inside_is_covered(country: str, latitude: float, longitude: float) -> None:
    assert covers(country, latitude, longitude) is True


@pytest.mark.parametrize(
    ("country", "latitude", "longitude"),
    [
        ("FR", 51.5, -0.1),
        ("FR", 45.0, -20.0),
        ("ZA", -29.5, 28.3),
        ("IT", 43.94, 12.46),
        ("FR", math.nan, 2.0),
        ("FR", 48.0, math.inf),
    ],
)
def test_a_point_outside_is_not(country: str, latitude: float, longitude: float) -> None:
    """Abroad, at sea, in an enclave, nowhere."""
    assert covers(country, latitude, longitude) is False


@pytest.mark.parametrize("country", ["", "XX", "TV", "fr", "GF"])
def test_a_country_without_polygon_is_unknown(country: str) -> None:
    assert covers(country, 0.0, 0.0) is None


def test_nearly_all_cities_lie_in_their_country(
    gazetteer: Gazetteer, index_directory: Path
) -> None:
    path = index_directory / index_name(gazetteer.checksum)
    with closing(sqlite3.connect(path)) as connection:
        cities = connection.execute(
            "SELECT country, latitude, longitude FROM place "
            "WHERE code IN ('PPL', 'PPLC') AND population > 15000 AND id % 5 = 0"
        ).fetchall()
    inside = [covers(*city) is True for city in cities]
    share = inside.count(True) / len(inside)
    print(f"{share:.3f} of {len(inside)} cities")  # noqa: T201 - a measurement
    assert share > 0.95


def test_no_two_countries_hold_a_point(gazetteer: Gazetteer) -> None:
    codes = {country for _, country, _ in gazetteer.names_of("PCL", 3.0)}
    assert [code for code in sorted(codes) if covers(code, 46.95, 7.45)] == ["CH"]


def test_the_polygons_are_read_at_the_first_question_only() -> None:
    code = "from stindex.geocoding import areas; assert not areas._polygons.cache_info().currsize"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
