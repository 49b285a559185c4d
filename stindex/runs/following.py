"""The answers of a run as its owner sees them, whichever process generates them.

Begins with the stock and reads on in the journals of all processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stindex.llm.base import Request
from stindex.runs.journal import JournalFollower
from stindex.runs.record import Record
from stindex.runs.stock import Stock


class Followed:
    """Answers that other processes journal."""

    def __init__(self, requests: Sequence[Request], stock: Stock, run_directory: Path) -> None:
        """Begin with what is in stock; nothing may be generated before this."""
        self._keys = {request.sample.id: request.key for request in requests}
        wanted = frozenset(self._keys.values())
        self._records = stock.records.only(wanted)
        self._attempts = dict(stock.attempts)
        self._follower = JournalFollower(run_directory, wanted)
        self.generated = 0

    def record(self, sample_id: str) -> Record | None:
        """Return the answer to a sample; None where it cannot be seen yet."""
        if self._keys[sample_id] not in self._records:
            self.read_on()
        return self.known_record(sample_id)

    def known_record(self, sample_id: str) -> Record | None:
        """Return the answer to a sample; None where it was not seen by the last `read_on`."""
        return self._records.get(self._keys[sample_id])

    def read_on(self) -> None:
        """Take in what was journaled since the last time."""
        for record, place in self._follower.added():
            if record.attempt > self._attempts.get(record.key, 0):
                self._attempts[record.key] = record.attempt
                self._records.put(record.key, place)
                self.generated += 1
