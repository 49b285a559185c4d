"""Chunks hold every sample once, in order, and shrink towards the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stindex.runs.plan import MOST_BATCHES, plan_chunks

SIZES = st.integers(1, 40)


@given(st.integers(0, 500), SIZES, st.integers(1, 8))
def test_chunks_hold_every_item_once_and_in_order(count: int, batch: int, processes: int) -> None:
    chunks = plan_chunks(range(count), batch, processes)
    assert [item for chunk in chunks for item in chunk] == list(range(count))
    assert all(chunks)


@given(st.integers(1, 500), SIZES, st.integers(1, 8))
def test_chunks_are_whole_batches_and_never_grow(count: int, batch: int, processes: int) -> None:
    sizes = [len(chunk) for chunk in plan_chunks(range(count), batch, processes)]
    assert all(size % batch == 0 for size in sizes[:-1])
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] <= MOST_BATCHES * batch
    assert sizes[-1] <= batch


def test_the_last_chunks_are_one_batch_for_each_of_the_processes() -> None:
    sizes = [len(chunk) for chunk in plan_chunks(range(160), 4, processes=3)]
    assert sizes[0] == 16
    assert sizes[-6:] == [4] * 6
