"""Records that stay in their journals: key ─▶ where a line stands ─▶ the record, when it is wanted.

A run of a hundred thousand long answers holds a place for each, and reads one answer at a time.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stindex.errors import UserError
from stindex.runs.record import Record, decode


@dataclass(frozen=True, slots=True)
class Place:
    """Where a journal line stands: its file, its first byte, its length in bytes."""

    path: Path
    start: int
    length: int

    def read(self) -> Record:
        """Return the record of the line.

        Raises:
            UserError: the file cannot be read any more, or has other content now.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
            try:
                line = os.pread(descriptor, self.length, self.start)
            finally:
                os.close(descriptor)
            record = decode(line)
        except (OSError, ValueError) as problem:
            raise UserError(
                f"{self.path}: an answer that was there cannot be read again ({problem}); check "
                "the disk and run the same command again."
            ) from None
        if not isinstance(record, Record):
            raise UserError(f"{self.path}: was changed during the run; run the same command again.")
        return record


class StoredRecords(Mapping[str, Record]):
    """Records by key, each read from its journal when it is asked for."""

    def __init__(self, places: Mapping[str, Place] | None = None) -> None:
        """Begin with places that are known, or with none."""
        self._places = dict(places or {})
        self._fresh: dict[str, Record] = {}

    def put(self, key: str, place: Place, record: Record | None = None) -> None:
        """Add a record that was written; where it is given, it is kept until it is asked for."""
        self._places[key] = place
        if record is not None:
            self._fresh[key] = record

    def update(self, others: StoredRecords) -> None:
        """Add others' records."""
        self._places.update(others._places)

    def only(self, keys: Collection[str]) -> StoredRecords:
        """Return those of some keys."""
        return StoredRecords({k: place for k, place in self._places.items() if k in keys})

    def __getitem__(self, key: str) -> Record:
        return self._fresh.pop(key, None) or self._places[key].read()

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
