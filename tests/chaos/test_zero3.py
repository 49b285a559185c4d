"""ZeRO-3 on two CPU ranks: equally many calls of `generate`, the digits of one process, no hang.

Most of it runs with a stand-in whose passes wait for those of the other rank; DeepSpeed itself is
tried where it is installed.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from .arena import NIGHTLY, SAMPLES, Arena, free_port
from .sharded_model import make_model

pytestmark = pytest.mark.slow

STAGE_3 = {"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "3"}
STAND_IN = ["-p", "tests.chaos.sharded_model"]
GENERATING = ["--torch-dtype", "float32", "--device", "cpu", "--max-tokens", "12"]
GENERATING += ["--batch-size", "5"]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    directory = tmp_path_factory.mktemp("zero3")
    make_model(directory / "tiny")
    arena = Arena(directory, options=GENERATING, model="./tiny")
    assert arena.run("single", "whole").status == 0
    return arena


def _run(arena: Arena, output: str, *options: str, **chaos: object) -> str:
    ended = arena.run(
        "torchrun", output, *STAND_IN, *options, environment=STAGE_3, chaos=chaos or None
    )
    return ended.output


def _texts(arena: Arena, output: str) -> dict[str, str]:
    rows = [row for path in _journals(arena, output) for row in path.read_text().splitlines()]
    lines = [json.loads(row) for row in rows]
    return {line["sample_id"]: line["generation"]["raw_text"] for line in lines}


def _journals(arena: Arena, output: str) -> list[Path]:
    return sorted((arena.root / output).glob("*/journal/*.jsonl"))


def test_two_ranks_in_step_answer_each_sample_once_as_one_process_does(arena: Arena) -> None:
    """Five batches: rank 1 has two and takes part in the third round without one."""
    printed = _run(arena, "out")
    assert sorted(arena.answers("out").values()) == [1] * SAMPLES, printed
    answered = [len(path.read_text().splitlines()) for path in _journals(arena, "out")]
    assert sorted(answered) == [10, 14]
    assert _texts(arena, "out") == _texts(arena, "whole")
    assert arena.metrics("out") == arena.metrics("whole")
    run = json.loads((arena.directory("out") / "run.json").read_text())
    assert run["provenance"]["source"]["engine"] == "transformers generate, all ranks in step"


@NIGHTLY
@pytest.mark.parametrize("dead", ["rank1", "rank0"])
def test_a_dead_rank_ends_the_run_and_the_next_one_completes_it(arena: Arena, dead: str) -> None:
    output = f"killed-{dead}"
    _run(arena, output, who=dead, point="answer", after=3)
    answered = arena.answers(output).total()
    assert answered < SAMPLES
    if dead == "rank1":  # a dead rank 0 leaves RUNNING, as every killed owner does
        assert arena.status(output) == "INCOMPLETE"
    _run(arena, output)
    assert sorted(arena.answers(output).values()) == [1] * SAMPLES
    assert arena.metrics(output) == arena.metrics("whole")


@NIGHTLY
def test_ranks_that_no_launcher_watches_end_with_the_dead_one(arena: Arena) -> None:
    """As with `srun`: nobody ends rank 0 when rank 1 dies, though its passes wait for it."""
    port = str(free_port())
    ranks = {**STAGE_3, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    kill = {"who": "rank1", "point": "answer", "after": 3}
    started = [
        arena.start(
            "single",
            "alone",
            *STAND_IN,
            environment={**ranks, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            chaos=kill,
        )
        for rank in (0, 1)
    ]
    printed, _ = started[0].communicate(timeout=60)
    started[1].communicate(timeout=60)
    assert started[0].returncode == 2, printed
    assert "under ZeRO-3" in printed
    assert arena.status("alone") == "INCOMPLETE"


@NIGHTLY
@pytest.mark.skipif(find_spec("deepspeed") is None, reason="needs deepspeed")
def test_deepspeed_itself_gives_the_answers_of_one_process(arena: Arena) -> None:
    ended = arena.run("deepspeed", "deepspeed", "-W", "default")
    assert sorted(arena.answers("deepspeed").values()) == [1] * SAMPLES, ended.output
    assert _texts(arena, "deepspeed") == _texts(arena, "whole")
    assert arena.metrics("deepspeed") == arena.metrics("whole")
