"""A session of pytest around a run: what it writes, what it says, how it ends."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conftest import Run, journal_lines, run_directory, write_samples

SHORT = "sample: {temporal_f1_score: 0.5, temporal_predicted: {at_most: 0}}\n"


def _thresholds(root: Path, content: str) -> None:
    (root / "cfg" / "thresholds.yaml").write_text(content, encoding="utf-8")


def test_a_whole_run_writes_all_its_files(run: Run, pytester: pytest.Pytester) -> None:
    result = run()
    assert result.ret == 0
    directory = run_directory(pytester.path)
    names = {path.name for path in directory.iterdir()}
    assert {
        "run.json",
        "journal",
        "detailed_results.json",
        "metrics_summary.json",
        "report.md",
        "report.html",
    } <= names
    assert json.loads((directory / "run.json").read_text())["status"] == "PASSED"


def test_a_rerun_generates_nothing(run: Run, pytester: pytest.Pytester) -> None:
    run()
    before = journal_lines(pytester.path)
    result = run()
    assert result.ret == 0
    assert journal_lines(pytester.path) == before
    result.stdout.fnmatch_lines(["*4 of 4 answers are there already*"])


def test_a_limited_run_is_partial_and_leaves_the_reports_of_the_whole_alone(
    run: Run, pytester: pytest.Pytester
) -> None:
    run("--limit", "2")
    directory = run_directory(pytester.path)
    assert len(journal_lines(pytester.path)) == 2
    assert (directory / "partial" / "report.html").exists()
    assert not (directory / "report.html").exists()


def test_fresh_asks_again_and_deletes_nothing(run: Run, pytester: pytest.Pytester) -> None:
    run()
    run("--fresh")
    kinds = [line["kind"] for line in journal_lines(pytester.path)]
    assert (kinds.count("answer"), kinds.count("set_aside")) == (8, 4)


def test_retry_errors_leaves_sound_answers_alone(run: Run, pytester: pytest.Pytester) -> None:
    run()
    assert run("--retry-errors").ret == 0
    assert len(journal_lines(pytester.path)) == 4


@pytest.mark.parametrize(("exit_on", "status"), [("gates", 0), ("samples", 1), ("both", 1)])
def test_missed_samples_decide_only_when_asked(
    run: Run, pytester: pytest.Pytester, exit_on: str, status: int
) -> None:
    _thresholds(pytester.path, SHORT)
    result = run("--exit-on", exit_on)
    assert result.ret == status
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(("exit_on", "status"), [("gates", 1), ("samples", 0), ("both", 1)])
def test_a_failing_gate_decides_unless_samples_do(
    run: Run, pytester: pytest.Pytester, exit_on: str, status: int
) -> None:
    _thresholds(pytester.path, "run: [{metric: overall.success_rate, at_least: 1.5}]\n")
    assert run("--exit-on", exit_on).ret == status


def test_junit_has_the_gates_and_missed_samples_as_skipped(
    run: Run, pytester: pytest.Pytester
) -> None:
    _thresholds(pytester.path, SHORT + "run: [{metric: overall.success_rate, at_least: 0.5}]\n")
    run("--junitxml", "junit.xml")
    cases = list(ElementTree.parse(pytester.path / "junit.xml").iter("testcase"))
    gates = [case for case in cases if case.get("classname") == "gates"]
    assert len(gates) == 2
    assert sum(case.find("skipped") is not None for case in cases) == 4
    assert not [case for case in cases if case.find("failure") is not None]


@pytest.mark.parametrize("options", [["-q"], ["-v"], ["-p", "no:cacheprovider"], ["--lf"], ["-x"]])
def test_pytests_own_options_work(run: Run, options: list[str]) -> None:
    assert run(*options).ret == 0


def test_an_assertion_of_the_users_own_is_two_lines(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_suite="def test_no_place(evaluation):\n"
        "    assert not evaluation.prediction.mentions['spatial'], 'a place'\n"
    )
    result = run("--exit-on", "samples", "-x")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*a place*"])


def test_k_selects_by_readable_ids_and_nothing_selected_is_status_5(run: Run) -> None:
    result = run("-v", "-k", "s2")
    result.stdout.fnmatch_lines(["*test_extraction?s2?*"])
    assert result.ret == 0
    assert run("-k", "nothing_of_this_name").ret == 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--geocoder", "moon"], "--geocoder"),
        (["--limit", "0"], "--limit: *1*"),
        (["--batch-size", "-1"], "--batch-size: *1*"),
        (["--fresh", "--retry-errors"], "one of the two"),
        (["--thresholds", "none.yaml"], "none.yaml: no such file"),
        (["--output-dir", "mine.json"], "mine.json*cannot be written"),
        (["--dataset", "none.json"], "none.json"),
        (["--sample-id", "s9"], "--sample-id s9"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_status_4_and_a_sentence(run: Run, options: list[str], said: str) -> None:
    result = run(*options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([f"*{said}*"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_a_broken_data_set_is_status_4(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.json").write_text('[{"id" 1}]')
    result = run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*mine.json*line 1, column 8*"])


def test_the_plugin_does_nothing_without_samples(run: Run, pytester: pytest.Pytester) -> None:
    (pytester.path / "mine.json").write_text("broken")
    pytester.makepyfile(test_suite="def test_plain():\n    assert True\n")
    assert run().ret == 0
    assert not (pytester.path / "reports").exists()


@pytest.mark.slow
def test_a_run_killed_at_any_moments_is_completed_without_asking_twice(
    run: Run, pytester: pytest.Pytester
) -> None:
    write_samples(pytester.path / "mine.json", 24)
    # Slow tests: the source is at most one chunk ahead of them, so answers come one by one.
    pytester.makeconftest(
        "import time, pytest\n@pytest.fixture(autouse=True)\ndef slow():\n    time.sleep(0.03)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "stindex.pytest_plugin", "--model", "rules"]
    command += ["--dataset", "mine.json", "-q", "--batch-size", "1", "--output-dir"]

    def metrics(output: str) -> object:
        (path,) = (pytester.path / output).glob("*/metrics_summary.json")
        return _without_times(json.loads(path.read_text()))

    subprocess.run([*command, "whole"], check=True, capture_output=True)
    moments = random.Random(20240506)
    for number in range(4):
        output = f"killed{number}"
        for moment in sorted(moments.sample(range(1, 19), 5)):
            _kill_after([*command, output], pytester.path / output, moment)
            assert moment <= len(_keys(pytester.path / output)) < 24
        subprocess.run([*command, output], check=True, capture_output=True)
        assert metrics(output) == metrics("whole")
        keys = _keys(pytester.path / output)
        assert len(keys) == len(set(keys)) == 24


def _kill_after(command: list[str], output: Path, answers: int) -> None:
    """Start a run and kill it as soon as its journal holds so many answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(_keys(output)) < answers:
        assert process.poll() is None, "the run ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def _keys(output: Path) -> list[str]:
    """Return the keys of all whole lines of a run's journal; a torn last line is none."""
    files = output.glob("*/journal/*.jsonl")
    rows = [row for f in files for row in f.read_bytes().split(b"\n")[:-1]]
    return [json.loads(row)["key"] for row in rows]


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: _without_times(inner)
            for key, inner in value.items()
            if key != "run" and "seconds" not in key and "per_second" not in key
        }
    return value


