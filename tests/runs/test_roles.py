"""What a process is, from the variables that launchers leave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.runs.roles import Role, find_role, lonely_launch
from stindex.runs.zero_stage import zero_optimization

SINGLE = Role("single")


@pytest.mark.parametrize(
    ("environment", "role"),
    [
        ({}, SINGLE),
        ({"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}, Role("rank", 1, 4, 1)),
        ({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, Role("rank", 5, 8, 1)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, SINGLE),
        ({"WORLD_SIZE": "1"}, SINGLE),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, Role("rank", 1, 2, 1)),
        ({"PMI_RANK": "0", "PMI_SIZE": "2"}, Role("rank", 0, 2, 0)),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0"}, Role("rank", 1, 2, 0)),
        (
            {"SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0"},
            Role("rank", 1, 2, 1),
        ),
    ],
    ids=str,
)
def test_the_role_is_read_from_a_launchers_variables(
    environment: dict[str, str], role: Role
) -> None:
    assert find_role(environment) == role


def test_a_batch_script_of_slurm_is_one_process_whatever_it_was_allotted() -> None:
    allotted = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"}
    assert find_role(allotted) == SINGLE
    assert find_role({**allotted, "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"}) == SINGLE


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"RANK": "0", "WORLD_SIZE": "abc"}, "WORLD_SIZE='abc'"),
        ({"WORLD_SIZE": "-2"}, "WORLD_SIZE='-2'"),
        ({"RANK": "x", "WORLD_SIZE": "2"}, "RANK='x'"),
        ({"WORLD_SIZE": "2"}, "RANK is not set"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "RANK=2 is no rank"),
        ({"RANK": "0", "WORLD_SIZE": "0"}, "RANK=0 is no rank"),
        ({"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "?"}, "LOCAL_RANK"),
    ],
    ids=str,
)
def test_a_broken_variable_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        find_role(environment)


def test_ranks_start_no_workers() -> None:
    ranks = {"RANK": "0", "WORLD_SIZE": "2"}
    with pytest.raises(UserError, match=r"-n 2 .*one of 2 ranks"):
        find_role(ranks, workers=2)
    assert find_role({}, workers=2) == Role("controller")
    assert find_role({}, worker="gw1") == Role("worker", worker="gw1")


def test_the_controller_and_rank_0_own_the_run() -> None:
    roles = [SINGLE, Role("controller"), Role("worker", worker="gw0"), Role("rank", 0, 2)]
    assert [role.owns for role in roles] == [True, True, False, True]
    assert not Role("rank", 1, 2).owns


def test_one_process_where_several_were_asked_for_is_noticed() -> None:
    told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "ACCELERATE_MIXED_PRECISION": "no"}
    assert "started this one alone" in lonely_launch(told)
    assert lonely_launch({**told, "RANK": "0", "WORLD_SIZE": "2"}) == ""
    assert lonely_launch({"MASTER_PORT": "29500"}) == ""


def test_ranks_that_hold_a_model_together_are_in_step_and_those_of_zero_2_are_not() -> None:
    ranks = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}
    stage = "ACCELERATE_DEEPSPEED_ZERO_STAGE"
    deepspeed = {**ranks, "ACCELERATE_USE_DEEPSPEED": "true"}
    assert not find_role(ranks).in_step
    assert not find_role({**ranks, stage: "3"}).in_step
    assert not find_role({**deepspeed, stage: "2"}).in_step
    assert find_role({**deepspeed, stage: "3"}).in_step
    assert not find_role({**deepspeed, stage: "3", "WORLD_SIZE": "1"}).in_step


def test_a_file_of_deepspeeds_own_says_the_stage_and_where_parameters_are_kept(
    tmp_path: Path,
) -> None:
    written = tmp_path / "ds.json"
    asked = {
        "RANK": "1",
        "WORLD_SIZE": "2",
        "ACCELERATE_USE_DEEPSPEED": "true",
        "ACCELERATE_DEEPSPEED_CONFIG_FILE": str(written),
    }
    zero = {
        "stage": 3,
        "offload_param": {"device": "cpu"},
        "offload_optimizer": {"device": "cpu"},
        "reduce_bucket_size": "auto",
    }
    written.write_text(json.dumps({"train_batch_size": "auto", "zero_optimization": zero}))
    assert find_role(asked).in_step
    assert zero_optimization(asked) == {"stage": 3, "offload_param": {"device": "cpu"}}
    written.write_text(json.dumps({"zero_optimization": {**zero, "stage": 2}}))
    assert not find_role(asked).in_step
    written.write_text("{}")
    assert not find_role(asked).in_step


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read as JSON"),
        ("{", "cannot be read as JSON"),
        ("[]", "stage: None is no stage"),
        ('{"zero_optimization": {"stage": "auto"}}', "stage: 'auto' is no stage"),
    ],
    ids=["no file", "no JSON", "a list", "auto"],
)
def test_a_file_of_deepspeeds_own_that_says_no_stage_is_refused(
    content: str | None, why: str, tmp_path: Path
) -> None:
    written = tmp_path / "ds.json"
    if content is not None:
        written.write_text(content)
    asked = {
        "RANK": "0",
        "WORLD_SIZE": "2",
        "ACCELERATE_USE_DEEPSPEED": "true",
        "ACCELERATE_DEEPSPEED_CONFIG_FILE": str(written),
    }
    with pytest.raises(UserError, match=f"ds.json: .*{why}"):
        find_role(asked)
