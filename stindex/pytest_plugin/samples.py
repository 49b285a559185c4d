"""Which sample a test is about, and the part of a node id that names it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pytest

from stindex.schema import Sample

_LONGEST_ID = 80


def sample_of(item: pytest.Item) -> Sample | None:
    """Return the sample that a test is about; None for every other test."""
    callspec = getattr(item, "callspec", None)
    sample = callspec.params.get("sample") if callspec is not None else None
    return sample if isinstance(sample, Sample) else None


def selected_samples(items: Iterable[pytest.Item]) -> list[Sample]:
    """Return the samples of tests, each once, in the order of the tests."""
    return list({s.id: s for item in items if (s := sample_of(item)) is not None}.values())


def readable_ids(sample_ids: list[str]) -> list[str]:
    """Return parts of node ids: printable, short, and different from each other."""
    seen: dict[str, int] = {}
    taken: set[str] = set()
    ids = []
    for number, sample_id in enumerate(sample_ids):
        shown = _shown(sample_id) or f"row{number}"
        unique = shown
        while unique in taken:
            seen[shown] = seen.get(shown, 1) + 1
            unique = f"{shown}~{seen[shown]}"
        taken.add(unique)
        ids.append(unique)
    return ids


def _shown(sample_id: str) -> str:
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in sample_id)
    if len(shown) <= _LONGEST_ID:
        return shown
    digest = hashlib.sha256(sample_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{shown[:64]}~{digest[:8]}"