def test_files_are_looked_for_where_the_command_is_typed(
    pytester: pytest.Pytester, launch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]")
    below = pytester.mkdir("below")
    (pytester.path / "mine.json").rename(below / "mine.json")
    monkeypatch.chdir(below)
    assert launch("..").ret == 0
    assert run_directory(pytester.path).is_dir()


ONE = "sample: {temporal_predicted: {at_most: 0}}\n"
SENTENCE = "temporal_predicted is 1, needs <= 0"


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=" ".join)
def test_a_failed_sample_says_why_once_and_once_more_in_the_summary(
    launch: Run,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    _thresholds(pytester.path, ONE)
    monkeypatch.setenv("COLUMNS", "120")
    shown = launch("--exit-on", "samples", "--limit", "1", *options).stdout.str()
    assert f"\n  {SENTENCE}\n" in shown
    assert f"FAILED test_suite.py::test_extraction[s0] - {SENTENCE}\n" in shown
    assert shown.count(SENTENCE) == 2


def test_a_failed_sample_is_one_line_where_lines_are_asked_for(
    run: Run, pytester: pytest.Pytester
) -> None:
    _thresholds(pytester.path, ONE)
    result = run("--exit-on", "samples", "--limit", "1", "--tb=line", "-rN")
    (line,) = [line for line in result.stdout.lines if "temporal_predicted is" in line]
    assert line.startswith("test_suite.py:")
    assert line.endswith(f": s0: {SENTENCE}")
