"""A format of data sets, a geocoder, a kind of gate and a table of the report of one's own."""

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from stindex.datasets.formats import Format
from stindex.datasets.reading import Reading
from stindex.gates.kinds import GateKind, Measured
from stindex.geocoding.base import Geocoder
from stindex.reporting.run_report import RunReport
from stindex.reporting.tables import Table
from stindex.schema import Place, SpatialMention

# A format: a file goes in; objects of the native format come out, each with where it stands.


def read_places(path: Path) -> Reading:
    """Read a table with the columns id, text, place, latitude, longitude; one place a row."""
    content = path.read_bytes()
    rows = csv.DictReader(content.decode("utf-8").splitlines(), delimiter="\t")
    entries = [(f"row {number}", _sample(row)) for number, row in enumerate(rows, start=1)]
    return Reading(tuple(entries), (), hashlib.sha256(content).hexdigest())


def _sample(row: Mapping[str, str]) -> dict[str, Any]:
    place = {
        "text": row["place"],
        "latitude": float(row["latitude"]),
        "longitude": float(row["longitude"]),
    }
    return {"id": row["id"], "text": row["text"], "ground_truth": {"spatial": [place]}}


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_formats() -> Sequence[Format]:
    """Read `.tsv` files."""
    return [Format("table of places", (".tsv",), "", directories=False, read=read_places)]


# A geocoder: all places of a document go in; a place, or None, for each comes out.


class Register:
    """Knows the places of one's own register."""

    places: Mapping[str, tuple[float, float]] = {"Thornbury Well": (51.61, -2.53)}

    def geocode(self, mentions: Sequence[SpatialMention], text: str) -> list[Place | None]:
        """Look the words up."""
        return [
            Place(mention.text, *self.places[mention.text], kind="landmark")
            if mention.text in self.places
            else None
            for mention in mentions
        ]

    def identity(self) -> Mapping[str, str]:
        """Say what it is; the answers of another version are not taken for these."""
        return {"name": "register", "version": "1"}


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_geocoders() -> Mapping[str, Callable[[], Geocoder]]:
    """Offer the register to `--geocoder`."""
    return {"register": Register}


# A kind of gate: what the thresholds file asks for and what was measured go in; a sentence comes
# out, empty where the gate holds.


def surely_at_least(asked: float, measured: Measured) -> str:
    """Ask of the lower end of the 95 % interval what `at_least` asks of the value."""
    low = measured.value if measured.interval is None else measured.interval[0]
    return "" if low is not None and low >= asked else f"may be as low as {low}"


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_gates() -> Mapping[str, GateKind]:
    """Offer the word to `cfg/thresholds.yaml`."""
    return {"surely_at_least": surely_at_least}


# A table of the report: the whole run goes in.


def longest_texts(report: RunReport) -> Table:
    """List the longest texts."""
    samples = sorted((one.sample for one in report.samples), key=lambda one: -len(one.text))
    rows = tuple((one.id, str(len(one.text))) for one in samples[:3])
    return Table("The longest texts", ("Sample", "Characters"), rows)


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_tables() -> Sequence[Callable[[RunReport], Table | None]]:
    """Show the table at the end of the metrics."""
    return [longest_texts]
