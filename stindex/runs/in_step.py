"""Ranks that generate in step (ZeRO-3): is one of them gone, so that the others wait in vain?

A rank that cannot make its passes keeps all others in theirs for ever, so each looks after all.
Signs of life are the files that the ranks touch; one that has generated its share says so.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from stindex.runs.meeting import STOP, Sign


class Companions:
    """The other ranks of a launch."""

    def __init__(self, launch: Path, rank: int, world: int, timeout: float) -> None:
        """Begin to look after them.

        Args:
            timeout: seconds of silence after which a rank counts as dead.
        """
        self._launch = launch
        self._rank = rank
        self._timeout = timeout
        self._signs = {n: Sign(launch, n) for n in range(world) if n != rank}

    def gone(self) -> int | None:
        """Return a rank that has died before its share was generated; None where there is none."""
        lost = (n for n, sign in self._signs.items() if sign.is_lost(self._timeout))
        return next((n for n in lost if not self._ended(n).exists()), None)

    def leave(self, *, early: bool) -> None:
        """Tell the others that this rank ends; if its share is not generated, they have to stop."""
        with suppress(OSError):  # then they see it by its silence
            (self._launch / STOP if early else self._ended(self._rank)).touch()

    def _ended(self, rank: int) -> Path:
        return self._launch / f"ended-rank{rank}"
