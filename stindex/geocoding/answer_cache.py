"""What a geocoding server answered, and when it was last asked: one SQLite file of the user.

Queries go in, earlier answers come out, negative ones too. The same file paces all processes of
the user: whoever wants to ask holds its write lock until the interval since the last request is
over.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stindex.errors import UserError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answer (
    server TEXT, query TEXT, latitude REAL, longitude REAL, place TEXT, asked_at REAL,
    PRIMARY KEY (server, query));
CREATE TABLE IF NOT EXISTS pace (server TEXT PRIMARY KEY, not_before REAL);
"""
# Long enough for a crowd of processes that each wait for their second.
_LOCK_TIMEOUT_S = 300.0
LONGEST_PAUSE_S = 60.0
"""The longest that a server may make everybody wait, in seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer to a query: a place as a JSON object, or None for no such place."""

    place: Mapping[str, Any] | None
    asked_at: float


class AnswerCache:
    """The cache file of a directory; safe for any number of processes and threads.

    Args:
        directory: made if it is not there.
        clock: seconds since 1970.
        sleep: waits for a number of seconds.

    Raises:
        UserError: the file cannot be made or read.
    """

    def __init__(
        self,
        directory: Path,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path = directory / "answers-v1.sqlite"
        self._clock = clock
        self._sleep = sleep
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with self._open() as connection:
                connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"The cache of geocoding answers {self._path} cannot be used ({error}); "
                "make it readable and writable, or move it away."
            ) from error

    def get(self, server: str, query: str) -> Answer | None:
        """Return what a server answered to a query, None where it was not asked."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT place, asked_at FROM answer WHERE server = ? AND query = ?",
                (server, query),
            ).fetchone()
        if row is None:
            return None
        return Answer(place=None if row[0] is None else json.loads(row[0]), asked_at=row[1])

    def put(self, server: str, query: str, place: Mapping[str, Any] | None) -> None:
        """Keep an answer; `place` holds `latitude` and `longitude` in degrees among others."""
        point = (place["latitude"], place["longitude"]) if place else (None, None)
        written = json.dumps(place, ensure_ascii=False) if place else None
        with self._open() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?,?,?,?,?,?)",
                (server, query, *point, written, self._clock()),
            )

    def wait_for_turn(self, server: str, interval: float) -> None:
        """Return when a request may be sent: `interval` seconds after any process sent one."""
        with self._open() as connection:
            # The lock is held while waiting, so that turns cannot be sent late and bunch up;
            # it goes with its process if that dies.
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT not_before FROM pace WHERE server = ?", (server,)
            ).fetchone()
            self._sleep_until(row[0] if row else 0.0, longest=max(interval, LONGEST_PAUSE_S))
            connection.execute(
                "INSERT OR REPLACE INTO pace VALUES (?, ?)", (server, self._clock() + interval)
            )

    def pause(self, server: str, seconds: float) -> None:
        """Let no process ask a server for some seconds, at most `LONGEST_PAUSE_S`."""
        until = self._clock() + min(seconds, LONGEST_PAUSE_S)
        with self._open() as connection:
            connection.execute(
                "INSERT INTO pace VALUES (?, ?) ON CONFLICT (server) DO UPDATE "
                "SET not_before = max(not_before, excluded.not_before)",
                (server, until),
            )

    def _sleep_until(self, moment: float, longest: float) -> None:
        # A clock that was set back must not make anyone wait for hours.
        remaining = min(moment - self._clock(), longest)
        if remaining > 0:
            self._sleep(remaining)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: it must not cross threads or a fork.
        connection = sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT_S)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
