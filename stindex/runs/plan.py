"""The selected samples ─▶ chunks: what a process takes at a time.

A chunk is a few batches, so that the backend has something to order; towards the end chunks
shrink to one batch, so that no process is left with much work while the others are done. A
`Plan` is made once a launch, by the owner, and read by every other process.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from stindex.whole_files import write_whole

T = TypeVar("T")

MOST_BATCHES = 4
REPLAYED = 64  # samples in a chunk of which every answer is there


def plan_chunks(
    items: Sequence[T], batch_size: int, processes: int = 1, most: int = MOST_BATCHES
) -> list[list[T]]:
    """Cut `items`, in order, into chunks of at most `most` batches; only the last may be short."""
    chunks: list[list[T]] = []
    start = 0
    while start < len(items):
        batches_left = -(-(len(items) - start) // batch_size)
        size = batch_size * min(most, max(1, batches_left // (2 * processes)))
        chunks.append(list(items[start : start + size]))
        start += size
    return chunks


@dataclass(frozen=True, slots=True)
class Plan:
    """Which samples are generated together, and which are only replayed.

    Attributes:
        run_id: names the run's directory.
        selection: a digest of the selected samples; all processes must have the same.
        chunks: positions in the selection; every position once.
        todo: the first so many chunks hold what has to be generated.
        attempts: position to the number of the attempt, where it is not the first.
    """

    run_id: str
    selection: str
    chunks: tuple[tuple[int, ...], ...]
    todo: int
    attempts: dict[int, int]


def make_plan(  # noqa: PLR0913 (what the plan is made of)
    keys: Sequence[str],
    answered: Collection[str],
    batch_size: int,
    processes: int,
    *,
    run_id: str,
    selection: str,
    attempts: dict[str, int],
    in_step: bool = False,
) -> Plan:
    """Return the plan of one launch.

    Args:
        keys: the generation key of each selected sample. Samples that share a key share their
            answer, so they stay together.
        answered: keys whose answer is there.
        attempts: key to the attempts that were made so far.
        in_step: chunks of one batch each, which the ranks generate at the same time.
    """
    of_key: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        of_key.setdefault(key, []).append(position)
    todo = [key for key in of_key if key not in answered]
    replayed = [key for key in of_key if key in answered]
    generated = plan_chunks(todo, batch_size, processes, 1 if in_step else MOST_BATCHES)
    rest = [replayed[n : n + REPLAYED] for n in range(0, len(replayed), REPLAYED)]
    chunks = [tuple(p for key in chunk for p in of_key[key]) for chunk in [*generated, *rest]]
    again = {p: attempts[key] + 1 for key in todo if attempts.get(key) for p in of_key[key]}
    return Plan(run_id, selection, tuple(chunks), len(generated), again)


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan for the other processes; it appears whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    write_whole(path, json.dumps(asdict(plan)))


def read_plan(path: Path) -> Plan | None:
    """Return the plan; None where there is none yet."""
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    chunks = tuple(tuple(chunk) for chunk in fields.pop("chunks"))
    attempts = {int(position): n for position, n in fields.pop("attempts").items()}
    return Plan(chunks=chunks, attempts=attempts, **fields)
