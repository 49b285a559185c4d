"""Several processes, several launches, signals, a full disk: what the session says and leaves."""

from __future__ import annotations

import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from stindex.pytest_plugin.interruption import Interruption

from .conftest import Run, journal_lines, run_directory, write_samples

pytestmark = pytest.mark.slow

MISSED = "sample: {temporal_predicted: {at_most: 0}}\n"
SLOW = """
import time
from stindex.rules.reader import RulesReader

answers = RulesReader.answers

def slow(*given, **named):
    for answer in answers(*given, **named):
        time.sleep(1.0)
        yield answer

RulesReader.answers = slow
"""
STUCK = """
import time
from stindex.rules.reader import RulesReader

answers = RulesReader.answers

def stuck(*given, **named):
    for number, answer in enumerate(answers(*given, **named)):
        time.sleep(15 if number >= 4 else 0)
        yield answer

RulesReader.answers = stuck
"""
DEADLY = """
import os, signal
from stindex.rules.reader import RulesReader

answers = RulesReader.answers

def deadly(self, requests, *given):
    for request in requests:
        if request.sample.id == "s3":
            os.kill(os.getpid(), signal.SIGKILL)
        yield from answers(self, [request], *given)

RulesReader.answers = deadly
"""


def _status(root: Path) -> str:
    return str(json.loads((run_directory(root) / "run.json").read_text())["status"])


def _answers(root: Path) -> Counter[object]:
    return Counter(line["sample_id"] for line in journal_lines(root))


