"""The selected samples ─▶ chunks: what a process claims at a time.

A chunk is a few batches, so that the backend has something to order; towards the end chunks
shrink to one batch, so that no process is left with much work while the others are done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

MOST_BATCHES = 4


def plan_chunks(items: Sequence[T], batch_size: int, processes: int = 1) -> list[list[T]]:
    """Cut `items`, in order, into chunks of whole batches; only the last batch may be short."""
    chunks: list[list[T]] = []
    start = 0
    while start < len(items):
        batches_left = -(-(len(items) - start) // batch_size)
        size = batch_size * min(MOST_BATCHES, max(1, batches_left // (2 * processes)))
        chunks.append(list(items[start : start + size]))
        start += size
    return chunks
