"""A small project of a user's own: a data set and the two-line suite, run by a real pytest."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import platformdirs
import pytest

# The index of places is built once for all tests: pytester gives each test a home of its own.
CACHE = platformdirs.user_cache_path()
DATES = ["5 May 2024", "17 March 2021", "3 June 1999", "11 October 2010", "1 January 2000"]
SUITE = """
from stindex.pytest_plugin import assert_thresholds, assert_valid

def test_extraction(evaluation, thresholds):
    assert_valid(evaluation)
    assert_thresholds(evaluation, thresholds)
"""

Run = Callable[..., pytest.RunResult]


def write_samples(path: Path, count: int) -> None:
    samples = [
        {
            "id": f"s{n}",
            "text": f"Report {n}: it rained in Paris on {DATES[n % 5]}.",
            "reference_date": "2024-05-06",
            "ground_truth": {"temporal": [], "spatial": [{"text": "Paris"}]},
        }
        for n in range(count)
    ]
    path.write_text(json.dumps(samples), encoding="utf-8")


@pytest.fixture
def launch(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs pytest with the rules over four samples, in a process of its own."""
    return partial(pytester.runpytest_subprocess, *_project(pytester, monkeypatch))


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what does the same in this process, in half the time."""
    return partial(pytester.runpytest_inprocess, *_project(pytester, monkeypatch))


def _project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write the project and return the options of its runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    pytester.makepyfile(test_suite=SUITE)
    write_samples(pytester.path / "mine.json", 4)
    (pytester.path / "cfg").mkdir()
    (pytester.path / "cfg" / "thresholds.yaml").write_text("run: []\n", encoding="utf-8")
    options = ["-p", "stindex.pytest_plugin", "-W", "error"]
    return [*options, "--model", "rules", "--dataset", "mine.json"]


def run_directory(root: Path) -> Path:
    (directory,) = (p.parent for p in (root / "reports").glob("*/journal"))
    return directory


def journal_lines(root: Path) -> list[dict[str, object]]:
    files = sorted((run_directory(root) / "journal").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
