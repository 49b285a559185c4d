"""`pytest -n 2`: a controller that owns the run, and workers that generate and test.

The controller hands out whole chunks; a worker finds what its source is to generate in a file
that the controller writes for it. Reports come over pytest-xdist's own channel.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stindex.errors import UserError
from stindex.pytest_plugin.chunk_scheduling import ChunkScheduling
from stindex.pytest_plugin.parts import Part, Session
from stindex.pytest_plugin.samples import sample_of
from stindex.runs import meeting
from stindex.runs.acquisition import new_record
from stindex.runs.evaluation_run import EvaluationRun
from stindex.runs.feeds import AssignedFeed, Chunk, assign
from stindex.runs.lock import join
from stindex.runs.machines import (
    refuse_too_little_memory,
    refuse_too_many_workers,
    settle,
    visible_gpus,
)
from stindex.runs.plan import read_plan, write_plan
from stindex.runs.scheduling import NO_SAMPLE, Schedule, Worker, make_work
from stindex.schema import Generation
from stindex.whole_files import write_whole

if TYPE_CHECKING:
    from stindex.datasets import Dataset
    from stindex.schema import Sample

_INPUT = "stindex"


def workers_to_start(config: pytest.Config) -> int:
    """Return how many workers pytest-xdist is going to start; 0 where there is none."""
    if hasattr(config, "workerinput"):
        return 0
    specifications = getattr(config.option, "tx", None)
    if not specifications or getattr(config.option, "dist", "no") == "no":
        return 0
    return sum(_multiplied(specification) for specification in specifications)


def _multiplied(specification: str) -> int:
    """Return how many workers an entry of `--tx` stands for: 3 for `3*popen`."""
    number, star, _ = specification.partition("*")
    return int(number) if star and number.isdigit() else 1


def worker_name(config: pytest.Config) -> str:
    """Return the name of this worker; empty in every other process."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return str(given.get("workerid", ""))


