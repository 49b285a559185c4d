"""Which worker runs what: whole chunks, and once more what a dead worker left behind.

The scheduler of pytest-xdist's controller, without pytest: it sees workers as objects that take
the numbers of tests and can be shut down. All tests of a sample stay together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from stindex.runs.feeds import Chunk

NO_SAMPLE = -1
PLAIN_TESTS = 16  # tests without a sample that are handed out together


class Worker(Protocol):
    """What is known of a worker."""

    @property
    def shutting_down(self) -> bool:
        """Whether it takes no more tests."""
        ...

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        """Let it run tests, by number."""
        ...

    def shutdown(self) -> None:
        """Let it end after the tests that it has."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """Tests that one worker runs.

    Attributes:
        tests: numbers of tests in the collection.
        chunk: the samples that they are about; None for tests without one.
    """

    tests: tuple[int, ...]
    chunk: Chunk | None = None

    @property
    def suspect(self) -> bool:
        """Whether a worker died over it before."""
        return self.chunk is not None and self.chunk.suspect


class Run(Protocol):
    """What the schedule asks of the run and tells it."""

    def assign(self, worker: Worker, chunk: Chunk) -> None:
        """Tell a worker's source what to generate together."""
        ...

    def is_answered(self, position: int) -> bool:
        """Whether a sample's answer is in the journal."""
        ...

    def condemn(self, position: int, worker: Worker) -> None:
        """Write down that a sample has killed its worker twice."""
        ...


def make_work(samples: Sequence[int], chunks: Sequence[Sequence[int]]) -> list[Work]:
    """Return all tests of a collection as work, those without a sample first.

    Args:
        samples: for each test the place of its sample in the selection, or NO_SAMPLE.
        chunks: places in the selection that belong together, in order.
    """
    tests: dict[int, list[int]] = {}
    for number, position in enumerate(samples):
        tests.setdefault(position, []).append(number)
    plain = tests.pop(NO_SAMPLE, [])
    first = [Work(tuple(plain[n : n + PLAIN_TESTS])) for n in range(0, len(plain), PLAIN_TESTS)]
    return [
        *first,
        *(
            Work(tuple(test for position in chunk for test in tests[position]), Chunk(tuple(chunk)))
            for chunk in chunks
        ),
    ]


class Schedule:
    """Hands out work, in order, to workers that have at most one test left."""

    def __init__(self, work: Sequence[Work], samples: Sequence[int], run: Run) -> None:
        """Take the work; `samples` as in `make_work`."""
        self._queue = deque(work)
        self._samples = samples
        self._run = run
        self._given: dict[Worker, list[Work]] = {}
        self._pending: dict[Worker, list[int]] = {}

    @property
    def workers(self) -> list[Worker]:
        """All that take part."""
        return list(self._pending)

    @property
    def is_handed_out(self) -> bool:
        """Whether nothing waits for a worker."""
        return not self._queue

    def pending(self, worker: Worker) -> int:
        """Return how many tests a worker has to run, the running one included."""
        return len(self._pending[worker])

    def add(self, worker: Worker) -> None:
        """Let a worker take part."""
        self._pending[worker] = []
        self._given[worker] = []
        self.feed(worker)

    def completed(self, worker: Worker, test: int) -> None:
        """Note that a worker has run a test; give it more."""
        self._pending[worker].remove(test)
        self.feed(worker)

    def feed(self, worker: Worker) -> None:
        """Give a worker what it needs: it runs a test only when it knows the one after it."""
        if worker.shutting_down:
            return
        pending = self._pending[worker]
        while len(pending) < 2 and self._queue:
            work = self._queue.popleft()
            if work.chunk is not None:
                self._run.assign(worker, work.chunk)
            self._given[worker].append(work)
            pending.extend(work.tests)
            worker.send_runtest_some(list(work.tests))
        if not self._queue and len(pending) < 2:
            worker.shutdown()

    def remove(self, worker: Worker) -> int | None:
        """Take back what a worker has not run; return the test that is not to run again."""
        pending, given = self._pending.pop(worker), self._given.pop(worker)
        if not pending:
            return None
        lost = self._killer(worker, pending[0], given)
        left = [test for test in pending if test != lost]
        self._queue.extendleft(reversed(self._again(left)))
        for other in self._pending:
            self.feed(other)
        return lost

    def _killer(self, worker: Worker, test: int, given: Sequence[Work]) -> int | None:
        """Return the test that has to be given up: the second time that it was alone."""
        position = self._samples[test]
        if position == NO_SAMPLE:
            return test
        if not any(work.suspect and test in work.tests for work in given):
            return None
        if self._run.is_answered(position):
            return test  # it is not the model that dies, but the test
        self._run.condemn(position, worker)
        return None

    def _again(self, tests: Sequence[int]) -> list[Work]:
        """Return each sample as work of its own, so that the next death has one suspect."""
        of_sample: dict[int, list[int]] = {}
        for test in tests:
            of_sample.setdefault(self._samples[test], []).append(test)
        return [
            Work(tuple(some), None if position == NO_SAMPLE else Chunk((position,), suspect=True))
            for position, some in of_sample.items()
        ]
