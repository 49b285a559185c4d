"""GPUs, memory and cores are shared out before torch is imported, or refused in a sentence."""

from __future__ import annotations

import pytest

from stindex.errors import UserError
from stindex.runs.machines import (
    gpu_of_rank,
    refuse_too_little_memory,
    refuse_too_many_workers,
    settle,
    visible_gpus,
)
from stindex.runs.roles import Role


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        ("5,6", ["5", "6"]),
        ("GPU-1a2b, GPU-3c4d", ["GPU-1a2b", "GPU-3c4d"]),
        ("", []),
        ("-1", []),
        ("0,-1,2", ["0"]),
    ],
)
def test_the_callers_choice_of_gpus_is_respected(named: str, seen: list[str]) -> None:
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": named}) == seen


def test_without_a_choice_all_gpus_of_the_machine_are_visible() -> None:
    assert visible_gpus({}, lambda: 3) == ["0", "1", "2"]


def test_more_workers_than_gpus_are_refused_and_a_machine_without_any_is_not() -> None:
    refuse_too_many_workers(2, ["0", "1"])
    refuse_too_many_workers(8, [])
    with pytest.raises(UserError, match=r"-n 3: there are 2 GPUs .* use -n 2, or .*oversubscribe"):
        refuse_too_many_workers(3, ["0", "1"])
    with pytest.raises(UserError, match=r"there is 1 GPU and each worker"):
        refuse_too_many_workers(2, ["7"])


def test_processes_that_do_not_fit_into_memory_together_are_refused() -> None:
    refuse_too_little_memory(2, 4, available=8)
    refuse_too_little_memory(1, 100, available=8)
    refuse_too_little_memory(50, 0, available=8)
    with pytest.raises(UserError, match=r"3 processes need .*; use 2, or add --oversubscribe"):
        refuse_too_little_memory(3, 4 * 10**9, available=9 * 10**9)


def test_a_rank_takes_the_gpu_of_its_place_on_its_machine() -> None:
    assert gpu_of_rank(Role("rank", 5, 8, 1), ["4", "7"]) == "7"
    assert gpu_of_rank(Role("rank", 1, 2, 1), []) is None
    assert gpu_of_rank(Role("rank", 1, 2, 1), ["3"]) is None  # the launcher has chosen
    assert gpu_of_rank(Role("single"), ["0", "1"]) is None
    with pytest.raises(UserError, match="rank 2 is number 3 on this machine, which has 2 GPUs"):
        gpu_of_rank(Role("rank", 2, 3, 2), ["0", "1"])


def test_a_process_takes_its_gpu_and_its_share_of_the_cores() -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "5,6"}
    settle(environment, "6", 10**6)
    assert environment == {"CUDA_VISIBLE_DEVICES": "6", "OMP_NUM_THREADS": "1"}
    chosen = {"OMP_NUM_THREADS": "7"}
    settle(chosen, None, 2)
    assert chosen == {"OMP_NUM_THREADS": "7"}
