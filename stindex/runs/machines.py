"""What several processes on one machine share: its GPUs, its memory, its processor cores.

The environment and the number of processes go in; each process's share comes out, or a sentence
why they do not fit.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, MutableMapping, Sequence

import psutil

from stindex.errors import UserError
from stindex.runs.roles import Role

REMEDY = "or add --oversubscribe"


def visible_gpus(
    environment: Mapping[str, str], count: Callable[[], int] | None = None
) -> list[str]:
    """Return what may stand in `CUDA_VISIBLE_DEVICES`, one entry a GPU; imports no torch."""
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(number) for number in range((count or _nvidia_gpus)())]
    entries = [entry.strip() for entry in named.split(",")]
    # What follows an invalid entry does not exist, as CUDA itself reads it.
    end = next((n for n, entry in enumerate(entries) if entry in {"", "-1"}), len(entries))
    return entries[:end]


def refuse_too_many_workers(workers: int, gpus: Sequence[str]) -> None:
    """Refuse workers that would have to share a GPU.

    Raises:
        UserError: there are GPUs, and fewer than workers.
    """
    if gpus and workers > len(gpus):
        there = "is 1 GPU" if len(gpus) == 1 else f"are {len(gpus)} GPUs"
        raise UserError(
            f"-n {workers}: there {there} and each worker loads the model onto one "
            f"of its own; use -n {len(gpus)}, {REMEDY}."
        )


def refuse_too_little_memory(processes: int, bytes_each: int, available: int | None = None) -> None:
    """Refuse processes whose weights would not fit into the machine's memory together.

    Raises:
        UserError: they would not.
    """
    free = psutil.virtual_memory().available if available is None else available
    if processes > 1 and processes * bytes_each > free:
        fitting = max(1, free // bytes_each)
        raise UserError(
            f"{processes} processes need {processes * bytes_each / 1e9:.1f} GB of memory and "
            f"{free / 1e9:.1f} GB are free; use {fitting}, {REMEDY}."
        )


def gpu_of_rank(role: Role, gpus: Sequence[str]) -> str | None:
    """Return the GPU of a rank; None where there is none, or the launcher has chosen already.

    Raises:
        UserError: there are fewer GPUs than ranks on this machine.
    """
    if role.kind != "rank" or len(gpus) <= 1:
        return None
    if role.local_rank >= len(gpus):
        raise UserError(
            f"rank {role.rank} is number {role.local_rank + 1} on this machine, which has "
            f"{len(gpus)} GPUs; start one process for each GPU, {REMEDY}."
        )
    return gpus[role.local_rank]


def settle(environment: MutableMapping[str, str], gpu: str | None, neighbours: int) -> None:
    """Take one GPU and a share of the cores; to be done before torch is imported."""
    if gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = gpu
    if neighbours > 1 and "OMP_NUM_THREADS" not in environment:
        environment["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // neighbours))


def _nvidia_gpus() -> int:
    try:
        done = subprocess.run(
            ["nvidia-smi", "-L"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
