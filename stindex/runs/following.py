"""The answers of a run as its owner sees them, whichever process generates them.

Begins with the stock and reads on in the journals of all processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stindex.llm.base import Request
from stindex.runs.acquisition import Stock
from stindex.runs.journal import JournalFollower
from stindex.runs.record import Record


class Followed:
    """Answers that other processes journal."""

    def __init__(self, requests: Sequence[Request], stock: Stock, run_directory: Path) -> None:
        """Begin with what is in stock; nothing may be generated before this."""
        self._keys = {request.sample.id: request.key for request in requests}
        wanted = frozenset(self._keys.values())
        self._records = {key: r for key, r in stock.records.items() if key in wanted}
        self._attempts = stock.attempts
        self._follower = JournalFollower(run_directory, wanted)
        self.generated = 0

    def record(self, sample_id: str) -> Record | None:
        """Return the answer to a sample; None where it cannot be seen yet."""
        key = self._keys[sample_id]
        if key not in self._records:
            self.read_on()
        return self._records.get(key)

    def records(self) -> dict[str, Record]:
        """Return sample id to record, of all answers that are there."""
        self.read_on()
        return {i: self._records[key] for i, key in self._keys.items() if key in self._records}

    def read_on(self) -> None:
        """Take in what was journaled since the last time."""
        for record in self._follower.added():
            known = self._records.get(record.key)
            if record.attempt > (known.attempt if known else self._attempts.get(record.key, 0)):
                self._records[record.key] = record
                self.generated += 1
