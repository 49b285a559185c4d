"""Countries and territories: the small table's points and names, GeoNames' codes and sizes."""

from __future__ import annotations

import math

from tools.gazetteer import tables
from tools.gazetteer.sources import Sources
from tools.gazetteer.table import DEMONYM, Place, Table

# USA is a name of its own, not only a code.
_CODE_IS_A_NAME = "US"


def add_countries(table: Table, sources: Sources) -> None:
    """Add every country of `tables/countries.tsv`."""
    for row in tables.read("countries"):
        code = row["country"]
        country = sources.countries[code]
        number = table.add(
            Place(
                country["name"],
                float(row["latitude"]),
                float(row["longitude"]),
                "PCL",
                code,
                population=int(country["population"] or 0),
                radius_km=math.sqrt(float(country["areakm2"] or 0) / math.pi),
            )
        )
        for name in [country["name"], *tables.several(row["names"])]:
            table.name(number, name)
        for demonym in tables.several(row["demonyms"]):
            table.name(number, demonym, DEMONYM)
        if code != _CODE_IS_A_NAME:
            table.code(number, "iso3", country["iso3"].lower())
