"""A generation as the journal keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from stindex.schema import Generation

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a journal.

    Attributes:
        key: the generation key: a SHA-256 over all that may change the answer.
        repeat: which of several answers to the same sample, from 0.
        attempt: from 1; the latest attempt counts.
        made_by: `host:pid` of the process that generated it.
        written_at: ISO 8601 in UTC.
        origin: id of the run that an answer was taken over from; empty for the run's own.
    """

    key: str
    sample_id: str
    generation: Generation
    repeat: int = 0
    attempt: int = 1
    made_by: str = ""
    written_at: str = ""
    origin: str = ""
    version: int = RECORD_VERSION
