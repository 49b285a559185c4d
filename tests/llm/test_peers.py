"""The benchmark of peers runs what is installed, names what is not, and draws its table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers import table

ROOT = Path(__file__).parent.parent.parent


def test_a_table_has_ratios_to_this_engine_and_says_what_is_missing() -> None:
    rows = [
        {"name": "slots and drafts", "dtype": "float32", "seconds": 10.0, "tokens": 500},
        {"name": "vllm", "dtype": "float32", "seconds": 15.0, "tokens": 600, "identical": 3},
        {"name": "lm-eval", "dtype": "float32", "missing": "not installed"},
    ]
    lines = table({"samples": 5, "rows": rows}).splitlines()
    assert lines[3] == "| vllm | `float32` | 40 | 0.33 | 1.50 x | 3/5 |"
    assert lines[4] == "| lm-eval | `float32` | not installed | | | |"


@pytest.mark.slow
def test_the_smoke_form_compares_tokens_and_names_peers_that_are_not_there(tmp_path: Path) -> None:
    output = tmp_path / "peers.json"
    environment = {k: v for k, v in os.environ.items() if k != "STINDEX_BENCHMARK_DATA"}
    bare = f"vllm={tmp_path / 'python'}"
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "$@"\n')
    (tmp_path / "python").chmod(0o755)
    options = ["--smoke", "--threads", "1", "--dtypes", "float32", "--output", str(output)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", *options, "--python", bare],
        cwd=ROOT,
        env={**environment, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    result = json.loads(output.read_text(encoding="utf-8"))
    assert str(tmp_path) not in json.dumps(result)
    assert result["shared_beginning"] == "warm"
    rows = {row["name"]: row for row in result["rows"]}
    own = [rows[name] for name in ("slots and drafts", "generate", "fixed batches, file order")]
    assert [row["identical"] for row in own] == [4, 4, 4]
    assert all(rows[peer].keys() & {"seconds", "missing"} for peer in ("vllm", "lm-eval"))
