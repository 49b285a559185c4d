"""Whatever is killed and when: a rerun completes the run, nothing twice, nothing lost, same digits.

Real processes, each killed with SIGKILL at a seeded point. The short form runs with all tests;
`make chaos` sets STINDEX_CHAOS_KILLS for the long one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .arena import SAMPLES, Arena, Ended

pytestmark = pytest.mark.slow

SEED = 20240506
KILLS = int(os.environ.get("STINDEX_CHAOS_KILLS", "3"))
IN_A_ROW = 3
# arrangement ─▶ who can be killed
VICTIMS = {
    "single": ["single"],
    "workers": ["gw0", "gw1", "controller"],
    "torchrun": ["rank0", "rank1"],
    "accelerate": ["rank0", "rank1"],
}
# What completes a round of kills, in turn.
LAST = ("single", "workers", "torchrun") if KILLS > IN_A_ROW else ("single",)
OWNERS = {"single", "controller", "rank0"}
WRITERS = ["answer", "journal"]


def kills(seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield arrangements and kills without end; every arrangement has its turn."""
    chance = random.Random(seed)
    while True:
        for arrangement in chance.sample(sorted(VICTIMS), len(VICTIMS)):
            who = chance.choice(VICTIMS[arrangement])
            points = [*(WRITERS if who != "controller" else []), *_ends(who)]
            point = chance.choice(points)
            after = chance.randrange(4) if point in WRITERS else 0
            group = who in OWNERS and chance.random() < 0.3
            yield arrangement, {"who": who, "point": point, "after": after, "group": group}


def _ends(who: str) -> list[str]:
    return ["merge", "report"] if who in OWNERS else []


@pytest.fixture
def arena(tmp_path: Path) -> Arena:
    return Arena(tmp_path)


def test_killed_runs_are_completed_by_any_arrangement(arena: Arena) -> None:
    assert arena.run("single", "whole").status == 0
    struck, tried, round_number = 0, 0, 0
    plan = kills(SEED)
    while struck < KILLS:
        output = f"round{round_number}"
        round_number += 1
        history: list[object] = []
        for _ in range(min(IN_A_ROW, KILLS - struck)):
            arrangement, chaos = next(plan)
            ended = arena.run(arrangement, output, chaos=chaos)
            history.append((arrangement, chaos, ended.status, ended.killed))
            # Not every victim gets as far as to the point at which it would be killed.
            struck, tried = struck + ended.killed, tried + 1
            assert tried < 2 * KILLS + IN_A_ROW, history
            _nothing_twice(arena, output, history, ended)
        arrangement = LAST[round_number % len(LAST)]
        ended = arena.run(arrangement, output)
        history.append((arrangement, ended.status))
        assert ended.status == 0, (history, ended.output)
        _nothing_twice(arena, output, history, ended)
        assert len(arena.answers(output)) == SAMPLES, (history, ended.output)
        assert arena.status(output) == "PASSED"
        assert arena.metrics(output) == arena.metrics("whole"), history


def _nothing_twice(arena: Arena, output: str, history: list[object], ended: Ended) -> None:
    answers = arena.answers(output)
    assert [key for key, count in answers.items() if count > 1] == [], (history, ended.output)
