"""The benchmark of decoding runs, and its variants write the same tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


def test_the_smoke_form_of_the_benchmark_measures_and_compares(tmp_path: Path) -> None:
    output = tmp_path / "decode.json"
    environment = {k: v for k, v in os.environ.items() if k != "STINDEX_BENCHMARK_DATA"}
    options = ["--smoke", "--threads", "1", "--output", str(output)]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.decode", *options],
        cwd=ROOT,
        env={**environment, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
    )
    rows = json.loads(output.read_text(encoding="utf-8"))["batches"]["2"]
    assert [row["identical"] for row in rows.values()] == [4, 4, 4]
    assert rows["slots and drafts"]["passes"] < rows["slots"]["passes"]
    assert rows["slots"]["tokens_fed"] < 0.6 * rows["generate"]["tokens_fed"]  # 2237 of 4234
