"""Tables of a user's own at the end of the metrics, on the page and in `report.md`.

A table is a function of the report. A further one is a module of its own and one line here; a
user's own is added to the same list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stindex.reporting.run_report import RunReport


@dataclass(frozen=True, slots=True)
class Table:
    """Plain words in rows, as many in each as `head` has; they are escaped where they are shown."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


OWN_TABLES: list[Callable[[RunReport], Table | None]] = []


def own_tables(report: RunReport) -> list[Table]:
    """Return the tables that have something to show."""
    return [table for make in OWN_TABLES if (table := make(report)) is not None]
