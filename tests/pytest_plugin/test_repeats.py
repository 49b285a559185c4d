"""`--repeats K`: K answers to each sample, each with a record of its own."""

from __future__ import annotations

import json

import pytest

from .conftest import Run, journal_lines, run_directory

SAMPLING = ("--temperature", "0.7")


def test_each_repeat_is_a_record_and_a_test(run: Run, pytester: pytest.Pytester) -> None:
    result = run("--repeats", "3", *SAMPLING)
    assert result.ret == 0
    lines = journal_lines(pytester.path)
    asked = {(line["sample_id"], line["repeat"]) for line in lines}
    repeats = {f"s{n}#{r + 1}" if r else f"s{n}": r for n in range(4) for r in range(3)}
    assert asked == set(repeats.items())
    assert len({line["key"] for line in lines}) == 12
    summary = json.loads((run_directory(pytester.path) / "metrics_summary.json").read_text())
    assert (summary["repeats"]["repeats"], summary["repeats"]["samples"]) == (3, 4)
    assert summary["repeats"]["metrics"]["overall.success_rate"]["sd_sampling"] == 0.0
    assert summary["repeats"]["valid_at"]["3"]["all"] == 1.0
    # Three times four answers are four documents.
    assert summary["metrics"]["overall"]["success_rate_ci95"][0] == pytest.approx(0.025 ** (1 / 4))


def test_more_repeats_keep_the_answers_that_are_there(run: Run, pytester: pytest.Pytester) -> None:
    run(*SAMPLING)
    before = journal_lines(pytester.path)
    result = run("--repeats", "2", *SAMPLING)
    result.stdout.fnmatch_lines(["*4 of 8 answers are there already*"])
    after = journal_lines(pytester.path)
    assert len(after) == 8
    assert all(line in after for line in before)


def test_one_answer_has_nothing_to_say_of_repeats(run: Run, pytester: pytest.Pytester) -> None:
    run()
    summary = json.loads((run_directory(pytester.path) / "metrics_summary.json").read_text())
    assert summary["repeats"] is None


def test_repeats_without_sampling_are_refused(run: Run) -> None:
    result = run("--repeats", "2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--repeats needs sampling*--temperature*"])


def test_stored_repeats_are_scored_again(run: Run, pytester: pytest.Pytester) -> None:
    run("--repeats", "2", *SAMPLING)
    stored = run_directory(pytester.path)
    options = ["-p", "stindex.pytest_plugin", "-W", "error", "--rescore", str(stored)]
    result = pytester.runpytest_subprocess(*options, "--output-dir", "again")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*8 ok, 0 invalid*", "*Every score is as it was stored.*"])
