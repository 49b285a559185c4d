"""Runs sessions as real processes in one of the arrangements, and looks at what they left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import psutil
import pytest

from .saboteur import STRUCK

ROOT = Path(__file__).parent.parent.parent
PYTHON = sys.executable
HANG_SECONDS = 60  # of a whole session of the rules, start-up included
MODEL_SECONDS = 300  # of one that imports torch and loads a model, on a machine that is busy
ORPHAN_SECONDS = 20
SAMPLES = 24
SUITE = """
from stindex.pytest_plugin import assert_thresholds, assert_valid

def test_extraction(evaluation, thresholds):
    assert_valid(evaluation)
    assert_thresholds(evaluation, thresholds)

def test_has_words(evaluation):
    assert evaluation.record.generation.raw_text
"""
NIGHTLY = pytest.mark.skipif(
    not os.environ.get("STINDEX_NIGHTLY"),
    reason="too long for every run of the tests; make nightly",
)
LAUNCHERS = {
    "single": [PYTHON, "-m", "pytest"],
    "workers": [PYTHON, "-m", "pytest", "-n", "2"],
    "torchrun": [
        *[PYTHON, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "PORT"],
        *["--no-python", PYTHON, "-m", "pytest"],
    ],
    "accelerate": [
        *[PYTHON, "-m", "accelerate.commands.accelerate_cli", "launch"],
        *["--config_file", str(ROOT / "cfg" / "multi_cpu.yaml")],
        *["--main_process_port", "PORT", "-m", "pytest"],
    ],
    "deepspeed": [
        *[PYTHON, "-m", "accelerate.commands.accelerate_cli", "launch"],
        *["--config_file", str(ROOT / "cfg" / "deepspeed_zero3.yaml")],
        *["--main_process_port", "PORT", "-m", "pytest"],
    ],
}


@dataclass(frozen=True)
class Ended:
    """A session that ended."""

    status: int
    output: str
    seconds: float
    killed: bool = False


@dataclass
class Arena:
    """A project with a data set, and the sessions over it."""

    root: Path
    options: list[str] = field(default_factory=list)
    model: str = "rules"

    def __post_init__(self) -> None:
        (self.root / "cfg").mkdir(parents=True, exist_ok=True)
        (self.root / "cfg" / "thresholds.yaml").write_text("run: []\n", encoding="utf-8")
        (self.root / "test_suite.py").write_text(SUITE, encoding="utf-8")
        samples = [_sample(number) for number in range(SAMPLES)]
        (self.root / "mine.json").write_text(json.dumps(samples), encoding="utf-8")

    def run(
        self,
        arrangement: str,
        output: str,
        *options: str,
        chaos: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> Ended:
        """Run one session to its end; no process of it is left afterwards."""
        marker = uuid.uuid4().hex
        process = self.start(
            arrangement, output, *options, chaos=chaos, environment=environment, marker=marker
        )
        started = time.monotonic()
        limit = HANG_SECONDS if self.model == "rules" else MODEL_SECONDS
        printed, _ = process.communicate(timeout=limit)
        assert orphans(marker) == [], printed
        struck = self.root / STRUCK
        killed = struck.exists()
        struck.unlink(missing_ok=True)
        return Ended(process.returncode, printed, time.monotonic() - started, killed)

    def start(
        self,
        arrangement: str,
        output: str,
        *options: str,
        chaos: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        marker: str = "",
    ) -> subprocess.Popen[str]:
        port = str(free_port())
        launcher = [port if word == "PORT" else word for word in LAUNCHERS[arrangement]]
        command = [*launcher, "-p", "stindex.pytest_plugin"]
        command += ["-p", "tests.chaos.saboteur", "-W", "error", "-p", "no:cacheprovider"]
        command += ["--model", self.model, "--dataset", "mine.json", "--batch-size", "2"]
        command += ["--output-dir", output, "--junitxml", f"{output}.xml", *self.options, *options]
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "XDG_CACHE_HOME": str(platformdirs.user_cache_path()),
                "STINDEX_CHAOS": json.dumps(chaos),
                "STINDEX_CHAOS_MARKER": marker,
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def directory(self, output: str) -> Path:
        (directory,) = (path.parent for path in (self.root / output).glob("*/journal"))
        return directory

    def answers(self, output: str) -> Counter[str]:
        """Return key to the number of whole lines with an answer."""
        files = (self.root / output).glob("*/journal/*.jsonl")
        rows = [row for file in files for row in file.read_bytes().split(b"\n")[:-1]]
        lines = [json.loads(row) for row in rows if row.endswith(b"}")]
        return Counter(line["key"] for line in lines if line["kind"] == "answer")

    def status(self, output: str, part: str = "") -> str:
        run = self.directory(output) / part / "run.json"
        return str(json.loads(run.read_text(encoding="utf-8"))["status"])

    def metrics(self, output: str) -> object:
        """Return `metrics_summary.json` as far as it must be the same for every arrangement."""
        path = self.directory(output) / "metrics_summary.json"
        return without_times(json.loads(path.read_text(encoding="utf-8")))


def free_port() -> int:
    """Return a port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def orphans(marker: str) -> list[int]:
    """Return the processes of a session that are left after a while."""
    deadline = time.monotonic() + ORPHAN_SECONDS
    while left := [p for p in psutil.process_iter() if _is_marked(p, marker)]:
        if time.monotonic() > deadline:
            return [process.pid for process in left]
        time.sleep(0.1)
    return []


def _is_marked(process: psutil.Process, marker: str) -> bool:
    try:
        marked = process.environ().get("STINDEX_CHAOS_MARKER") == marker
        return marked and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: without_times(inner)
            for key, inner in value.items()
            if key != "run" and "seconds" not in key and "per_second" not in key
        }
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def _sample(number: int) -> dict[str, Any]:
    dates = ["5 May 2024", "17 March 2021", "3 June 1999", "11 October 2010", "1 January 2000"]
    return {
        "id": f"s{number}",
        "text": f"Report {number}: it rained in Paris on {dates[number % 5]}.",
        "reference_date": "2024-05-06",
        "ground_truth": {
            "temporal": [{"text": dates[number % 5], "normalized": "2024-05-05"}],
            "spatial": [{"text": "Paris", "latitude": 48.85, "longitude": 2.35}],
        },
    }
