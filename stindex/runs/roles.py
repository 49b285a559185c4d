"""What this process is in its run: the only one, a controller of workers, a worker, or a rank.

The owner names the run, holds its lock and writes its reports; an executor generates answers and
runs tests. Read from the environment that a launcher leaves, without importing torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stindex.errors import UserError
from stindex.runs.zero_stage import zero_optimization

# Rank, number of ranks, rank on this machine: torchrun and accelerate, Open MPI, MPICH.
_LAUNCHERS = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
)
_SLURM = ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")

Kind = Literal["single", "controller", "worker", "rank"]


@dataclass(frozen=True, slots=True)
class Role:
    """Attributes.

    kind: `single` is owner and executor, `controller` only owns, `worker` only executes; of the
        ranks all execute and rank 0 owns.
    rank, world: which of how many ranks; 0 of 1 without a launcher.
    local_rank: which of the ranks on this machine.
    worker: the name that xdist gave a worker.
    in_step: ZeRO-3: the ranks hold a local model together, so all have to generate equally often.
    """

    kind: Kind
    rank: int = 0
    world: int = 1
    local_rank: int = 0
    worker: str = ""
    in_step: bool = False

    @property
    def owns(self) -> bool:
        """Whether it names the run, locks it, speaks for it and writes its reports."""
        return self.kind != "worker" and self.rank == 0

    @property
    def name(self) -> str:
        """Unique among the processes of one launch, and safe as a file name."""
        return f"rank{self.rank}" if self.kind == "rank" else self.worker or self.kind


def find_role(environment: Mapping[str, str], *, workers: int = 0, worker: str = "") -> Role:
    """Return the role of this process.

    Args:
        workers: how many workers this process was told to start (`-n`).
        worker: the name of this process, if it is such a worker.

    Raises:
        UserError: a launcher's variable or DeepSpeed's file is broken, or ranks were asked to
            start workers.
    """
    if worker:
        return Role("worker", worker=worker)
    rank, world, local_rank = _ranks(environment)
    if workers and world > 1:
        raise UserError(
            f"-n {workers} cannot be given to a process that is one of {world} ranks; leave out "
            "either -n or the launcher."
        )
    if workers:
        return Role("controller")
    if world == 1:
        return Role("single")
    in_step = zero_optimization(environment).get("stage") == 3
    return Role("rank", rank, world, local_rank, in_step=in_step)


def lonely_launch(environment: Mapping[str, str]) -> str:
    """Return a sentence if accelerate was told to start several processes and started one."""
    ranked = any(rank in environment for rank, _, _ in _LAUNCHERS)
    # accelerate names the meeting point only where it was told to start more than one process.
    told = "MASTER_PORT" in environment and "ACCELERATE_MIXED_PRECISION" in environment
    if not told or ranked:
        return ""
    return (
        "accelerate was told to start several processes and started this one alone, as it does "
        "with `distributed_type: MULTI_CPU`; cfg/multi_cpu.yaml starts two."
    )


def _ranks(environment: Mapping[str, str]) -> tuple[int, int, int]:
    for names in _LAUNCHERS:
        if names[1] in environment:
            return _read(environment, *names)
    if _in_slurm_step(environment):
        return _read(environment, *_SLURM)
    return 0, 1, 0


def _in_slurm_step(environment: Mapping[str, str]) -> bool:
    """Whether SLURM started this process as one of several.

    A batch script sees the variables too, though it runs once; it is in no step.
    """
    if any(name not in environment for name in _SLURM[:2]):
        return False
    tasks = environment.get("SLURM_STEP_NUM_TASKS", environment["SLURM_NTASKS"])
    in_step = "SLURM_STEP_ID" in environment or "SLURM_JOB_ID" not in environment
    return in_step and tasks != "1"


def _read(
    environment: Mapping[str, str], rank_name: str, world_name: str, local_name: str
) -> tuple[int, int, int]:
    world = _number(environment, world_name)
    if world == 1:
        return 0, 1, 0
    rank = _number(environment, rank_name)
    if not 0 <= rank < world:
        raise UserError(f"{rank_name}={rank} is no rank of {world_name}={world}; check the launch.")
    local_rank = _number(environment, local_name) if local_name in environment else rank
    return rank, world, local_rank


def _number(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name)
    if value is None:
        raise UserError(f"{name} is not set though other variables of a launcher are; unset them.")
    if not value.strip().isdigit():
        raise UserError(f"{name}={value!r} is no whole number; unset it or let a launcher set it.")
    return int(value)
