"""The hooks by which a `conftest.py` brings its own parts along; docs/extending.md has examples.

Write them with `@pytest.hookimpl(optionalhook=True)`, so that sessions that do not load stindex
leave them alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from stindex.datasets.formats import Format
    from stindex.gates.kinds import GateKind
    from stindex.geocoding.base import Geocoder
    from stindex.llm.base import AnswerSource
    from stindex.reporting.run_report import RunReport
    from stindex.reporting.tables import Table
    from stindex.scoring.dimension import Dimension


def pytest_stindex_dimensions() -> Sequence[Dimension[Any]]:  # type: ignore[empty-body]
    """Return dimensions to score; one with the name of a known one takes its place."""


def pytest_stindex_models() -> Mapping[str, Callable[[], AnswerSource]]:  # type: ignore[empty-body]
    """Return sources of answers: the name that `--model` takes to what opens it."""


def pytest_stindex_formats() -> Sequence[Format]:  # type: ignore[empty-body]
    """Return formats of data sets."""


def pytest_stindex_geocoders() -> Mapping[str, Callable[[], Geocoder]]:  # type: ignore[empty-body]
    """Return geocoders: the name that `--geocoder` takes to what opens it."""


def pytest_stindex_gates() -> Mapping[str, GateKind]:  # type: ignore[empty-body]
    """Return kinds of gate: a word of the thresholds file to how it is judged."""


def pytest_stindex_tables() -> Sequence[Callable[[RunReport], Table | None]]:  # type: ignore[empty-body]
    """Return tables of the report."""
