"""What pytest-xdist asks a scheduler, answered by a `Schedule` of whole chunks.

A session in which no test asks for a sample is left to the scheduler that `--dist` names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from stindex.runs.scheduling import Schedule


class ChunkScheduling:
    """What pytest-xdist calls a scheduler; all is done by a `Schedule` once there is a sample."""

    def __init__(
        self,
        workers: int,
        begin: Callable[[str], Schedule | None],
        make_stock: Callable[[], Any],
    ) -> None:
        """Wait for the workers to collect.

        Args:
            begin: the name of a worker that has collected ─▶ the schedule; None without samples.
            make_stock: makes the scheduler that pytest-xdist would have without us.
        """
        self._expected = workers
        self._open = begin
        self._make_stock = make_stock
        self._stock: Any = None
        self._schedule: Schedule | None = None
        self._nodes: list[Any] = []
        self._collections: dict[Any, Sequence[str]] = {}
        self._collection: Sequence[str] = ()

    @property
    def nodes(self) -> list[Any]:
        """All workers."""
        return self._stock.nodes if self._stock else self._nodes

    @property
    def collection_is_completed(self) -> bool:
        """Whether every worker has collected."""
        if self._stock:
            return bool(self._stock.collection_is_completed)
        return self._schedule is not None or len(self._collections) >= self._expected

    @property
    def tests_finished(self) -> bool:
        """Whether all that is left is the last test of each worker."""
        if self._stock:
            return bool(self._stock.tests_finished)
        schedule = self._schedule
        if schedule is None or not schedule.is_handed_out:
            return False
        return all(schedule.pending(worker) < 2 for worker in schedule.workers)

    @property
    def has_pending(self) -> bool:
        """Whether a test waits or runs."""
        if self._stock:
            return bool(self._stock.has_pending)
        schedule = self._schedule
        if schedule is None:
            return False
        return not schedule.is_handed_out or any(map(schedule.pending, schedule.workers))

    def add_node(self, node: Any) -> None:  # noqa: ANN401
        """Note a worker that has started."""
        if self._stock:
            self._stock.add_node(node)
        else:
            self._nodes.append(node)

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:  # noqa: ANN401
        """Note what a worker has collected.

        Raises:
            pytest.UsageError: it is not what the others have.
        """
        if self._stock:
            self._stock.add_node_collection(node, collection)
            return
        first = self._collection or next(iter(self._collections.values()), collection)
        if list(first) != list(collection):
            raise pytest.UsageError(
                f"worker {node.gateway.id} collected other tests than the others; make the order "
                "and the names of the tests the same in every process."
            )
        self._collections[node] = first  # one list, not one for each worker

    def schedule(self) -> None:
        """Begin, or let a replacement take part."""
        if self._schedule is None and self._stock is None:
            self._begin()
        if self._stock:
            self._stock.schedule()
            return
        if self._schedule is None:
            return
        for node in self._nodes:
            if node in self._collections and node not in self._schedule.workers:
                self._schedule.add(node)

    def _begin(self) -> None:
        node, self._collection = next(iter(self._collections.items()))
        self._schedule = self._open(node.gateway.id)
        if self._schedule is None:
            self._stock = self._make_stock()
            for known in self._nodes:
                self._stock.add_node(known)
            for known, collection in self._collections.items():
                self._stock.add_node_collection(known, collection)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:  # noqa: ANN401
        """Note that a worker has run a test."""
        if self._stock:
            self._stock.mark_test_complete(node, item_index, duration)
        elif self._schedule is not None:
            self._schedule.completed(node, item_index)

    def mark_test_pending(self, item: str) -> None:
        """Run a test once more; of the stock schedulers only."""
        self._stock.mark_test_pending(item)

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> None:  # noqa: ANN401
        """Take tests back; of the stock schedulers only."""
        self._stock.remove_pending_tests_from_node(node, indices)

    def remove_node(self, node: Any) -> str | None:  # noqa: ANN401
        """Take a worker out; return the test that is to be reported as crashed."""
        if self._stock:
            crashed: str | None = self._stock.remove_node(node)
            return crashed
        if node not in self._nodes:
            raise KeyError(node)
        self._nodes.remove(node)
        self._collections.pop(node, None)
        if self._schedule is None or node not in self._schedule.workers:
            return None
        lost = self._schedule.remove(node)
        return None if lost is None else self._collection[lost]
