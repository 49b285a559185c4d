"""Messages of one process to another as JSON lines in a file: they survive whoever wrote them.

An outbox appends; an inbox returns what is new since it was last asked. A torn last line waits
until it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stindex.errors import UserError


class Outbox:
    """Appends messages to a file; each is one `write`."""

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            UserError: it cannot be written.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as problem:
            raise self._explained(problem) from None

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one message.

        Raises:
            UserError: it cannot be written.
        """
        content = json.dumps(message, ensure_ascii=True, default=str).encode("ascii") + b"\n"
        try:
            while content:
                content = content[os.write(self._descriptor, content) :]
        except OSError as problem:
            raise self._explained(problem) from None

    def _explained(self, problem: OSError) -> UserError:
        return UserError(
            f"{self._path}: cannot be written ({problem.strerror}); make room and run again."
        )


class Inbox:
    """Reads the messages of one file as they are written."""

    def __init__(self, path: Path) -> None:
        """Begin at the beginning; the file need not be there yet."""
        self._path = path
        self._offset = 0

    def received(self) -> list[dict[str, Any]]:
        """Return the messages since the last time; one that is being written comes next time."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [json.loads(line) for line in whole.splitlines()]
