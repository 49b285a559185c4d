"""The small tables beside this file: what no package has, in tab-separated text to read and mend.

A name goes in; its rows come out, one dict a row. Lines that start with `#` say where a table is
from; a field of several values separates them by `|`.
"""

from __future__ import annotations

import csv
from pathlib import Path

TABLES = Path(__file__).parent / "tables"

Row = dict[str, str]


def read(name: str) -> list[Row]:
    """Return the rows of `tables/<name>.tsv`."""
    with (TABLES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def several(field: str) -> list[str]:
    """Return the values of a field that may hold several, or none."""
    return [value for value in field.split("|") if value]
