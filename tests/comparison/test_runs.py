"""Real sessions of pytest against a baseline: exit status, JUnit, what is refused and when."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import platformdirs
import pytest

from stindex.cli import main

pytestmark = pytest.mark.slow

# The index of places is built once for all tests: pytester gives each test a home of its own.
CACHE = platformdirs.user_cache_path()
SUITE = """
from stindex.pytest_plugin import assert_valid

def test_extraction(evaluation):
    assert_valid(evaluation)
"""
GATES = """
run:
  - {metric: temporal.f1_score, not_worse: true}
  - {metric: overall.success_rate, max_drop: 0.1}
"""
PLUGIN = ("-p", "stindex.pytest_plugin", "-W", "error", "-q")
OPTIONS = (*PLUGIN, "--no-reference", "--dataset", "mine.json", "--geocoder", "none")
SAMPLES = 60
Run = Callable[..., pytest.RunResult]


def _write(root: Path, name: str, wrong: int, count: int = SAMPLES) -> None:
    """Write predictions, of which the first ones miss the second date."""
    rows = []
    for number in range(count):
        found = ["May 2001"] if number < wrong else ["May 2001", "June 2002"]
        values = {"May 2001": "2001-05", "June 2002": "2002-06"}
        mentions = [
            {"text": text, "normalized": values[text], "temporal_type": "DATE"} for text in found
        ]
        rows.append({"id": f"s{number}", "temporal_mentions": mentions, "spatial_mentions": []})
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (root / name).write_text(text, encoding="utf-8")


def _dataset(count: int = SAMPLES, **changed: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"s{number}",
            "text": changed.get(f"s{number}", f"Report {number}: from May 2001 to June 2002."),
            "ground_truth": {
                "temporal": [
                    {"text": "May 2001", "normalized": "2001-05", "temporal_type": "DATE"},
                    {"text": "June 2002", "normalized": "2002-06", "temporal_type": "DATE"},
                ]
            },
        }
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a finished good run, which each test gets a copy of."""
    root = tmp_path_factory.mktemp("project")
    (root / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (root / "mine.json").write_text(json.dumps(_dataset()), encoding="utf-8")
    (root / "cfg").mkdir()
    (root / "cfg" / "thresholds.yaml").write_text(GATES, encoding="utf-8")
    for name, wrong in (("good", 0), ("nearly", 3), ("bad", 30)):
        _write(root, f"{name}.jsonl", wrong)
    environment = {**os.environ, "XDG_CACHE_HOME": str(CACHE)}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *OPTIONS]
    command += ["--predictions", "good.jsonl"]
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
    return root


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, project: Path) -> Run:
    """Return what scores a file of predictions."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(project, pytester.path, dirs_exist_ok=True)

    def start(predictions: str, *arguments: str) -> pytest.RunResult:
        return pytester.runpytest_inprocess(*OPTIONS, "--predictions", predictions, *arguments)

    return start


def _directory(root: Path, predictions: str) -> Path:
    stem = predictions.partition(".")[0]
    (found,) = (path for path in (root / "reports").iterdir() if path.name.startswith(stem))
    return found


@pytest.fixture
def baseline(pytester: pytest.Pytester, run: Run) -> str:
    """Return the id of the good run."""
    return _directory(pytester.path, "good.jsonl").name


def test_a_loss_against_the_baseline_turns_the_run_red_and_none_does_not(
    run: Run, baseline: str, pytester: pytest.Pytester
) -> None:
    result = run("bad.jsonl", "--baseline", baseline)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*FAIL*temporal.f1_score*not worse*", "*against good*60 paired samples*", "*▼ worse*"]
    )
    summary = json.loads(
        (_directory(pytester.path, "bad.jsonl") / "metrics_summary.json").read_text()
    )
    assert summary["comparison"]["baseline"]["id"] == baseline
    assert len(summary["comparison"]["broken"]) == 30
    assert [gate["state"] for gate in summary["gates"]] == ["passed", "failed", "passed"]
    assert run("good.jsonl", "--run-name", "again", "--baseline", baseline).ret == 0


def test_a_run_that_cannot_tell_is_green_with_a_warning_and_red_where_asked(
    run: Run, baseline: str, pytester: pytest.Pytester
) -> None:
    options = ["--baseline", baseline, "--limit", "20", "--junitxml", "junit.xml"]
    result = run("nearly.jsonl", *options)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*inconclusive*"])
    cases = ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    gates = {case.get("name"): case for case in cases if case.get("classname") == "gates"}
    gate = gates["temporal.f1_score not worse than the baseline"]
    properties = {p.get("name"): p.get("value") for p in gate.iter("property")}
    assert properties["state"] == "inconclusive"
    assert float(properties["needed_n"] or 0) > 20
    assert run("nearly.jsonl", *options, "--strict").ret == 1


def test_without_a_baseline_the_gates_are_inconclusive(run: Run) -> None:
    assert run("good.jsonl", "--strict").ret == 1


def test_a_saved_baseline_is_compared_with_after_the_run_is_gone(
    run: Run, baseline: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pytester.path)
    monkeypatch.setattr("sys.argv", ["stindex", "baseline", "save", baseline, "kept/b.jsonl"])
    main()
    kept = (pytester.path / "kept" / "b.jsonl").read_text()
    assert "May" not in kept
    assert "Report" not in kept
    directory = _directory(pytester.path, "good.jsonl")
    directory.rename(pytester.path / "gone")
    assert run("bad.jsonl", "--baseline", "kept/b.jsonl").ret == 1
    (pytester.path / "kept" / "b.jsonl").write_text(kept[:-200])
    result = run("bad.jsonl", "--baseline", "kept/b.jsonl")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*kept/b.jsonl*"])


def test_other_content_and_other_gold_are_refused_before_anything_is_written(
    run: Run, baseline: str, pytester: pytest.Pytester
) -> None:
    path = pytester.path / "mine.json"
    for samples, said in (
        (_dataset(s7="From May 2001 to June 2002 it rained."), "*other data set content in 's7'*"),
        ([*_dataset(59), {**_dataset()[59], "ground_truth": {"temporal": []}}], "*gold in 's59'*"),
    ):
        path.write_text(json.dumps(samples), encoding="utf-8")
        result = run("good.jsonl", "--run-name", "new", "--baseline", baseline)
        assert result.ret == 4
        result.stderr.fnmatch_lines([said])
    assert len(list((pytester.path / "reports").iterdir())) == 1


def test_samples_that_were_added_do_not_stop_a_comparison(
    run: Run, baseline: str, pytester: pytest.Pytester
) -> None:
    (pytester.path / "mine.json").write_text(json.dumps(_dataset(62)), encoding="utf-8")
    _write(pytester.path, "good.jsonl", 0, 62)
    result = run("good.jsonl", "--run-name", "more", "--baseline", baseline)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*60 samples are compared; 2 are only in this run*"])


@pytest.mark.parametrize("named", ["nothing", "mine.json", "cfg"])
def test_a_baseline_that_cannot_be_read_is_never_green(run: Run, named: str) -> None:
    result = run("good.jsonl", "--baseline", named)
    assert result.ret == 4
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_an_anchor_stands_beside_the_baseline(
    run: Run, baseline: str, pytester: pytest.Pytester
) -> None:
    assert run("nearly.jsonl").ret == 0
    nearly = _directory(pytester.path, "nearly.jsonl").name
    gate = "run: [{metric: temporal.f1_score, not_worse: true, against: anchor}]\n"
    (pytester.path / "cfg" / "thresholds.yaml").write_text(gate, encoding="utf-8")
    result = run("bad.jsonl", "--baseline", nearly, "--anchor", baseline)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"*against nearly*{nearly}*", f"*against good*{baseline}*"])


def test_github_gets_annotations_and_a_summary(
    run: Run, baseline: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = pytester.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = run("bad.jsonl", "--baseline", baseline)
    result.stdout.fnmatch_lines(["::error title=gate failed%3A temporal.f1_score not worse*::*"])
    assert "FAILED" in summary.read_text(encoding="utf-8")


def test_a_run_may_be_compared_with_its_own_earlier_self(run: Run, baseline: str) -> None:
    assert run("good.jsonl", "--baseline", baseline).ret == 0
