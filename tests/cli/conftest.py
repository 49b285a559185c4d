"""A finished run of four samples, made once: what the verbs about stored runs look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stindex.cli import main

SUITE = """
from stindex.pytest_plugin import assert_thresholds, assert_valid

def test_extraction(evaluation, thresholds):
    assert_valid(evaluation)
    assert_thresholds(evaluation, thresholds)
"""
DATES = ("5 May 2024", "17 March 2021", "3 June 1999", "11 October 2010")

Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a data set, a suite and one finished run in `reports/`."""
    root = tmp_path_factory.mktemp("project")
    samples = [
        {
            "id": f"s{number}",
            "text": f"Report {number}: it rained in Paris on {DATES[number]}.",
            "reference_date": "2024-05-06",
            "ground_truth": {
                "temporal": [{"text": DATES[number], "normalized": "2024-05-05"}],
                "spatial": [{"text": "Paris", "latitude": 48.85, "longitude": 2.35}],
            },
        }
        for number in range(4)
    ]
    (root / "mine.json").write_text(json.dumps(samples), encoding="utf-8")
    (root / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (root / "cfg").mkdir()
    (root / "cfg" / "thresholds.yaml").write_text(
        "run: []\nsample: {temporal_normalization_accuracy: 1}\n", encoding="utf-8"
    )
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "stindex.pytest_plugin", "-p"]
    command += ["no:cacheprovider", "-q", "--model", "rules", "--dataset", "mine.json"]
    subprocess.run(command, cwd=root, check=True, capture_output=True, env=os.environ.copy())
    return root


@pytest.fixture
def run_directory(project: Path) -> Path:
    """Return the directory of the finished run."""
    (directory,) = (path.parent for path in (project / "reports").glob("*/journal"))
    return directory


@pytest.fixture
def verb(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Return what runs `stindex …` in the project: exit status, standard output and error."""
    monkeypatch.chdir(project)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stindex", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return run
