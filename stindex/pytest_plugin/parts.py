"""What a process does for a run, in a session of pytest: all of it, or its part.

`Session` is what all parts know; `Alone` is the part of a process that has no others beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest

from stindex.errors import UserError
from stindex.pytest_plugin.progress import Lines
from stindex.runs.evaluation_run import EvaluationRun
from stindex.runs.pulse import Pulse

if TYPE_CHECKING:
    from stindex.config import ResolvedSettings
    from stindex.datasets import Dataset
    from stindex.runs.roles import Role
    from stindex.schema import Sample


class Session:
    """A session of pytest, its settings, and this process's role in it."""

    def __init__(
        self,
        config: pytest.Config,
        settings: ResolvedSettings,
        role: Role,
        load_dataset: Callable[[], Dataset],
    ) -> None:
        """Take what does not change."""
        self.config = config
        self.load_dataset = load_dataset
        self.settings = settings
        self.role = role
        self.notes: list[str] = []
        self.pytest_session: pytest.Session | None = None
        self._positions: dict[str, int] = {}

    def terminal(self) -> pytest.TerminalReporter | None:
        """Return what prints, if anything does."""
        plugin = self.config.pluginmanager.getplugin("terminalreporter")
        return cast("pytest.TerminalReporter | None", plugin)

    def announce(self, line: str) -> None:
        """Print a line for the user."""
        Lines(self.terminal())(line)

    def position(self, dataset: Dataset | None, sample: Sample) -> int:
        """Return the place of a sample in the data set."""
        if not self._positions and dataset is not None:
            self._positions = {s.id: n for n, s in enumerate(dataset.samples)}
        return self._positions[sample.id]


class Part:
    """What the suite asks of every part; this much is the same for all."""

    reports_travel = False  # reports of tests go to another process

    def __init__(self, session: Session) -> None:
        """Begin with nothing; a session without samples stays like that."""
        self.session = session
        self._pulse: Pulse | None = None
        self._run: EvaluationRun | None = None

    @property
    def run(self) -> EvaluationRun | None:
        """The run, if there is one."""
        return self._run

    @property
    def owned(self) -> EvaluationRun | None:
        """The run, if this process writes its reports."""
        return self._run if self.session.role.owns else None

    def refuse(
        self,
        problem: UserError,
        items: list[pytest.Item],  # noqa: ARG002 (a worker empties it)
    ) -> None:
        """Say that the data set cannot be read."""
        raise pytest.UsageError(str(problem))

    def begin(
        self, dataset: Dataset, selected: Sequence[Sample], items: Sequence[pytest.Item]
    ) -> None:
        """Begin the run; the tests are collected."""
        raise NotImplementedError

    def tells(self, problem: UserError) -> bool:  # noqa: ARG002 (most have nobody to tell)
        """Let the owner of the run say why this process cannot go on; False if it cannot."""
        return False

    def gather(self, *, stopped: bool) -> None:
        """Wait for what other processes still have to say, before the reports are written."""

    def end(self, session: pytest.Session) -> None:
        """End this process's part; pytest is about to finish the session."""

    def close(self) -> None:
        """Let go of the run: no process of this launch works on it any more."""
        if self.owned is not None:
            self.owned.release()
        if self._pulse is not None:
            self._pulse.close()

    def new_run(self, dataset: Dataset, selected: Sequence[Sample]) -> EvaluationRun:
        """Return a run that knows its name; nothing is written yet."""
        run = EvaluationRun(self.session.settings, dataset)
        owns = self.session.role.owns
        announce = Lines(self.session.terminal()) if owns else lambda _: None
        run.identify(selected, announce, owns=owns)
        return run

    def own(self, run: EvaluationRun, processes: int, members: str, **described: Any) -> None:  # noqa: ANN401 (JSON)
        """Make this process the owner of the run."""
        run.processes = described
        run.own(self.session.announce, self.pulse(), processes, members)
        self._run = run
        for note in self.session.notes:
            self.session.announce(note)
        run.notes += self.session.notes

    def disown(self) -> None:
        """Give up a run that cannot begin after all; no reports are written."""
        run, self._run = self._run, None
        if run is not None:
            with suppress(UserError):
                run.close_if_running()
            run.release()

    def pulse(self) -> Pulse:
        """Return the thread that shows that this process lives."""
        if self._pulse is None:
            self._pulse = Pulse(self.orphaned if self.watches_parent else None)
        return self._pulse

    @property
    def watches_parent(self) -> bool:
        """Whether this process ends when its parent does."""
        return False

    def orphaned(self) -> None:
        """The parent process has died."""


class Alone(Part):
    """One process that generates, tests and reports."""

    def begin(
        self,
        dataset: Dataset,
        selected: Sequence[Sample],
        items: Sequence[pytest.Item],  # noqa: ARG002 (pytest runs them in their order)
    ) -> None:
        """Own the run and generate as the tests ask."""
        run = self.new_run(dataset, selected)
        self.own(run, 1, "", arrangement="one process")
        run.execute_alone()
