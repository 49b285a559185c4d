"""Ranks of a launcher: each is a whole session of pytest, and rank 0 speaks for all.

A rank claims chunks and runs their tests; its reports go into a file that rank 0 replays into its
own summary, JUnit file and exit status. No collective, so nothing hangs on a rank that is dead;
under ZeRO-3, where generating is one, the ranks look after each other and stop together.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stindex.errors import UserError
from stindex.pytest_plugin.interruption import STATUS
from stindex.pytest_plugin.parts import Part, Session
from stindex.pytest_plugin.rank_log import RankLog, silence
from stindex.pytest_plugin.samples import sample_of
from stindex.runs import meeting
from stindex.runs.evaluation_run import EvaluationRun
from stindex.runs.feeds import ClaimedFeed, Feed, SteppedFeed
from stindex.runs.identity import digest
from stindex.runs.in_step import Companions
from stindex.runs.machines import gpu_of_rank, settle, visible_gpus
from stindex.runs.mailbox import Inbox, Outbox
from stindex.runs.plan import Plan, read_plan, write_plan
from stindex.whole_files import write_whole

if TYPE_CHECKING:
    from stindex.datasets import Dataset
    from stindex.schema import Sample

LOOK_SECONDS = 0.1
STOPPED_SECONDS = 15.0  # how long rank 0 waits for the others when the run was stopped
ORPHAN_SECONDS = 30.0
HANGING_SECONDS = 10  # how long a process may take to end whose model hangs
STOPPED = "Another rank has stopped; run the same command again to go on."


class RankPart(Part):
    """One of several ranks. Rank 0 owns the run."""

    watches_parent = True

    def __init__(self, session: Session) -> None:
        """Take this rank's GPU, and fall silent unless it is rank 0.

        Raises:
            UserError: there is no GPU for this rank.
        """
        super().__init__(session)
        role, values = session.role, session.settings.values
        self.reports_travel = not role.owns
        kind = session.settings.spec.kind
        local = kind not in {"own", "rules", "stored"} and values.device != "cpu"
        # DeepSpeed chooses among all GPUs by itself.
        chosen = not local or values.oversubscribe or role.in_step
        gpus = [] if chosen else visible_gpus(os.environ)
        settle(os.environ, gpu_of_rank(role, gpus), 1)
        self._timeout = float(values.rank_timeout)
        self._meeting: meeting.Meeting | None = None
        self._others: dict[int, _Other] = {}
        self._outbox: Outbox | None = None
        self._tests: dict[int, list[pytest.Item]] = {}
        self._plain: list[pytest.Item] = []
        self._companions: Companions | None = None
        self._told = False  # to stop
        self._log = RankLog()
        if not role.owns:
            silence(session.config, self._log)
        session.config.pluginmanager.register(self, "stindex-rank")

    # --- beginning

    def begin(
        self, dataset: Dataset, selected: Sequence[Sample], items: Sequence[pytest.Item]
    ) -> None:
        """Meet the other ranks, and agree on a plan."""
        role = self.session.role
        output = self.session.settings.root / self.session.settings.values.output_dir
        key = meeting.launch_key(os.environ, role)
        self._meeting = meeting.Meeting(output, key, role, self.pulse(), self._timeout)
        launch = self._meeting.directory
        self._sort(selected, items)
        collected = digest([item.nodeid for item in items])
        if role.owns:
            self._begin_as_owner(dataset, selected, launch, collected)
        else:
            self._log.open(launch / f"{role.name}.log")
            self._outbox = Outbox(launch / f"reports-{role.rank}.jsonl")
            self._outbox.send({"collected": collected, "tests": len(items)})
            self._begin_as_other(dataset, selected, launch)

    def _sort(self, selected: Sequence[Sample], items: Sequence[pytest.Item]) -> None:
        place = {sample.id: n for n, sample in enumerate(selected)}
        for item in items:
            sample = sample_of(item)
            if sample is None:
                self._plain.append(item)
            else:
                self._tests.setdefault(place[sample.id], []).append(item)

    def _begin_as_owner(
        self, dataset: Dataset, selected: Sequence[Sample], launch: Path, collected: str
    ) -> None:
        world = self.session.role.world
        self._others = {n: _Other(n, launch, collected) for n in range(1, world)}
        try:
            run = self.new_run(dataset, selected)
            arrangement = f"{world} ranks"
            self.own(run, world, str(launch), arrangement=arrangement, count=world)
            run.follow()
            write_plan(run.plan, launch / "plan.json")
            self._execute(run, run.plan, launch)
        except UserError:
            write_whole(launch / meeting.PROBLEM, "")
            raise

    def _begin_as_other(self, dataset: Dataset, selected: Sequence[Sample], launch: Path) -> None:
        path = launch / "plan.json"
        if not meeting.wait_for_owner(launch, path.exists, self._timeout):
            pytest.exit("rank 0 has ended or is silent", returncode=0)
        plan = read_plan(path)
        run = self.new_run(dataset, selected)
        if plan is None or (run.identity.run_id, run.selection) != (plan.run_id, plan.selection):
            raise UserError(
                f"rank {self.session.role.rank} has other settings or data than rank 0; make the "
                "model, the data set and cfg/ the same on all machines."
            )
        self._run = run
        self._execute(run, plan, launch)

    def _execute(self, run: EvaluationRun, plan: Plan, launch: Path) -> None:
        role = self.session.role
        if role.owns:
            run.execute(self._feed(run, plan, launch), run.stock)
        else:
            run.execute_plan(plan, self._feed(run, plan, launch))
        self.pulse().watch((launch / meeting.STOP).exists, self._told_to_stop)
        if run.in_step:
            self._companions = Companions(launch, role.rank, role.world, self._timeout)
            self.pulse().watch(lambda: self._gone() is not None, self._stop_without)

    def _feed(self, run: EvaluationRun, plan: Plan, launch: Path) -> Feed:
        role = self.session.role
        if run.in_step:
            return SteppedFeed(plan.chunks, plan.todo, role.rank, role.world)
        keys = [request.key for request in run.requests]
        return ClaimedFeed(plan.chunks, keys, launch / "claims", role.rank)

    def _told_to_stop(self) -> None:
        self._told = True
        session = self.session.pytest_session
        if session is not None and not session.shouldstop:
            session.shouldstop = "another rank has stopped"
        if self._run is None:
            return
        if self._run.in_step:
            self._run.abandon(STOPPED)
        elif not self.session.role.owns:
            self._run.stop()

    def _gone(self) -> int | None:
        return None if self._companions is None else self._companions.gone()

    def _stop_without(self) -> None:
        """No rank can generate any more (ZeRO-3): end, and let all others end."""
        if self._run is not None and not self._run.has_generated:
            self._run.abandon(
                f"rank {self._gone()} has died, and under ZeRO-3 no rank can go on without it; run "
                "the same command again: what was written is kept."
            )
            self._leave()

    # --- the tests

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the tests of the chunks that this rank could claim."""
        if self._run is None:
            return None
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        neighbours = _neighbours(session.items)
        for item in self._claimed():
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=neighbours[item])
            self._replay()
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        self._wait_for_others(session)
        return True

    def _claimed(self) -> Iterator[pytest.Item]:
        if self.session.role.owns:
            yield from self._plain
        acquisition = self._run.acquisition if self._run is not None else None
        number = 0
        while acquisition is not None and (chunk := acquisition.chunk(number)) is not None:
            for position in chunk:
                yield from self._tests[position]
            number += 1

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Pass a report on to rank 0."""
        if self._outbox is not None:
            config = self.session.config
            data = config.hook.pytest_report_to_serializable(config=config, report=report)
            self._outbox.send({"report": data})

    def tells(self, problem: UserError) -> bool:
        """Let rank 0 end the session with this rank's problem."""
        if self._outbox is None:
            return False
        if self._told:
            return True  # rank 0 knows
        try:
            self._outbox.send({"problem": str(problem)})
        except UserError:
            return False
        return True

    # --- rank 0

    def _replay(self) -> None:
        """Report what the other ranks have reported."""
        config = self.session.config
        for other in self._others.values():
            for data in other.reports():
                report = config.hook.pytest_report_from_serializable(config=config, data=data)
                report.location = tuple(report.location)
                hook = config.hook
                if report.when == "setup":
                    hook.pytest_runtest_logstart(nodeid=report.nodeid, location=report.location)
                hook.pytest_runtest_logreport(report=report)
                if report.when == "teardown":
                    hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)

    def _wait_for_others(self, session: pytest.Session | None, seconds: float = 1e9) -> None:
        """Replay until every other rank has ended or has been silent for too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._replay()
            if session is not None and session.shouldfail:
                raise session.Failed(session.shouldfail)
            if all(other.done or other.is_lost(self._timeout) for other in self._others.values()):
                self._replay()  # what one that died has written before
                return
            time.sleep(LOOK_SECONDS)

    def gather(self, *, stopped: bool) -> None:
        """Let the others end, and take what they still have to say."""
        launch = self._launch()
        if stopped and launch is not None:
            (launch / meeting.STOP).touch()
            if self._run is not None and self._run.in_step:
                self._run.abandon(STOPPED)
            try:
                self._wait_for_others(None, min(self._timeout, STOPPED_SECONDS))
            except pytest.exit.Exception as problem:  # of another rank
                self.session.announce(str(problem))
        lost = [str(other.rank) for other in self._others.values() if not other.done]
        if lost and self._run is not None:
            note = f"rank {', '.join(lost)} did not end as it should; some of its samples may miss."
            self._run.notes.append(note)
            self.session.announce(note)
        facts = [other.source for other in self._others.values() if other.source]
        if self._run is not None and facts:
            self._run.source_facts = facts[0]

    # --- the end

    def end(self, session: pytest.Session) -> None:
        """Tell rank 0 that this rank is done; only rank 0 gives the exit status."""
        if self.session.role.owns:
            return
        self._leave()
        facts = self._run.leave() if self._run is not None else {}
        if self._outbox is not None:
            self._outbox.send({"done": int(session.exitstatus), "source": facts})
        if int(session.exitstatus) in {0, 1, 5}:
            session.exitstatus = pytest.ExitCode.OK

    def _leave(self) -> None:
        """Do not let other ranks wait for this one (ZeRO-3)."""
        if self._companions is None or self._run is None:
            return
        early = not self._run.has_generated
        self._companions.leave(early=early)
        if early:
            self._run.abandon(STOPPED)

    def close(self) -> None:
        """Let go of the run."""
        super().close()
        acquisition = self._run.acquisition if self._run is not None else None
        if self._companions is not None and acquisition is not None and acquisition.hangs:
            # A collective operation that misses a rank ends in no other way.
            signal.alarm(HANGING_SECONDS)
        if self._meeting is not None:
            self._meeting.close()
            if self.session.role.owns:
                meeting.leave(self._meeting.directory)
        self._log.close()

    def orphaned(self) -> None:
        """The launcher has died: stop as if it had said so, and in any case end."""
        os.kill(os.getpid(), signal.SIGTERM)
        timer = threading.Timer(ORPHAN_SECONDS, os._exit, [1])
        timer.daemon = True
        timer.start()

    def _launch(self) -> Path | None:
        return None if self._meeting is None else self._meeting.directory


class _Other:
    """Another rank, as rank 0 sees it."""

    def __init__(self, rank: int, launch: Path, collected: str) -> None:
        self.rank = rank
        self.done = False
        self.source: dict[str, Any] = {}
        self._sign = meeting.Sign(launch, rank)
        self._inbox = Inbox(launch / f"reports-{rank}.jsonl")
        self._collected = collected

    def is_lost(self, timeout: float) -> bool:
        """Whether it has died on this machine, or has been silent for `timeout` seconds."""
        return self._sign.is_lost(timeout)

    def reports(self) -> Iterator[dict[str, Any]]:
        """Yield the reports that came in; note everything else."""
        for message in self._inbox.received():
            if "report" in message:
                yield message["report"]
            elif "problem" in message:
                pytest.exit(f"rank {self.rank}: {message['problem']}", returncode=STATUS)
            elif "collected" in message:
                self._compare(message)
            else:
                self.done = True
                self.source = message["source"]

    def _compare(self, message: dict[str, Any]) -> None:
        if message["collected"] != self._collected:
            raise pytest.UsageError(
                f"rank {self.rank} collected {message['tests']} other tests than rank 0; make the "
                "order and the names of the tests the same on every rank."
            )


def _neighbours(items: Sequence[pytest.Item]) -> dict[pytest.Item, pytest.Item | None]:
    """Return for each test another one beside it, so that fixtures of a wider scope outlive it."""
    found: dict[pytest.Item, pytest.Item | None] = {}
    for number, item in enumerate(items):
        beside = [*items[number + 1 : number + 2], *items[max(0, number - 1) : number]]
        same = [other for other in beside if other.parent is item.parent]
        found[item] = next(iter([*same, *beside]), None)
    return found