def _command(*options: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-p", "stindex.pytest_plugin", "--model", "rules"]
    return [*command, "--dataset", "mine.json", "--batch-size", "2", *options]


def test_two_workers_test_each_sample_once_and_show_at_most_twenty_missed(
    launch: Run, pytester: pytest.Pytester
) -> None:
    write_samples(pytester.path / "mine.json", 25)
    (pytester.path / "cfg" / "thresholds.yaml").write_text(MISSED, encoding="utf-8")
    result = launch("-n", "2", "--batch-size", "2", "--junitxml", "junit.xml")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*5 more missed samples*", "*1 passed, 25 missed*"])
    cases = list(ElementTree.parse(pytester.path / "junit.xml").iter("testcase"))
    assert len(cases) == 26
    assert _answers(pytester.path) == Counter({f"s{n}": 1 for n in range(25)})
    stored = json.loads((run_directory(pytester.path) / "run.json").read_text())
    assert (stored["status"], stored["generated"], stored["processes"]["count"]) == (
        "PASSED",
        25,
        2,
    )
    details = json.loads((run_directory(pytester.path) / "detailed_results.json").read_text())
    assert all(sample["missed"] for sample in details["samples"])
    assert not list((pytester.path / "reports").glob(".launches/*"))


def test_a_sample_that_kills_its_worker_twice_is_an_error_and_costs_no_other(
    launch: Run, pytester: pytest.Pytester
) -> None:
    write_samples(pytester.path / "mine.json", 8)
    pytester.makeconftest(DEADLY)
    # The floor is read by the same deadly rules.
    result = launch("-n", "2", "--batch-size", "2", "--no-reference")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 of 8 samples without an answer: s3*"])
    assert _answers(pytester.path) == Counter({f"s{n}": 1 for n in range(8)})
    lines = {line["sample_id"]: line for line in journal_lines(pytester.path)}
    dead: Any = lines.pop("s3")["generation"]
    assert dead["finish_reason"] == "error"
    assert "SIGKILL" in dead["error"]
    assert _status(pytester.path) == "INCOMPLETE"


def test_x_stops_a_run_which_is_incomplete_then(launch: Run, pytester: pytest.Pytester) -> None:
    write_samples(pytester.path / "mine.json", 8)
    (pytester.path / "cfg" / "thresholds.yaml").write_text(MISSED, encoding="utf-8")
    result = launch("--exit-on", "samples", "-x", "--batch-size", "1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*stindex: INCOMPLETE*", "*missing:*"])
    assert _status(pytester.path) == "INCOMPLETE"
    assert "INCOMPLETE" in (run_directory(pytester.path) / "report.md").read_text()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_running_run_admits_no_second_and_ends_with_reports_when_told_to(
    launch: Run, pytester: pytest.Pytester, ending: signal.Signals
) -> None:
    write_samples(pytester.path / "mine.json", 40)
    pytester.makeconftest(SLOW)
    (pytester.path / "junit.xml").write_text("of an earlier run")
    started = subprocess.Popen(
        _command("--junitxml", "junit.xml"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    _wait_for(lambda: any((pytester.path / "reports").glob("*/journal/*")))
    assert not (pytester.path / "junit.xml").exists()
    assert _status(pytester.path) == "RUNNING"
    if ending is signal.SIGTERM:
        second = launch()
        assert second.ret == 4
        second.stderr.fnmatch_lines([f"*in use by process {started.pid} on *--run-name*"])
    started.send_signal(ending)
    printed, _ = started.communicate(timeout=60)
    assert started.returncode == 2, printed
    assert _status(pytester.path) == "INCOMPLETE"
    assert (run_directory(pytester.path) / "report.html").exists(), printed
    assert (pytester.path / "junit.xml").exists()
    assert not (run_directory(pytester.path) / "lock").exists()


def test_a_second_ctrl_c_ends_at_once_and_harms_nothing(
    launch: Run, pytester: pytest.Pytester
) -> None:
    write_samples(pytester.path / "mine.json", 40)
    # A source that does not end its step: the first Ctrl-C waits for it.
    pytester.makeconftest(STUCK)
    started = subprocess.Popen(_command("--batch-size", "8"), stdout=subprocess.DEVNULL)
    _wait_for(lambda: sum(_safe_answers(pytester.path).values()) >= 4)
    started.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert started.poll() is None
    started.send_signal(signal.SIGINT)
    assert started.wait(timeout=5) == 2
    assert _status(pytester.path) == "INCOMPLETE"
    assert _answers(pytester.path) == Counter({f"s{n}": 1 for n in range(4)})


def _safe_answers(root: Path) -> Counter[object]:
    try:
        return _answers(root)
    except ValueError:  # no journal yet
        return Counter()


def test_a_full_disk_stops_the_run_with_a_sentence_and_keeps_what_was_written(
    launch: Run, pytester: pytest.Pytester
) -> None:
    write_samples(pytester.path / "mine.json", 200)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = subprocess.run(
        _command("-q"), preexec_fn=limited, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stdout
    # The journal, or the temporary file of the evaluations: whichever comes to the limit first.
    assert re.search(r"(an answer|a temporary file) cannot be written", done.stdout + done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    whole = _answers_of_whole_lines(pytester.path)
    assert 10 < len(whole) < 200
    assert launch("--batch-size", "2").ret == 0
    assert set(_answers_of_whole_lines(pytester.path).values()) == {1}


def _answers_of_whole_lines(root: Path) -> Counter[object]:
    files = (run_directory(root) / "journal").glob("*.jsonl")
    rows = [row for path in files for row in path.read_bytes().split(b"\n")[:-1]]
    return Counter(json.loads(row)["sample_id"] for row in rows)


@pytest.mark.parametrize(
    ("environment", "options", "said"),
    [
        ({"RANK": "0", "WORLD_SIZE": "abc"}, [], "WORLD_SIZE='abc'"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, ["-n", "2"], "-n 2"),
        ({}, ["--shard", "3/2"], "--shard 3/2"),
    ],
    ids=["broken rank", "workers of a rank", "no such shard"],
)
def test_a_launch_that_makes_no_sense_is_status_4(
    launch: Run,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    options: list[str],
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = launch(*options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{said}*"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_workers_that_do_not_fit_are_refused_before_there_is_anything_to_report(
    launch: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(
        "from stindex.errors import UserError\n"
        "from stindex.pytest_plugin import workers\n"
        "def refuse(*_):\n"
        "    raise UserError('2 processes need 50 GB of memory; use 1.')\n"
        "workers.refuse_too_little_memory = refuse\n"
    )
    result = launch("-n", "2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*2 processes need 50 GB of memory; use 1.*"])
    result.stdout.no_fnmatch_line("*every sample answered*")
    (run,) = pytester.path.glob("reports/*/run.json")
    assert json.loads(run.read_text())["status"] == "INCOMPLETE"
    assert [path.name for path in run.parent.iterdir()] == ["run.json"]


def test_a_broken_data_set_is_one_sentence_from_workers_too(
    launch: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "mine.json").write_text('[{"id" 1}]')
    result = launch("-n", "2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*mine.json*line 1, column 8*"])


def test_workers_leave_sessions_without_samples_alone(
    launch: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_suite="def test_plain():\n    pass\ndef test_other():\n    pass\n")
    result = launch("-n", "2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*2 passed*"])
    assert not (pytester.path / "reports").exists()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_reports_that_are_being_written_are_finished_before_a_signal_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    monkeypatch.setattr("stindex.pytest_plugin.interruption.os._exit", ended.append)
    monkeypatch.setattr("stindex.pytest_plugin.interruption.SAME_PRESS_SECONDS", 0.0)
    interruption = Interruption(lambda: ended.append(0))
    try:
        written = []
        with pytest.raises(pytest.exit.Exception, match="SIGTERM"), interruption.held():  # noqa: PT012
            signal.raise_signal(signal.SIGTERM)
            written.append("report")
        assert written == ["report"]
        time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)  # the second one does not wait
        assert ended == [0, 2]
    finally:
        interruption.restore()
