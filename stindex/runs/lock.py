"""One launch at a time in a run's directory: a file that names its holder.

A holder that died is recognised: on this machine by its process, on another by a heartbeat that
stopped. Time is the file system's own, so that clocks of machines may differ.
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from stindex.errors import UserError
from stindex.runs.pulse import Pulse

EXPIRY_SECONDS = 120.0
PATIENCE_SECONDS = 30.0
_NAME = "lock"


@dataclass(frozen=True, slots=True)
class Process:
    """A process, recognisable after its number was given to another.

    Attributes:
        started: seconds since the epoch, as the operating system says.
    """

    host: str
    pid: int
    started: float

    def is_alive(self) -> bool | None:
        """Whether it runs; None where it is on another machine."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < 1.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


def this_process() -> Process:
    """Return the process that asks."""
    return Process(socket.gethostname(), os.getpid(), psutil.Process().create_time())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a run's directory.

    Attributes:
        members: a directory with a file for each process of the launch, or nothing.
    """

    process: Process
    members: str = ""


class RunLock:
    """Held from its making until `release`, or until the process dies."""

    def __init__(self, directory: Path, pulse: Pulse, members: str = "") -> None:
        """Take the lock of a run's directory.

        Raises:
            UserError: another process holds it, or the directory cannot be written to.
        """
        self._path = directory / _NAME
        self._content = json.dumps(asdict(Holder(this_process(), members)))
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            directory.mkdir(parents=True, exist_ok=True)
            while not self._taken():
                _clear(self._path, deadline)
        except OSError as problem:
            raise UserError(
                f"{self._path}: cannot be written ({problem.strerror}); make room or name another "
                "--output-dir."
            ) from None
        pulse.keep_alive(self._path)

    def release(self) -> None:
        """Let others in; does nothing where the lock was taken over."""
        with suppress(OSError):
            if self._path.read_text(encoding="utf-8") == self._content:
                self._path.unlink()

    def _taken(self) -> bool:
        """Create the file with its content at once, so that nobody reads half of it."""
        new = self._path.with_name(f"{_NAME}.{os.getpid()}.new")
        new.write_text(self._content, encoding="utf-8")
        try:
            os.link(new, self._path)
        except FileExistsError:
            return False
        else:
            return True
        finally:
            new.unlink()


def _clear(path: Path, deadline: float) -> None:
    """Remove the lock of a holder that died.

    Raises:
        UserError: the holder lives.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    holder = _read(content)
    if holder is not None and (_lives(holder.process, path) or _outlived(holder, deadline)):
        process = holder.process
        raise UserError(
            f"{path.parent} is in use by process {process.pid} on {process.host}; wait for it, "
            "stop it, or give this run a --run-name of its own."
        )
    aside = path.with_name(f"{_NAME}.{os.getpid()}.dead")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if aside.read_text(encoding="utf-8") != content:  # somebody else cleared it and took it
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _read(content: str) -> Holder | None:
    try:
        fields: dict[str, Any] = json.loads(content)
        return Holder(Process(**fields["process"]), fields["members"])
    except (ValueError, KeyError, TypeError):
        return None  # nobody whom one could ask


def _lives(process: Process, heartbeat: Path) -> bool:
    alive = process.is_alive()
    return _age(heartbeat) < EXPIRY_SECONDS if alive is None else alive


def _age(path: Path) -> float:
    """Return the seconds since a file was touched, by the clock that touched it."""
    clock = path.with_name(f"{_NAME}.{os.getpid()}.clock")
    clock.touch()
    try:
        return clock.stat().st_mtime - path.stat().st_mtime
    finally:
        clock.unlink()


def _outlived(holder: Holder, deadline: float) -> bool:
    """Wait for the workers of a dead holder, which might still write answers."""
    while any(_lives(process, path) for path, process in members(Path(holder.members))):
        if time.monotonic() > deadline:
            return True
        time.sleep(0.1)
    return False


def join(directory: Path, name: str, pulse: Pulse) -> None:
    """Leave a sign of life of this process among those of its launch.

    Raises:
        UserError: the directory cannot be written to.
    """
    path = directory / f"alive-{name}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(this_process())), encoding="utf-8")
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be written ({problem.strerror}); make room or name another "
            "--output-dir."
        ) from None
    pulse.keep_alive(path)


def members(directory: Path) -> list[tuple[Path, Process]]:
    """Return the processes of a launch that left a sign of life, with the file they touch."""
    paths = sorted(directory.glob("alive-*")) if directory.name else []
    return [(path, process) for path in paths if (process := read_process(path)) is not None]


def read_process(sign: Path) -> Process | None:
    """Return the process that left a sign of life; None where there is none."""
    try:
        return Process(**json.loads(sign.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
