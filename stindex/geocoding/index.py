"""The packed table of places, made into an SQLite index at first use.

The table is a file of the package (5.8 MB, xz); another one holds names in other languages.
Out of both comes an index of 34 MB under the user's cache directory, written under a
temporary name and renamed, so that any number of processes may build it at once. Its name holds a
checksum of both: another table, another index.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import lzma
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path

from stindex.errors import UserError

TABLE_NAME = "gazetteer_500.tsv.xz"
NAMES_NAME = "names_in_scripts.tsv.xz"
# Raised whenever the layout of the index changes, so that an older one is not read.
INDEX_VERSION = 3

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE place (
    id INTEGER PRIMARY KEY, name TEXT, latitude REAL, longitude REAL, code TEXT, country TEXT,
    admin1 TEXT, admin2 TEXT, population INTEGER, radius_km REAL);
CREATE TEMP TABLE posting (key TEXT, place INTEGER, quality REAL);
CREATE TABLE key (
    key TEXT, place INTEGER, quality REAL, PRIMARY KEY (key, place)) WITHOUT ROWID;
CREATE TABLE container (code TEXT, quality REAL, key TEXT, country TEXT, admin1 TEXT);
"""
# Sorted by SQLite and not here: it sorts outside memory, and a sorted insert packs pages full.
_FINISH = """
INSERT OR IGNORE INTO key SELECT key, place, quality FROM posting ORDER BY key, place;
DROP TABLE posting;
INSERT INTO container SELECT code, quality, key.key, country, admin1
FROM key JOIN place ON place.id = key.place
WHERE code IN ('PCL', 'ADM1') AND key.key GLOB '[a-z]*' ORDER BY key.key, place.id;
"""
_BATCH = 5000

_PlaceRow = tuple[int, str, float, float, str, str, str, str, int, float]
_Posting = tuple[str, int, float]


def packed_table() -> Traversable:
    """Return the packed table that is a file of the package."""
    return files("stindex.geocoding").joinpath(TABLE_NAME)


def packed_names() -> Traversable:
    """Return the packed names in other languages, a file of the package."""
    return files("stindex.geocoding").joinpath(NAMES_NAME)


@cache
def table_checksum() -> str:
    """Return the SHA-256 of the packed table and of the names in other languages, in hex."""
    content = packed_table().read_bytes() + packed_names().read_bytes()
    return hashlib.sha256(content).hexdigest()


def index_name(checksum: str) -> str:
    """Return the file name of the index of a table."""
    return f"gazetteer-{checksum[:16]}-v{INDEX_VERSION}.sqlite"


def ensure_index(directory: Path, checksum: str) -> Path:
    """Return the path of the index, building it if it is not there.

    Where the directory cannot be written to, the index lies in a directory of the user's own
    under the system's temporary directory.

    Raises:
        UserError: neither can be written to.
    """
    path = directory / index_name(checksum)
    if path.is_file() or _built(path):
        return path
    fallback = _private_temporary_directory() / path.name
    if fallback.is_file() or _built(fallback):
        return fallback
    raise UserError(
        f"The gazetteer's index (34 MB) can be written neither under {path.parent} nor under "
        f"{fallback.parent}; make room or make one of them writable."
    )


def build_index(path: Path) -> None:
    """Build the index of the packed table at a path; whoever renames last wins, with equal bytes.

    Raises:
        OSError, sqlite3.OperationalError: the directory cannot be written to, or is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".building-", suffix=".sqlite", dir=path.parent)
    os.close(handle)
    try:
        _fill(Path(temporary))
        _to_disk(Path(temporary))
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _built(path: Path) -> bool:
    try:
        build_index(path)
    except (OSError, sqlite3.OperationalError):
        return False
    return True


def _private_temporary_directory() -> Path:
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    directory = Path(tempfile.gettempdir()) / f"stindex-{owner}"
    directory.mkdir(mode=0o700, exist_ok=True)
    # Under a name that anyone could have taken: an index there is only trusted if it is ours.
    if hasattr(os, "getuid") and directory.lstat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp(prefix="stindex-"))
    return directory


def _to_disk(path: Path) -> None:
    # SQLite was told not to: without this a power cut could leave a torn index under its name.
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _fill(path: Path) -> None:
    with (
        packed_table().open("rb") as packed,
        io.TextIOWrapper(lzma.open(packed), encoding="utf-8") as lines,
        contextlib.closing(sqlite3.connect(path)) as connection,
    ):
        connection.executescript(_SCHEMA)
        numbered = enumerate(lines, start=1)
        while batch := list(islice(numbered, _BATCH)):
            _insert(connection, batch)
        _insert_names_in_scripts(connection)
        connection.executescript(_FINISH)
        connection.commit()


def _insert(connection: sqlite3.Connection, batch: list[tuple[int, str]]) -> None:
    rows = [(number, line.rstrip("\n").split("\t")) for number, line in batch]
    connection.executemany(
        "INSERT INTO place VALUES (?,?,?,?,?,?,?,?,?,?)",
        [_place_row(number, fields) for number, fields in rows],
    )
    connection.executemany(
        "INSERT INTO posting VALUES (?,?,?)",
        [posting for number, fields in rows for posting in _postings(number, fields[9])],
    )


def _insert_names_in_scripts(connection: sqlite3.Connection) -> None:
    with (
        packed_names().open("rb") as packed,
        io.TextIOWrapper(lzma.open(packed), encoding="utf-8") as lines,
    ):
        next(lines)  # the checksum of the table that its numbers are of
        rows = (line.rstrip("\n").split("\t") for line in lines)
        connection.executemany(
            "INSERT INTO posting VALUES (?,?,?)",
            (posting for number, names in rows for posting in _postings(int(number), names)),
        )


def _place_row(number: int, fields: list[str]) -> _PlaceRow:
    name, latitude, longitude, code, country, admin1, admin2, population, radius, _ = fields
    return (
        number,
        name,
        float(latitude),
        float(longitude),
        code,
        country,
        admin1,
        admin2,
        int(population),
        float(radius),
    )


def _postings(number: int, names: str) -> Iterator[_Posting]:
    for name in filter(None, names.split("|")):
        # `ab:TX:10`: the key may hold a colon, the quality (times ten) comes last, 3 is left out.
        key, colon, quality = name.rpartition(":")
        if colon and quality.isdigit():
            yield key, number, int(quality) / 10
        else:
            yield name, number, 3.0
