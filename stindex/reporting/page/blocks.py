"""Rows of samples ─▶ compressed blocks of the page, and what has to stay out to keep it small.

Samples come in packs. Each kind of content of a pack is a block of its own, so that a reader's
browser unpacks only what is looked at, and a page that would grow too large can leave out one
kind after the other in a stated order.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

PACK = 128
# Level 5 is 2 % larger than level 9 on texts and answers and takes two thirds of its time.
_LEVEL = 5
_WAITING = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of content: the letter that its blocks' ids begin with, and its name in a sentence."""

    letter: str
    words: str


# In the order in which a page leaves them out.
PARTS = (
    Part("a", "the baseline's raw answers"),
    Part("u", "the texts of samples in which nothing went wrong"),
    Part("q", "the raw answers to samples in which nothing went wrong"),
    Part("b", "the baseline's mentions"),
    Part("r", "the raw answers to samples in which something went wrong"),
    Part("t", "the texts of samples in which something went wrong"),
    Part("d", "gold and predicted mentions"),
)


@dataclass(frozen=True, slots=True)
class Loss:
    """A part that is not there for the samples from number `since` on (counted from 1)."""

    part: Part
    since: int

    def sentence(self, samples: int) -> str:
        """Say what is left out; `samples` is how many there are."""
        if self.since == 1:
            return self.part.words
        return f"{self.part.words}, from sample {self.since} of {samples} on"


def packed(value: object) -> str:
    """Return a value as JSON, compressed (zlib), in base64: nothing in it is ever HTML."""
    # Half of a surrogate pair becomes `\udXXX`, which inside a JSON string is its escape.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = text.encode("utf-8", "backslashreplace")
    return base64.b64encode(zlib.compress(data, _LEVEL)).decode("ascii")


@dataclass(slots=True)
class Blocks:
    """The blocks of a page: at most `limit` bytes of them.

    Where they grow beyond, the first part of `PARTS` that has any loses its last block, and takes
    no more: what is there of it is there for the first samples.
    """

    limit: int
    size: int = 0
    by_part: dict[str, list[tuple[int, str]]] = field(
        default_factory=lambda: {part.letter: [] for part in PARTS}
    )
    closed: set[str] = field(default_factory=set)

    def put(self, letter: str, pack: int, content: str) -> None:
        """Add a block of a pack (counted from 0), as far as there is room."""
        if letter in self.closed:
            return
        self.by_part[letter].append((pack, content))
        self.size += len(content)
        self.shrink(self.limit)

    def shrink(self, limit: int) -> None:
        """Leave out blocks until `limit` bytes hold the rest."""
        self.limit = limit
        while self.size > limit and (letter := self._next_to_go()) is not None:
            self.closed.add(letter)
            self.size -= len(self.by_part[letter].pop()[1])

    def _next_to_go(self) -> str | None:
        return next((part.letter for part in PARTS if self.by_part[part.letter]), None)

    def items(self) -> Iterable[tuple[str, str]]:
        """Yield id and content of each block, pack by pack."""
        found = [
            (pack, letter, content)
            for letter, blocks in self.by_part.items()
            for pack, content in blocks
        ]
        for pack, letter, content in sorted(found, key=lambda one: one[:2]):
            yield f"{letter}{pack}", content

    def losses(self) -> tuple[Loss, ...]:
        """Return what was left out, in the order in which it went."""
        return tuple(
            Loss(part, 1 + PACK * self._kept(part.letter))
            for part in PARTS
            if part.letter in self.closed
        )

    def _kept(self, letter: str) -> int:
        blocks = self.by_part[letter]
        return blocks[-1][0] + 1 if blocks else 0


class Packer:
    """Collects packs and compresses them beside the main thread, in order."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self._pack: dict[str, list[object]] = {part.letter: [] for part in PARTS}
        self._samples = 0
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="report")
        self._waiting: deque[tuple[int, Mapping[str, Future[str]]]] = deque()

    def add(self, row: Mapping[str, object]) -> None:
        """Add a sample: letter of a part to its content; None where it has none."""
        for letter, values in self._pack.items():
            values.append(row.get(letter))
        self._samples += 1
        if self._samples % PACK == 0:
            self._submit()

    def close(self) -> None:
        """Compress what is left."""
        if self._samples % PACK:
            self._submit()
        while self._waiting:
            self._collect()
        self._pool.shutdown()

    def _submit(self) -> None:
        number = (self._samples - 1) // PACK
        filled = {
            letter: values
            for letter, values in self._pack.items()
            if letter not in self.blocks.closed and any(value is not None for value in values)
        }
        self._waiting.append(
            (number, {key: self._pool.submit(packed, _by_column(v)) for key, v in filled.items()})
        )
        self._pack = {letter: [] for letter in self._pack}
        if len(self._waiting) > _WAITING:
            self._collect()

    def _collect(self) -> None:
        number, futures = self._waiting.popleft()
        for letter, future in futures.items():
            self.blocks.put(letter, number, future.result())


def _by_column(values: Sequence[object]) -> object:
    """Return rows of equal length as columns: like beside like compresses better."""
    if all(isinstance(value, tuple) for value in values):
        return list(zip(*values, strict=True))
    return values
