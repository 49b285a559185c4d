"""The journal: append-only JSON lines, one file a process, one line the moment an answer is there.

`JournalWriter` appends; `read_journal` gives what counts. A torn last line is what a killed
process leaves and is set aside without a word to the user's loss; damage elsewhere is reported
and costs only the lines that it hit.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from stindex.errors import UserError
from stindex.runs.record import JournalLine, Record, SetAside, decode, encode

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

    def append(self, *lines: JournalLine) -> None:
        """Write lines at the end.

        Raises:
            UserError: the directory cannot be written to, or the disk is full.
        """
        content = b"".join(encode(line) for line in lines)
        try:
            descriptor = self._open()
            while content:
                content = content[os.write(descriptor, content) :]
        except OSError as problem:
            raise UserError(
                f"{self.path}: an answer cannot be written ({problem.strerror}); make room or "
                f"name another --output-dir, and run again: what was written is kept."
            ) from None

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

    records: Mapping[str, Record]
    attempts: Mapping[str, int]
    set_aside: frozenset[str]
    twice: frozenset[str] = frozenset()
    damage: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Collects lines in any order into a `Journal`."""

    records: dict[str, Record] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)

    def add(self, line: JournalLine) -> None:
        if isinstance(line, SetAside):
            self.aside[line.key] = max(line.up_to_attempt, self.aside.get(line.key, 0))
            return
        self.attempts[line.key] = max(line.attempt, self.attempts.get(line.key, 0))
        known = self.records.get(line.key)
        if known is None or line.attempt > known.attempt:
            self.records[line.key] = line
        elif line.attempt == known.attempt:
            self.twice.add(line.key)

    def journal(self, damage: list[str]) -> Journal:
        counted = {k: r for k, r in self.records.items() if r.attempt > self.aside.get(k, 0)}
        return Journal(
            MappingProxyType(counted),
            MappingProxyType(self.attempts),
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
        for line in _lines(path, keys, damage):
            reading.add(line)
    return reading.journal(damage)


def _lines(path: Path, keys: frozenset[str] | None, damage: list[str]) -> Iterator[JournalLine]:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None
    rows = content.split(b"\n")
    for number, row in enumerate(rows, start=1):
        if not row or (keys is not None and _is_of_another(row, keys)):
            continue
        try:
            yield decode(row)
        except ValueError as problem:
            if number < len(rows):
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

    def added(self) -> list[Record]:
        """Return the new records; a line that is being written is left for the next time."""
        found: list[Record] = []
        for path in sorted(self._directory.glob("*.jsonl")):
            found += [line for line in self._new_lines(path) if isinstance(line, Record)]
        return found

    def _new_lines(self, path: Path) -> Iterator[JournalLine]:
        try:
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                content = file.read()
        except OSError:
            return  # away for a moment; what is there is read at the end of the run
        whole = content[: content.rfind(b"\n") + 1]
        self._read[path] = self._read.get(path, 0) + len(whole)
        for row in whole.splitlines():
            if not _is_of_another(row, self._keys):
                with suppress(ValueError):
                    yield decode(row)


def journal_rows(run_directory: Path, keys: frozenset[str]) -> Iterator[bytes]:
    """Yield the whole lines of `keys`, not decoded; a torn last line is left out.

    Raises:
        UserError: a file cannot be read.
    """
    for path in sorted((run_directory / JOURNAL_DIRECTORY).glob("*.jsonl")):
        try:
            with path.open("rb") as file:
                for row in file:
                    if row.endswith(b"\n") and not _is_of_another(row, keys):
                        yield row[:-1]
        except OSError as problem:
            raise UserError(
                f"{path}: cannot be read ({problem.strerror}); check the file."
            ) from None


def _is_of_another(row: bytes, keys: frozenset[str]) -> bool:
    """Whether a line is sound at its beginning and has none of `keys`; the rest is not decoded."""
    return row.startswith(_OPENING) and row[9:73].decode("ascii", "replace") not in keys
