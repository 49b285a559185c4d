"""Ranks in step: every rank has equally many rounds, and a rank that is gone is seen."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.runs.feeds import SteppedFeed
from stindex.runs.in_step import Companions
from stindex.runs.lock import this_process
from stindex.runs.meeting import STOP
from stindex.runs.plan import make_plan


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 7), st.integers(1, 5))
def test_all_ranks_have_equally_many_rounds_and_every_sample_is_somebodys(
    answered: int, wanted: int, batch: int, world: int
) -> None:
    keys = [f"{n:064d}" for n in range(answered + wanted)]
    plan = make_plan(
        keys, set(keys[:answered]), batch, world, run_id="", selection="", attempts={}, in_step=True
    )
    shares = []
    for rank in range(world):
        feed = SteppedFeed(plan.chunks, plan.todo, rank, world)
        shares.append(list(iter(feed.take, None)))
    assert len({sum(chunk.in_step for chunk in share) for share in shares}) == 1
    given_out = [p for share in shares for chunk in share for p in chunk.positions]
    assert sorted(given_out) == list(range(answered + wanted))
    stepped = [chunk for share in shares for chunk in share if chunk.in_step]
    assert all(len(chunk.positions) <= batch for chunk in stepped)
    assert sum(len(chunk.positions) for chunk in stepped) == wanted


@pytest.fixture
def launch(tmp_path: Path) -> Path:
    _sign(tmp_path, 0, this_process().pid)
    return tmp_path


def _sign(launch: Path, rank: int, pid: int) -> None:
    process = replace(this_process(), pid=pid)
    (launch / f"alive-rank{rank}").write_text(json.dumps(asdict(process)))


def _dead_pid() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
        return process.pid


def test_a_rank_that_dies_before_its_share_is_done_is_gone(launch: Path) -> None:
    _sign(launch, 1, _dead_pid())
    assert Companions(launch, 0, 2, timeout=60).gone() == 1
    assert Companions(launch, 1, 2, timeout=60).gone() is None


def test_a_rank_that_ends_with_its_share_done_is_not(launch: Path) -> None:
    Companions(launch, 1, 2, timeout=60).leave(early=False)
    _sign(launch, 1, _dead_pid())
    assert Companions(launch, 0, 2, timeout=60).gone() is None
    assert not (launch / STOP).exists()


def test_a_rank_that_was_never_heard_of_is_given_up(launch: Path) -> None:
    assert Companions(launch, 0, 2, timeout=60).gone() is None
    assert Companions(launch, 0, 2, timeout=0).gone() == 1


def test_a_rank_that_leaves_early_stops_the_others(launch: Path) -> None:
    Companions(launch, 1, 2, timeout=60).leave(early=True)
    assert (launch / STOP).exists()
