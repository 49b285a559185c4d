"""The journal: append-only JSON lines, one file a process, one line the moment an answer is there.

`JournalWriter` appends; `read_journal` finds what counts and where it stands. A torn last line is
what a killed process leaves and is set aside without a word to the user's loss; damage elsewhere is
reported and costs only the lines that it hit.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from stindex.errors import UserError
from stindex.runs.record import JournalLine, Record, SetAside, decode, encode
from stindex.runs.stored_records import Place, StoredRecords

JOURNAL_DIRECTORY = "journal"
_OPENING = b'{"key": "'


class JournalWriter:
    """Appends lines to a file of its own; each is one `write` and survives a killed process."""

    def __init__(self, run_directory: Path) -> None:
        """Choose a name; the file is made by the first line."""
        self.run_directory = run_directory
        self._directory = run_directory / JOURNAL_DIRECTORY
        name = f"{time.time_ns():020d}-{socket.gethostname()}-{os.getpid()}.jsonl"
        self.path = self._directory / name
        self._descriptor: int | None = None
        self._size = 0  # nobody else writes to it

    def append(self, *lines: JournalLine) -> list[Place]:
        """Write lines at the end; return where they stand.

        Raises:
            UserError: the directory cannot be written to, or the disk is full.
        """
        encoded = [encode(line) for line in lines]
        ends = list(accumulate(map(len, encoded), initial=self._size))
        content = b"".join(encoded)
        try:
            descriptor = self._open()
            while content:
                written = os.write(descriptor, content)
                self._size += written
                content = content[written:]
        except OSError as problem:
            raise UserError(
                f"{self.path}: an answer cannot be written ({problem.strerror}); make room or "
                f"name another --output-dir, and run again: what was written is kept."
            ) from None
        return [
            Place(self.path, start, len(line))
            for start, line in zip(ends[:-1], encoded, strict=True)
        ]

    def close(self) -> None:
        """Close the file; further lines open it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        if self._descriptor is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(self.path, flags, 0o644)
        return self._descriptor


@dataclass(frozen=True, slots=True)
class Journal:
    """What the files of a run say.

    Attributes:
        records: key to the record that counts (the latest attempt that was not set aside).
        attempts: key to the highest attempt ever made, set aside or not.
        set_aside: keys that were set aside; they are not taken over from other runs.
        twice: keys that have two answers of one attempt; the first one read counts.
        damage: one sentence for each damaged place.
    """

    records: StoredRecords
    attempts: Mapping[str, int]
    set_aside: frozenset[str]
    twice: frozenset[str] = frozenset()
    damage: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Collects lines in any order into a `Journal`."""

    places: dict[str, Place] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)

    def add(self, line: JournalLine, place: Place) -> None:
        if isinstance(line, SetAside):
            self.aside[line.key] = max(line.up_to_attempt, self.aside.get(line.key, 0))
            return
        known = self.attempts.get(line.key, 0)
        if line.attempt > known:
            self.attempts[line.key] = line.attempt
            self.places[line.key] = place
        elif line.attempt == known:
            self.twice.add(line.key)

    def journal(self, damage: list[str]) -> Journal:
        counted = {k for k, number in self.attempts.items() if number > self.aside.get(k, 0)}
        return Journal(
            StoredRecords(self.places).only(counted),
            self.attempts,
            frozenset(self.aside),
            frozenset(self.twice),
            tuple(damage),
        )


def read_journal(run_directory: Path, keys: frozenset[str] | None = None) -> Journal:
    """Read all journal files of a run; with `keys`, only the lines of these.

    Raises:
        UserError: a file cannot be read.
    """
    reading, damage = _Reading(), list[str]()
    for path in sorted((run_directory / JOURNAL_DIRECTORY).glob("*.jsonl")):
        for line, place in _lines(path, keys, damage):
            reading.add(line, place)
    return reading.journal(damage)


def _lines(
    path: Path, keys: frozenset[str] | None, damage: list[str]
) -> Iterator[tuple[JournalLine, Place]]:
    start = 0
    for number, row in enumerate(_whole_rows(path), start=1):
        place, start = Place(path, start, len(row)), start + len(row)
        if row == b"\n" or (keys is not None and _is_of_another(row, keys)):
            continue
        try:
            yield decode(row), place
        except ValueError as problem:
            damage.append(
                f"{path.name}, line {number}: damaged ({problem}); that sample runs again, "
                f"all other answers are kept."
            )


class JournalFollower:
    """Reads what was added to a run's journals since the last time, by whichever process."""

    def __init__(self, run_directory: Path, keys: frozenset[str]) -> None:
        """Begin with what is added from now on."""
        self._directory = run_directory / JOURNAL_DIRECTORY
        self._keys = keys
        self._read = {path: path.stat().st_size for path in self._directory.glob("*.jsonl")}

    def added(self) -> Iterator[tuple[Record, Place]]:
        """Yield the new records; a line that is being written is left for the next time."""
        for path in sorted(self._directory.glob("*.jsonl")):
            # Away for a moment; what is there is read at the end of the run.
            with suppress(UserError):
                yield from self._new_records(path)

    def _new_records(self, path: Path) -> Iterator[tuple[Record, Place]]:
        for row in _whole_rows(path, self._read.get(path, 0)):
            place = Place(path, self._read.get(path, 0), len(row))
            self._read[path] = place.start + len(row)
            if _is_of_another(row, self._keys):
                continue
            with suppress(ValueError):
                line = decode(row)
                if isinstance(line, Record):
                    yield line, place


def journal_rows(run_directory: Path, keys: frozenset[str]) -> Iterator[bytes]:
    """Yield the whole lines of `keys`, not decoded; a torn last line is left out.

    Raises:
        UserError: a file cannot be read.
    """
    for path in sorted((run_directory / JOURNAL_DIRECTORY).glob("*.jsonl")):
        for row in _whole_rows(path):
            if not _is_of_another(row, keys):
                yield row[:-1]


def _whole_rows(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield the lines from a byte on, each with its end; a torn last one has none."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            yield from (row for row in file if row.endswith(b"\n"))
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None


def _is_of_another(row: bytes, keys: frozenset[str]) -> bool:
    """Whether a line is sound at its beginning and has none of `keys`; the rest is not decoded."""
    return row.startswith(_OPENING) and row[9:73].decode("ascii", "replace") not in keys
