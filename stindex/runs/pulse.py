"""A thread that shows that this process lives, and sees what became of those around it.

It touches files at an interval (a process that loads a large model is silent for minutes), and
notices when the parent process is gone or when another process asked everybody to stop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from time import monotonic

LOOK_SECONDS = 0.25
BEAT_SECONDS = 2.0


class Pulse:
    """Runs until it is closed; `add` may be called at any time."""

    def __init__(self, on_orphaned: Callable[[], None] | None = None) -> None:
        """Start it.

        Args:
            on_orphaned: called once, in the thread, when the parent process has died.
        """
        self._files: list[Path] = []
        self._watched: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self._on_orphaned = on_orphaned
        self._parent = os.getppid()
        self._closed = Event()
        self._thread = Thread(target=self._run, name="stindex-pulse", daemon=True)
        self._thread.start()

    def keep_alive(self, path: Path) -> None:
        """Touch a file from now on."""
        self._files = [*self._files, path]

    def watch(self, has_come: Callable[[], bool], then: Callable[[], None]) -> None:
        """Call `then` once, in the thread, when `has_come` is true."""
        self._watched = [*self._watched, (has_come, then)]

    def close(self) -> None:
        """Stop; no file is touched afterwards."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        beaten = monotonic()
        while not self._closed.wait(LOOK_SECONDS):
            self._look()
            if monotonic() - beaten >= BEAT_SECONDS:
                beaten = monotonic()
                _touch(self._files)

    def _look(self) -> None:
        for watched in self._watched:
            has_come, then = watched
            if has_come():
                self._watched = [one for one in self._watched if one is not watched]
                then()
        if self._on_orphaned is not None and os.getppid() != self._parent:
            on_orphaned, self._on_orphaned = self._on_orphaned, None
            on_orphaned()


def _touch(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            os.utime(path)
        except OSError:
            continue  # a file system that is away for a while; whoever looks waits for longer
