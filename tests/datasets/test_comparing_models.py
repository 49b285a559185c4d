"""The loop and the table of `docs/comparing-models.md`, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "comparing-models.md"
SUITE = PAGE.parents[1] / "eval_tests" / "test_extraction.py"
CORPORA = Path(__file__).parent / "corpora"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_table_has_a_row_a_system_and_a_section_a_corpus(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE.read_text(encoding="utf-8"), encoding="utf-8")
    shutil.copy(CORPORA / "local_news.xml", tmp_path)
    shutil.copytree(CORPORA / "timeml", tmp_path / "timeml")
    environment = os.environ | {"XDG_CACHE_HOME": str(platformdirs.user_cache_path())}
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run += ["-p", "stindex.pytest_plugin", "test_suite.py"]
    empty = tmp_path / "nothing.jsonl"
    empty.write_text(json.dumps({"id": "38", "spatial_mentions": []}), encoding="utf-8")
    for system, corpus in (
        (["--model", "rules"], "local_news.xml"),
        (["--predictions", "nothing.jsonl"], "local_news.xml"),
        (["--model", "rules"], "timeml"),
    ):
        command = [*run, *system, "--dataset", corpus]
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode in {0, 1}, done.stdout + done.stderr
    table = subprocess.run(
        [sys.executable, "-c", block("python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line for line in table if line and not line.startswith("|")] == [
        "local_news.xml",
        "timeml",
    ]
    rows = [line.split(" | ")[0].strip("| ") for line in table if line.startswith("| ")]
    framing = [line for line in table if line.startswith(("| *floor*", "| *ceiling*"))]
    # News have places, TimeML has none for a ceiling to be of.
    intervals = [re.search(r"\d \[\d", line) is not None for line in framing]
    assert intervals == [True, True, True, False]
    news = ["model", "nothing.jsonl", "rules", "*floor*", "*ceiling*"]
    assert sorted(rows) == sorted([*news, "model", "rules", "*floor*", "*ceiling*"])


def test_the_loop_names_options_that_exist() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "stindex.pytest_plugin", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in set(re.findall(r"--[a-z-]+", block("bash"))):
        assert option in help_text
