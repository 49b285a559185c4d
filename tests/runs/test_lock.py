"""One launch at a time in a run's directory; a dead holder, here or elsewhere, is recognised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.runs import lock
from stindex.runs.lock import EXPIRY_SECONDS, Holder, Process, RunLock, join, this_process
from stindex.runs.pulse import Pulse


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    pulse = Pulse()
    yield pulse
    pulse.close()


def _held(directory: Path, process: Process, members: str = "") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "lock"
    path.write_text(json.dumps(asdict(Holder(process, members))), encoding="utf-8")
    return path


def _dead() -> Process:
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = Process(this_process().host, child.pid, time.time())
    child.wait()
    return process


def test_a_second_launch_is_told_who_holds_the_run(tmp_path: Path, pulse: Pulse) -> None:
    first = RunLock(tmp_path / "run", pulse)
    me = this_process()
    with pytest.raises(UserError, match=f"in use by process {me.pid} on {me.host}; .*--run-name"):
        RunLock(tmp_path / "run", pulse)
    first.release()
    RunLock(tmp_path / "run", pulse).release()
    assert list((tmp_path / "run").iterdir()) == []


def test_the_lock_of_a_process_that_died_here_is_taken_over(tmp_path: Path, pulse: Pulse) -> None:
    _held(tmp_path, _dead())
    RunLock(tmp_path, pulse).release()


def test_a_number_that_another_process_has_by_now_does_not_hold(
    tmp_path: Path, pulse: Pulse
) -> None:
    me = this_process()
    _held(tmp_path, Process(me.host, me.pid, me.started - 1000))
    RunLock(tmp_path, pulse).release()


def test_a_holder_elsewhere_lives_as_long_as_its_heart_beats(tmp_path: Path, pulse: Pulse) -> None:
    path = _held(tmp_path, Process("another-node", 12, 0.0))
    with pytest.raises(UserError, match="process 12 on another-node"):
        RunLock(tmp_path, pulse)
    silent = time.time() - EXPIRY_SECONDS - 5
    os.utime(path, (silent, silent))
    RunLock(tmp_path, pulse).release()


def test_workers_that_outlive_their_dead_controller_are_waited_for(
    tmp_path: Path, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = tmp_path / "launch"
    join(launch, "gw0", pulse)  # this process is the worker that still lives
    _held(tmp_path / "run", _dead(), str(launch))
    monkeypatch.setattr(lock, "PATIENCE_SECONDS", 0.3)
    with pytest.raises(UserError, match="in use"):
        RunLock(tmp_path / "run", pulse)
    (launch / "alive-gw0").unlink()
    RunLock(tmp_path / "run", pulse).release()


def test_a_lock_that_says_nothing_holds_nothing(tmp_path: Path, pulse: Pulse) -> None:
    (tmp_path / "lock").write_text("")
    RunLock(tmp_path, pulse).release()


def test_the_heart_beats_while_the_main_thread_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stindex.runs.pulse.BEAT_SECONDS", 0.0)
    monkeypatch.setattr("stindex.runs.pulse.LOOK_SECONDS", 0.01)
    pulse = Pulse()
    held = RunLock(tmp_path, pulse)
    before = (tmp_path / "lock").stat().st_mtime_ns
    deadline = time.monotonic() + 10
    while (tmp_path / "lock").stat().st_mtime_ns == before:
        assert time.monotonic() < deadline
        sum(range(1000))
    pulse.close()
    held.release()


def test_a_directory_that_cannot_be_written_to_is_one_sentence(
    tmp_path: Path, pulse: Pulse
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--output-dir"):
        RunLock(tmp_path / "file" / "run", pulse)
