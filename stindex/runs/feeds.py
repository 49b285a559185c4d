"""Where a process gets its chunks from: one plan for itself, claims among ranks, assignments.

Ranks that have to generate in step (ZeRO-3) are the exception: their shares are fixed.

A feed is asked when the source of answers is free, not before: whoever is done early takes the
next chunk. Claims and assignments are files, which outlive whoever wrote them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from stindex.errors import UserError


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a process generates together.

    Attributes:
        positions: places of the samples in the selection.
        suspect: its worker died over it: its journal is looked into once more, and nothing is
            generated ahead of the test that asks for it.
        in_step: the source is asked even where there is nothing to generate, as the other ranks'
            sources wait for it.
    """

    positions: tuple[int, ...]
    suspect: bool = False
    in_step: bool = False


class Feed(Protocol):
    """Gives chunks to one process; `ends` where nothing comes after the first None."""

    @property
    def ends(self) -> bool:
        """Whether None is the end, and not a wait."""
        ...

    def take(self) -> Chunk | None:
        """Return the next chunk; None where there is none, or none yet."""
        ...


class PlannedFeed:
    """All chunks of a plan, in order: the feed of a process that is alone."""

    ends = True

    def __init__(self, chunks: Sequence[Sequence[int]]) -> None:
        """Take the plan."""
        self._chunks = iter(chunks)

    def take(self) -> Chunk | None:
        """Return the next chunk; None at the end."""
        chunk = next(self._chunks, None)
        return None if chunk is None else Chunk(tuple(chunk))


class ClaimedFeed:
    """Chunks that no other rank has: each is claimed by a file that only one can create."""

    ends = True

    def __init__(
        self, chunks: Sequence[Sequence[int]], keys: Sequence[str], directory: Path, rank: int
    ) -> None:
        """Take the plan; `keys` are the generation keys of the selection, in order."""
        self._chunks = iter(chunks)
        self._keys = keys
        self._directory = directory
        self._rank = rank

    def take(self) -> Chunk | None:
        """Return the next chunk that could be claimed; None when all are taken.

        Raises:
            UserError: the directory cannot be written to.
        """
        for chunk in self._chunks:
            if self._claim([self._keys[position] for position in chunk]):
                return Chunk(tuple(chunk))
        return None

    def _claim(self, keys: list[str]) -> bool:
        path = self._directory / hashlib.sha256("\n".join(keys).encode("ascii")).hexdigest()
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        except OSError as problem:
            raise UserError(
                f"{path}: a claim cannot be written ({problem.strerror}); make room and run again."
            ) from None
        os.write(descriptor, f"{self._rank}\n".encode("ascii"))
        os.close(descriptor)
        return True


class SteppedFeed:
    """A rank's share of a plan that is fixed once: the same number of chunks for every rank."""

    ends = True

    def __init__(self, chunks: Sequence[Sequence[int]], todo: int, rank: int, world: int) -> None:
        """Take every `world`-th chunk; the last round is filled up with empty ones.

        Args:
            todo: the first so many chunks are generated, all ranks in step.
        """
        rounds = range(rank, -(-todo // world) * world, world)
        generated = (Chunk(tuple(chunks[n]) if n < todo else (), in_step=True) for n in rounds)
        replayed = (Chunk(tuple(chunk)) for chunk in chunks[todo + rank :: world])
        self._chunks = chain(generated, replayed)

    def take(self) -> Chunk | None:
        """Return the next chunk, which may be empty; None at the end."""
        return next(self._chunks, None)


class AssignedFeed:
    """Chunks that a controller gave to this worker: one line each, in a file of the worker's."""

    ends = False

    def __init__(self, path: Path) -> None:
        """Begin at the beginning; the file need not be there yet."""
        self._path = path
        self._offset = 0

    def take(self) -> Chunk | None:
        """Return the next chunk; None until the controller has written one."""
        try:
            with self._path.open("rb") as lines:
                lines.seek(self._offset)
                line = lines.readline()
        except FileNotFoundError:
            return None
        if not line.endswith(b"\n"):
            return None
        self._offset += len(line)
        positions, suspect = json.loads(line)
        return Chunk(tuple(positions), suspect)


def assign(path: Path, chunk: Chunk) -> None:
    """Give a chunk to the worker that reads `path`.

    Raises:
        UserError: it cannot be written.
    """
    try:
        with path.open("a", encoding="ascii") as lines:
            lines.write(json.dumps([chunk.positions, chunk.suspect]) + "\n")
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be written ({problem.strerror}); make room and run again."
        ) from None
