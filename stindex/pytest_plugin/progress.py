"""How far a run is: percentage, samples/s, remaining time, running F1; and lines for the user.

On a terminal one line that is rewritten, in a log a line now and then.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext

import pytest

from stindex.runs.evaluation_run import EvaluationRun
from stindex.scoring import RunningF1

_EVERY_SECONDS = 0.2
_EVERY_SECONDS_IN_LOG = 10.0


class Lines:
    """Lines for the user, printed through pytest's terminal reporter where there is one."""

    def __init__(self, reporter: pytest.TerminalReporter | None) -> None:
        """Take the reporter."""
        self._reporter = reporter
        self._printed = 0.0

    def __call__(self, line: str) -> None:
        """Print a line."""
        if self._reporter is not None:
            with _uncaptured(self._reporter.config):
                self._reporter.ensure_newline()
                self._reporter.write_line(line)

    def passing(self, what: str, share: float) -> None:
        """Show how far `what` is: rewritten on a terminal, said once in a log, not with `-q`."""
        reporter = self._reporter
        if reporter is None or reporter.config.get_verbosity() < 0:
            return
        if not reporter.isatty:
            if share == 0:
                self(f"{what}.")
            return
        now = time.monotonic()
        if 0 < share < 1 and now - self._printed < _EVERY_SECONDS:
            return
        self._printed = now
        with _uncaptured(reporter.config):
            if share == 0:
                reporter.ensure_newline()
            reporter.rewrite(f"{what}: {share:.0%}", erase=True)
            if share == 1:
                reporter.write_line("")
            reporter.flush()


def _uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """Let what is printed through: a model is loaded, and says so, in the middle of a test."""
    manager = config.pluginmanager.getplugin("capturemanager")
    return nullcontext() if manager is None else manager.global_and_fixture_disabled()


class Progress:
    """Prints the progress of one run through pytest's terminal reporter."""

    def __init__(self, reporter: pytest.TerminalReporter, total: int, to_generate: int) -> None:
        """Take over the line from pytest, unless it prints a line a test (`-v`) or none (`-q`)."""
        self.active = reporter.config.get_verbosity() == 0
        self._reporter = reporter
        self._terminal = reporter.isatty
        self._total = total
        self._generating = to_generate > 0
        self._started = self._printed = time.monotonic()
        self._seen = 0
        self._f1 = RunningF1()
        if self.active:
            reporter.showfspath = False

    def seen(self, nodeid: str, run: EvaluationRun) -> None:
        """Count what has been evaluated by now; print if it is time."""
        if not self.active or nodeid.startswith("gates::"):
            return
        for score in run.new_scores():
            self._seen += 1
            self._f1.add(score)
        now = time.monotonic()
        every = _EVERY_SECONDS if self._terminal else _EVERY_SECONDS_IN_LOG
        if self._seen and now - self._printed >= every:
            self._printed = now
            self._print(now)

    def close(self) -> None:
        """Leave the last state on a line of its own."""
        if self.active and self._seen:
            self._print(time.monotonic())
            if self._terminal:
                self._reporter.write_line("")

    def _print(self, now: float) -> None:
        line = self._line(now - self._started)
        if self._terminal:
            self._reporter.rewrite(line, erase=True)
        else:
            self._reporter.write_line(line)

    def _line(self, seconds: float) -> str:
        rate = self._seen / max(seconds, 1e-9)
        share = 100 * self._seen // max(self._total, 1)
        remaining = (self._total - self._seen) / rate
        minutes, rest = divmod(round(remaining), 60)
        return (
            f"{share:3d}% {self._seen}/{self._total} samples, {rate:.3g}/s, "
            f"{minutes}:{rest:02d} left, F1 {self._f1}"
        )
