"""What a user brings along (dimensions, models, formats, ...) ─▶ the registries of the program.

Hooks of a `conftest.py` are where it comes from. They are called once, when a process begins, by
the plugin of pytest or by the command line; afterwards a registry is read and never written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from stindex.datasets.formats import FORMATS
from stindex.errors import UserError
from stindex.gates.kinds import GATE_KINDS
from stindex.geocoding.registry import GEOCODERS
from stindex.llm.registry import OWN_SOURCES
from stindex.reporting.tables import OWN_TABLES
from stindex.scoring.registry import DIMENSIONS

PREFIX = "pytest_stindex_"


def _dimensions(given: Iterable[Any]) -> None:
    for one in given:
        if not (str(one.name).isidentifier() and one.name.islower() and one.name != "overall"):
            raise UserError(
                f"{PREFIX}dimensions: {one.name!r} cannot be the name of a dimension; take one "
                "plain word in lower case, other than `overall`."
            )
        DIMENSIONS[one.name] = one


def _formats(given: Iterable[Any]) -> None:
    # A user's own goes first: it may read files of a known suffix.
    FORMATS[:0] = [one for one in given if one not in FORMATS]


def _tables(given: Iterable[Any]) -> None:
    OWN_TABLES.extend(one for one in given if one not in OWN_TABLES)


ADD: Mapping[str, Callable[[Any], None]] = {
    f"{PREFIX}dimensions": _dimensions,
    f"{PREFIX}formats": _formats,
    f"{PREFIX}gates": GATE_KINDS.update,
    f"{PREFIX}geocoders": GEOCODERS.update,
    f"{PREFIX}models": OWN_SOURCES.update,
    f"{PREFIX}tables": _tables,
}


def add_from_module(module: ModuleType) -> None:
    """Add what the hooks in a module bring along; the command line reads a `conftest.py` so."""
    for name, add in ADD.items():
        if (hook := getattr(module, name, None)) is not None:
            add(hook())