class Controller(Part):
    """Collects nothing and runs nothing: names the run, hands out work, writes the reports."""

    def __init__(self, session: Session) -> None:
        """Refuse more workers than the machine has GPUs for.

        Raises:
            UserError: there are too few.
        """
        super().__init__(session)
        values = session.settings.values
        self._workers = workers_to_start(session.config)
        kind = session.settings.spec.kind
        local = kind not in {"own", "rules", "stored"} and values.device != "cpu"
        self._gpus = visible_gpus(os.environ) if local else []
        if not values.oversubscribe:
            refuse_too_many_workers(self._workers, self._gpus)
        self._slots: dict[object, int] = {}
        self.launch = meeting.new_launch(session.settings.root / values.output_dir)
        session.config.pluginmanager.register(self, "stindex-controller")

    # --- hooks of pytest-xdist

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 (of xdist, untyped here)
        """Tell a worker where the launch's files are, and which GPU is its own."""
        slot = min(set(range(len(self._slots) + 1)) - set(self._slots.values()))
        self._slots[node] = slot
        gpu = self._gpus[slot % len(self._gpus)] if self._gpus else None
        node.workerinput[_INPUT] = {
            "launch": str(self.launch),
            "gpu": gpu,
            "workers": self._workers,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401
        """Free the GPU of a worker that is gone, for its replacement."""
        self._slots.pop(node, None)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_make_scheduler(
        self,
        config: pytest.Config,
        log: Any,  # noqa: ANN401
    ) -> ChunkScheduling:
        """Hand out whole chunks; sessions without samples keep the scheduler of `--dist`."""
        stock = config.pluginmanager.getplugin("dsession")
        return ChunkScheduling(
            self._workers, self.open, lambda: stock.pytest_xdist_make_scheduler(config, log)
        )

    # --- the run

    def open(self, worker: str) -> Schedule | None:
        """Begin the run over what the workers collected; None where there is no sample.

        Raises:
            pytest.UsageError: it cannot begin.
        """
        found = _json(self.launch / f"tests-{worker}.json")
        if found is None:
            return None
        if "problem" in found:
            raise pytest.UsageError(found["problem"])
        try:
            return self._opened(found["samples"])
        except UserError as problem:
            raise pytest.UsageError(str(problem)) from None

    def _opened(self, positions: Sequence[int]) -> Schedule:
        dataset = self.session.load_dataset()
        order = list(dict.fromkeys(p for p in positions if p != NO_SAMPLE))
        run = self.new_run(dataset, [dataset.samples[position] for position in order])
        arrangement = f"{self._workers} workers"
        self.own(run, self._workers, str(self.launch), arrangement=arrangement, count=self._workers)
        run.follow()
        try:
            self._refuse_what_cannot_fit(run)
        except UserError:
            self.disown()  # nothing was begun that reports could tell of
            raise
        write_plan(run.plan, self.launch / "plan.json")
        place = {position: n for n, position in enumerate(order)}
        samples = [place.get(position, NO_SAMPLE) for position in positions]
        return Schedule(make_work(samples, run.plan.chunks), samples, self)

    def _refuse_what_cannot_fit(self, run: EvaluationRun) -> None:
        if run.to_generate and not self._gpus and not self.session.settings.values.oversubscribe:
            refuse_too_little_memory(self._workers, run.memory_bytes)

    # --- what the schedule asks

    def assign(self, worker: Worker, chunk: Chunk) -> None:
        """Tell a worker's source what to generate together."""
        assign(self._assignments(worker), chunk)

    def is_answered(self, position: int) -> bool:
        """Whether a sample's answer is in the journal."""
        run = self._run
        if run is None or run.followed is None:
            return False
        return run.followed.record(run.selected[position].id) is not None

    def condemn(self, position: int, worker: Worker) -> None:
        """Write down that a sample has killed its worker twice."""
        run = self._run
        if run is None:
            return
        why = f"its worker was killed twice over it, by {_death(worker)}"
        request = run.requests[position]
        attempt = run.plan.attempts.get(position, 1)
        run.journal(new_record(request, Generation("", "error", error=why), attempt))
        self.session.announce(f"{run.selected[position].id!a}: {why}.")

    def _assignments(self, worker: Any) -> Path:  # noqa: ANN401
        return self.launch / f"assigned-{worker.gateway.id}.jsonl"

    # --- the end

    def gather(self, *, stopped: bool) -> None:
        """Tell the workers to stop; take what they say about their sources."""
        if stopped:
            _stop(self.launch)
        found = [_json(path) for path in sorted(self.launch.glob("source-*.json"))]
        if self._run is not None and any(found):
            self._run.source_facts = next(facts for facts in found if facts)

    def close(self) -> None:
        """Let go of the run; pytest-xdist has ended its workers by now."""
        super().close()
        if self._run is not None or self.launch.exists():
            meeting.leave(self.launch)


class WorkerPart(Part):
    """Generates what is assigned to it and runs the tests that come over the channel."""

    reports_travel = True
    watches_parent = True

    def __init__(self, session: Session) -> None:
        """Take the GPU that the controller chose, before torch is imported."""
        super().__init__(session)
        given: dict[str, Any] = getattr(session.config, "workerinput", {})[_INPUT]
        self._launch = Path(given["launch"])
        settle(os.environ, given["gpu"], given["workers"])
        self._dataset: Dataset | None = None
        self._selected: Sequence[Sample] = ()

    @property
    def run(self) -> EvaluationRun | None:
        """The run, begun when the first test needs it: by then there is a plan.

        Raises:
            UserError: it cannot begin.
        """
        if self._run is None and self._dataset is not None:
            self._run = self._begun(self._dataset)
        return self._run

    def refuse(self, problem: UserError, items: list[pytest.Item]) -> None:
        """Let the controller say that the data set cannot be read."""
        items[:] = []
        write_whole(self._tests_file(), json.dumps({"problem": str(problem)}))

    def begin(
        self, dataset: Dataset, selected: Sequence[Sample], items: Sequence[pytest.Item]
    ) -> None:
        """Tell the controller which test is about which sample."""
        self._dataset, self._selected = dataset, selected
        samples = [
            NO_SAMPLE if (s := sample_of(item)) is None else self.session.position(dataset, s)
            for item in items
        ]
        write_whole(self._tests_file(), json.dumps({"samples": samples}))
        join(self._launch, self.session.role.name, self.pulse())

    def orphaned(self) -> None:
        """End at once: a controller that died can be replaced at any moment."""
        os._exit(1)

    def end(self, session: pytest.Session) -> None:  # noqa: ARG002 (its status is its own)
        """Stop the source; leave for the controller what is known about it."""
        if self._run is not None:
            facts = self._run.leave()
            if facts:
                path = self._launch / f"source-{self.session.role.name}.json"
                write_whole(path, json.dumps(facts, default=str))

    def _begun(self, dataset: Dataset) -> EvaluationRun:
        plan = read_plan(self._launch / "plan.json")
        if plan is None:
            raise UserError(f"{self._launch}: the controller's plan is gone; run again.")
        run = self.new_run(dataset, self._selected)
        if (run.identity.run_id, run.selection) != (plan.run_id, plan.selection):
            raise UserError(
                "A worker has other settings or data than its controller; make the model, the "
                "data set and cfg/ the same for both."
            )
        run.execute_plan(
            plan, AssignedFeed(self._launch / f"assigned-{self.session.role.name}.jsonl")
        )
        self.pulse().watch((self._launch / meeting.STOP).exists, run.stop)
        return run

    def _tests_file(self) -> Path:
        return self._launch / f"tests-{self.session.role.name}.json"


def _stop(launch: Path) -> None:
    try:
        (launch / meeting.STOP).touch()
    except OSError:
        return  # the workers end with their channel


def _death(worker: Any) -> str:  # noqa: ANN401
    """Return the name of the signal that ended a worker, as far as it can be known."""
    try:
        status = worker.gateway._io.popen.wait(5)  # noqa: SLF001 (there is no public way)
        return signal.Signals(-status).name if status < 0 else f"its own exit with status {status}"
    except (AttributeError, OSError, ValueError, TypeError):
        return "an unknown signal"


def _json(path: Path) -> Any:  # noqa: ANN401 (whatever is in it)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
