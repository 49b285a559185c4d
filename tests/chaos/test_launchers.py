"""Two real ranks, by every launcher: one summary, one JUnit file, one status, each sample once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from .arena import NIGHTLY, ROOT, SAMPLES, Arena, without_times

pytestmark = pytest.mark.slow


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return Arena(tmp_path)


def _counted(arena: Arena, output: str) -> None:
    """Every sample of every rank is counted exactly once, everywhere."""
    cases = list(ElementTree.parse(arena.root / f"{output}.xml").iter("testcase"))
    assert len(cases) == 2 * SAMPLES + 1  # two tests a sample, and coverage
    assert len({case.get("name") for case in cases}) == len(cases)
    assert sorted(arena.answers(output).values()) == [1] * SAMPLES
    run = json.loads((arena.directory(output) / "run.json").read_text())
    assert (run["status"], run["generated"]) == ("PASSED", SAMPLES)
    assert run["processes"]["count"] == 2


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_two_ranks_make_one_run(arena: Arena, launcher: str) -> None:
    ended = arena.run(launcher, "out")
    assert ended.status == 0, ended.output
    assert ended.output.count("test session starts") == 1
    assert f"{2 * SAMPLES + 1} passed" in ended.output
    _counted(arena, "out")
    assert len({_made_by(line) for line in _lines(arena, "out")}) == 2
    assert not list((arena.root / "out").glob(".launches/*"))


def _lines(arena: Arena, output: str) -> list[dict[str, Any]]:
    files = (arena.root / output).glob("*/journal/*.jsonl")
    return [json.loads(row) for file in files for row in file.read_bytes().splitlines()]


def _made_by(line: dict[str, Any]) -> str:
    return str(line["made_by"])


@NIGHTLY
def test_variables_of_slurm_make_ranks(arena: Arena) -> None:
    step = {"SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "SLURM_STEP_ID": str(os.getpid())}
    started = [
        arena.start("single", "out", environment={**step, "SLURM_PROCID": str(rank)})
        for rank in (1, 0)
    ]
    printed = [process.communicate(timeout=180)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], printed
    assert "test session starts" not in printed[0]
    assert f"{2 * SAMPLES + 1} passed" in printed[1]
    _counted(arena, "out")


@NIGHTLY
def test_a_launcher_that_starts_one_process_where_two_were_meant_is_noticed(arena: Arena) -> None:
    config = (ROOT / "cfg" / "multi_cpu.yaml").read_text(encoding="utf-8")
    (arena.root / "one.yaml").write_text(config.replace(" MULTI_GPU", " MULTI_CPU"))
    launch = [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch"]
    command = [*launch, "--config_file", "one.yaml", "-m", "pytest", "-p", "stindex.pytest_plugin"]
    command += ["--model", "rules", "--dataset", "mine.json", "--output-dir", "out"]
    done = subprocess.run(
        command,
        cwd=arena.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "started this one alone" in done.stdout


@NIGHTLY
@pytest.mark.parametrize("arrangement", ["workers", "torchrun"])
def test_a_terminated_launch_leaves_reports_and_no_process(arena: Arena, arrangement: str) -> None:
    marker = f"terminated-{arrangement}"
    process = arena.start(arrangement, "out", marker=marker)
    _wait_for(lambda: any((arena.root / "out").glob("*/journal/*")))
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert arena.status("out") == "INCOMPLETE", printed
    assert (arena.directory("out") / "report.html").exists()


@NIGHTLY
def test_ranks_that_collect_different_tests_end_with_a_sentence(arena: Arena) -> None:
    (arena.root / "conftest.py").write_text(
        "import os\n"
        "def pytest_collection_modifyitems(items):\n"
        "    if os.environ.get('RANK') == '1':\n"
        "        del items[-3:]\n"
    )
    ended = arena.run("torchrun", "out")
    assert ended.status == 1
    assert "rank 1" in ended.output
    assert "the same on" in ended.output
    assert "INTERNALERROR" not in ended.output


@NIGHTLY
def test_a_rank_that_falls_silent_is_given_up(arena: Arena) -> None:
    process = arena.start("torchrun", "out", "--rank-timeout", "8")
    _wait_for(lambda: any((arena.root / "out").glob("*/journal/*")))
    (sign,) = (arena.root / "out").glob(".launches/*/alive-rank1")
    silent = int(json.loads(sign.read_text())["pid"])
    os.kill(silent, signal.SIGSTOP)
    try:
        _wait_for(lambda: arena.status("out") != "RUNNING")
    finally:
        os.kill(silent, signal.SIGKILL)
    printed, _ = process.communicate(timeout=60)
    assert "rank 1 did not end as it should" in printed
    assert arena.status("out") == "INCOMPLETE"


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# arrangement ─▶ who is killed when: of all processes, then of one, then of whoever reports.
MODEL_KILLS: dict[str, list[dict[str, Any]]] = {
    "single": [
        {"who": "single", "point": "answer", "after": 1},
        {"who": "single", "point": "journal", "after": 1},
        {"who": "single", "point": "report", "after": 0},
    ],
    "workers": [
        {"who": "gw0", "point": "answer", "after": 1, "group": True},
        {"who": "gw1", "point": "journal", "after": 0},
        {"who": "controller", "point": "report", "after": 0},
    ],
    "torchrun": [
        {"who": "rank1", "point": "answer", "after": 1},
        {"who": "rank0", "point": "journal", "after": 0},
        {"who": "rank0", "point": "report", "after": 0},
    ],
    "accelerate": [
        {"who": "rank0", "point": "answer", "after": 1},
        {"who": "rank1", "point": "journal", "after": 0},
        {"who": "rank0", "point": "merge", "after": 0},
    ],
}


@pytest.fixture(scope="module")
def model_arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """Eight short texts and the small model, with the digits of a run that nobody killed."""
    options = ["--torch-dtype", "float32", "--max-tokens", "64", "--limit", "8", "--device", "cpu"]
    arena = Arena(tmp_path_factory.mktemp("model"), options=options, model="smollm2")
    assert arena.run("single", "whole").status in {0, 1}
    return arena


@NIGHTLY
@pytest.mark.parametrize("arrangement", sorted(MODEL_KILLS))
def test_the_small_model_killed_three_times_gives_the_same_digits(
    model_arena: Arena, arrangement: str
) -> None:
    arena, output = model_arena, f"killed-{arrangement}"
    for kill in MODEL_KILLS[arrangement]:
        ended = arena.run(arrangement, output, chaos=kill)
        assert ended.killed, (kill, ended.output)
        assert set(arena.answers(output).values()) <= {1}, (kill, ended.output)
    ended = arena.run(arrangement, output)
    assert ended.status in {0, 1}, ended.output
    assert sorted(arena.answers(output).values()) == [1] * 8, ended.output
    assert _partial(arena, output) == _partial(arena, "whole")


def _partial(arena: Arena, output: str) -> object:
    path = arena.directory(output) / "partial" / "metrics_summary.json"
    return without_times(json.loads(path.read_text(encoding="utf-8")))
