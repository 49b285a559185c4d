"""Ctrl-C, SIGTERM and a closed terminal end a session with its reports; a second Ctrl-C at once.

SLURM and Kubernetes send SIGTERM, a closed terminal SIGHUP. Nothing that was written is harmed by
the hard end: a journal line is one write, and every other file is replaced as a whole.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

STATUS = 2
# A terminal and a launcher may both pass on one Ctrl-C.
SAME_PRESS_SECONDS = 0.3


class Interruption:
    """The signal handlers of one session."""

    def __init__(self, at_once: Callable[[], None], *, controlled: bool = False) -> None:
        """Install them; does nothing outside of the main thread.

        Args:
            at_once: called before the process ends at once.
            controlled: another process decides what a Ctrl-C means.
        """
        self.reason = ""
        self._held = False
        self._at_once = at_once
        self._first = 0.0
        self._before: dict[signal.Signals, Any] = {}
        handlers: dict[signal.Signals, Any] = {
            signal.SIGINT: signal.SIG_IGN if controlled else self._interrupted,
            signal.SIGTERM: self._terminated,
            signal.SIGHUP: self._terminated,
        }
        for number, handler in handlers.items():
            try:
                # nohup ignores SIGHUP, and means it.
                if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue
                self._before[number] = signal.signal(number, handler)
            except ValueError:
                return

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let reports be written to their end: what comes meanwhile ends the session afterwards."""
        before, self._held = self.reason, True
        try:
            yield
        finally:
            self._held = False
        if self.reason != before:
            pytest.exit(self.reason, returncode=STATUS)

    def restore(self) -> None:
        """Put back the handlers that were there before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _interrupted(self, _signal: int, _frame: FrameType | None) -> None:
        if not self.reason:
            self._begin("interrupted")
            if not self._held:
                raise KeyboardInterrupt
        elif time.monotonic() - self._first > SAME_PRESS_SECONDS:
            self._at_once()
            os._exit(STATUS)

    def _terminated(self, number: int, _frame: FrameType | None) -> None:
        if not self.reason:
            self._begin(f"terminated by {signal.Signals(number).name}")
            if not self._held:
                pytest.exit(self.reason, returncode=STATUS)

    def _begin(self, reason: str) -> None:
        self.reason = reason
        self._first = time.monotonic()
