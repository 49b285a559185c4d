"""A rank that does not speak prints into a log, and leaves JUnit and pytest's cache to rank 0."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TextIO, cast

import pytest


class RankLog(io.TextIOBase):
    """Where a rank writes that does not speak: kept in memory until there is a file."""

    def __init__(self) -> None:
        """Keep what is written."""
        self._kept = io.StringIO()
        self._file: TextIO | None = None

    def open(self, path: Path) -> None:
        """Write into a file from now on."""
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._file.write(self._kept.getvalue())

    def write(self, text: str) -> int:
        """Write some text."""
        return (self._file or self._kept).write(text)

    def close(self) -> None:
        """Close the file; what is written later is kept in memory."""
        if self._file is not None:
            self._file.close()
            self._file = None


def silence(config: pytest.Config, log: RankLog) -> None:
    """Let a rank print into a log, write no JUnit file, and leave pytest's cache as it is."""
    from _pytest.junitxml import xml_key  # noqa: PLC0415 (no public way)
    from _pytest.terminal import TerminalReporter  # noqa: PLC0415

    manager = config.pluginmanager
    manager.unregister(name="terminalreporter")
    manager.register(TerminalReporter(config, cast("TextIO", log)), "terminalreporter")
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        manager.unregister(xml)
        del config.stash[xml_key]
    cache = getattr(config, "cache", None)
    if cache is not None:
        # It is still read: `--lf` must select the same tests as on rank 0.
        cache.set = lambda *_: None
    sys.stderr = log  # pytest prints there why a session cannot begin
