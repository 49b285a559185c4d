"""How the processes of one launch find each other: a directory of their own, agreed by files.

Ranks know of each other only what the launcher left in their environment, which may be the same
for two launches in a row. So rank 0 makes a directory under a new name and tells it to those that
ask now; no network, no collective, and nothing waits for a process that is dead.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from stindex.errors import UserError
from stindex.runs.lock import join, members, read_process
from stindex.runs.pulse import Pulse
from stindex.runs.roles import Role
from stindex.whole_files import write_whole

DIRECTORY = ".launches"
STOP = "stop"
PROBLEM = "problem"
LOOK_SECONDS = 0.05
_OLD_SECONDS = 3600.0
_COMMON = (
    "MASTER_ADDR",
    "MASTER_PORT",
    "TORCHELASTIC_RUN_ID",
    "TORCHELASTIC_RESTART_COUNT",
    "PMIX_NAMESPACE",
    "SLURM_JOB_ID",
    "SLURM_STEP_ID",
)


def launch_key(environment: Mapping[str, str], role: Role) -> str:
    """Return what all ranks of a launch have in common, as a file name."""
    facts = [str(role.world), *(environment.get(name, "") for name in _COMMON)]
    on_one_machine = environment.get("LOCAL_WORLD_SIZE") == str(role.world)
    if on_one_machine:
        facts += [socket.gethostname(), str(os.getppid())]
    return hashlib.sha256("\n".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def new_launch(output: Path) -> Path:
    """Return the name of a directory for one launch; nothing is made yet."""
    return output / DIRECTORY / uuid.uuid4().hex[:16]


class Meeting:
    """The ranks of one launch; `directory` is theirs."""

    def __init__(self, output: Path, key: str, role: Role, pulse: Pulse, timeout: float) -> None:
        """Meet the other ranks: rank 0 goes on at once, the others wait for it.

        Args:
            timeout: seconds after which a silent rank is given up.

        Raises:
            UserError: rank 0 does not answer, or the directory cannot be written to.
        """
        self._role = role
        self._hall = output / DIRECTORY / f"meeting-{key}"
        self._closed = Event()
        self._thread: Thread | None = None
        if role.owns:
            self.directory = new_launch(output)
            join(self.directory, role.name, pulse)
            self._thread = Thread(target=self._welcome, name="stindex-meeting", daemon=True)
            self._thread.start()
        else:
            self.directory = output / DIRECTORY / self._asked(timeout)
            join(self.directory, role.name, pulse)

    def close(self) -> None:
        """Welcome nobody any more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            shutil.rmtree(self._hall, ignore_errors=True)

    def _welcome(self) -> None:
        told: dict[str, str] = {}
        while not self._closed.wait(LOOK_SECONDS):
            asking = {
                path.name: _text(path) for path in self._hall.glob("join-*") if path.suffix == ""
            }
            if asking != told:
                told = asking
                answer = {"launch": self.directory.name, "welcome": told}
                write_whole(self._hall / "answer", json.dumps(answer))
            if len(members(self.directory)) >= self._role.world:
                return

    def _asked(self, timeout: float) -> str:
        nonce, name = uuid.uuid4().hex, f"join-{self._role.rank}"
        write_whole(self._hall / name, nonce)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer = _json(self._hall / "answer")
            if answer.get("welcome", {}).get(name) == nonce:
                return str(answer["launch"])
            time.sleep(LOOK_SECONDS)
        raise UserError(
            f"rank {self._role.rank} has heard nothing from rank 0 in {timeout:g} seconds; both "
            "need the same --output-dir, on a file system that they share."
        )


class Silence:
    """How long a file that somebody touches has not changed, by this process's own clock."""

    def __init__(self, path: Path) -> None:
        """Begin to look now."""
        self._path = path
        self._seen: float | None = None
        self._since = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds since it was last seen to change."""
        now: float | None
        try:
            now = self._path.stat().st_mtime
        except OSError:
            now = self._seen
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return time.monotonic() - self._since


class Sign:
    """The sign of life of another rank."""

    def __init__(self, launch: Path, rank: int) -> None:
        """Begin to look now."""
        self._path = launch / f"alive-rank{rank}"
        self._silence = Silence(self._path)

    def is_lost(self, timeout: float) -> bool:
        """Whether it has died on this machine, or has been silent for `timeout` seconds."""
        process = read_process(self._path)
        if process is not None and process.is_alive() is False:
            return True
        return self._silence.seconds() > timeout


def wait_for_owner(launch: Path, found: Callable[[], bool], timeout: float) -> bool:
    """Wait until `found`; False if rank 0 has stopped, failed or been silent for `timeout`."""
    silence = Silence(launch / "alive-rank0")
    while not found():
        ended = (launch / STOP).exists() or (launch / PROBLEM).exists() or not launch.exists()
        if ended or silence.seconds() > timeout:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def leave(launch: Path) -> None:
    """Remove the directory of a launch that is over, and what dead ones left long ago."""
    shutil.rmtree(launch, ignore_errors=True)
    for other in launch.parent.glob("*"):
        try:
            old = time.time() - other.stat().st_mtime > _OLD_SECONDS
        except OSError:
            continue
        if old and not any(process.is_alive() in {True, None} for _, process in members(other)):
            shutil.rmtree(other, ignore_errors=True)
    with suppress(OSError):
        launch.parent.rmdir()  # where nobody else is in it


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
