"""What a reader of a format gives: the objects of the native format, and what it put right."""

from __future__ import annotations

from dataclasses import dataclass

from stindex.datasets.json_entries import Entry
from stindex.datasets.problems import Repair


@dataclass(frozen=True, slots=True)
class Reading:
    """A file or directory as it was read, before its gold is checked.

    Attributes:
        entries: where each sample stands, and its object in the native format (or a `Problem`).
        repairs: what was read otherwise than it is written, or left out.
        content_hash: SHA-256 of what was read.
    """

    entries: tuple[Entry, ...]
    repairs: tuple[Repair, ...]
    content_hash: str
