"""Workers get whole chunks; what a dead one leaves runs again once, each sample alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from stindex.runs.feeds import Chunk
from stindex.runs.plan import plan_chunks
from stindex.runs.scheduling import NO_SAMPLE, Schedule, Worker, make_work


@dataclass(eq=False)
class FakeWorker:
    got: list[int] = field(default_factory=list)
    shutting_down: bool = False

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        assert not self.shutting_down
        self.got.extend(indices)

    def shutdown(self) -> None:
        self.shutting_down = True


@dataclass
class FakeRun:
    assigned: dict[int, list[Chunk]] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    condemned: list[int] = field(default_factory=list)

    def assign(self, worker: Worker, chunk: Chunk) -> None:
        self.assigned.setdefault(id(worker), []).append(chunk)

    def is_answered(self, position: int) -> bool:
        return position in self.answered

    def condemn(self, position: int, worker: Worker) -> None:
        self.condemned.append(position)
        self.answered.add(position)


def _schedule(samples: list[int], chunks: list[list[int]]) -> tuple[Schedule, FakeRun]:
    run = FakeRun()
    return Schedule(make_work(samples, chunks), samples, run), run


def _run_all(schedule: Schedule, worker: FakeWorker, run: FakeRun, samples: list[int]) -> list[int]:
    ran = []
    while worker.got:
        test = worker.got.pop(0)
        run.answered.add(samples[test])
        ran.append(test)
        schedule.completed(worker, test)
    return ran


@given(st.integers(1, 60), st.integers(1, 3), st.integers(1, 8), st.integers(1, 4))
def test_every_test_runs_once_and_those_of_a_sample_on_one_worker(
    count: int, functions: int, batch: int, processes: int
) -> None:
    samples = [position for _ in range(functions) for position in range(count)]
    schedule, run = _schedule(samples, plan_chunks(range(count), batch, processes))
    workers = [FakeWorker() for _ in range(processes)]
    for worker in workers:
        schedule.add(worker)
    ran = [_run_all(schedule, worker, run, samples) for worker in workers]
    assert sorted(test for tests in ran for test in tests) == list(range(len(samples)))
    owners = [{samples[test] for test in tests} for tests in ran]
    assert sum(map(len, owners)) == count
    assert all(worker.shutting_down for worker in workers)


def test_a_worker_always_knows_the_test_after_the_one_it_runs() -> None:
    schedule, _ = _schedule([0, 1, 2, 3], [[0], [1], [2], [3]])
    worker = FakeWorker()
    schedule.add(worker)
    assert worker.got == [0, 1]
    schedule.completed(worker, 0)
    assert worker.got == [0, 1, 2]


def test_what_a_dead_worker_left_runs_elsewhere_each_sample_alone() -> None:
    samples = [0, 1, 2, 3]
    schedule, run = _schedule(samples, [[0, 1, 2], [3]])
    dead, heir = FakeWorker(), FakeWorker()
    schedule.add(dead)
    run.answered.add(0)
    schedule.completed(dead, 0)
    assert schedule.remove(dead) is None
    schedule.add(heir)
    ran = _run_all(schedule, heir, run, samples)
    assert ran == [1, 2, 3]
    assert [chunk.positions for chunk in run.assigned[id(heir)]] == [(1,), (2,), (3,)]
    assert [chunk.suspect for chunk in run.assigned[id(heir)]][:2] == [True, True]
    assert run.condemned == []


def test_a_sample_that_kills_its_worker_twice_is_given_up_and_costs_no_other() -> None:
    samples = [0, 1, 2]
    schedule, run = _schedule(samples, [[0, 1, 2]])
    for _ in range(2):
        worker = FakeWorker()
        schedule.add(worker)
        assert schedule.remove(worker) is None
    assert run.condemned == [0]
    last = FakeWorker()
    schedule.add(last)
    assert _run_all(schedule, last, run, samples) == [0, 1, 2]
    assert run.condemned == [0]


def test_a_test_that_dies_although_its_sample_is_answered_is_reported_the_second_time() -> None:
    schedule, run = _schedule([0, 0], [[0]])
    run.answered.add(0)
    lost = []
    for _ in range(2):
        worker = FakeWorker()
        schedule.add(worker)
        lost.append(schedule.remove(worker))
    assert lost == [None, 0]
    last = FakeWorker()
    schedule.add(last)
    assert last.got == [1]


def test_tests_without_a_sample_go_first_and_are_reported_when_they_crash() -> None:
    samples = [0, NO_SAMPLE]
    schedule, _ = _schedule(samples, [[0]])
    worker = FakeWorker()
    schedule.add(worker)
    assert worker.got == [1, 0]
    assert schedule.remove(worker) == 1


def test_a_worker_that_dies_with_nothing_to_do_leaves_nothing() -> None:
    schedule, _ = _schedule([0], [[0]])
    first, second = FakeWorker(), FakeWorker()
    schedule.add(first)
    schedule.add(second)
    assert second.shutting_down
    assert schedule.remove(second) is None
    assert schedule.pending(first) == 1
