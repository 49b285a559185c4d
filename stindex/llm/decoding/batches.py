"""Prompts ─▶ batches ─▶ results, whatever goes wrong in a batch.

Out of memory halves the batch and repeats it; the size that worked stays. Any other failure of a
batch is retried row by row, so that one bad row never harms its neighbours. What fails alone is a
`Failure` with one sentence, and the rest goes on.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

import torch

from stindex.errors import UserError
from stindex.llm.decoding.plain import Decoded
from stindex.llm.decoding.row import Prompt

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")

Decode = Callable[[Sequence[Prompt]], list[Decoded | None]]


class EngineError(Exception):
    """This engine must not be used with this model. The message says why, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a prompt got no answer: one sentence, and what was raised; "" where memory ran out."""

    reason: str
    cause: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one prompt; `index` is its place in what was handed in."""

    index: int
    decoded: Decoded | Failure
    batch_size: int


@dataclass(slots=True)
class BatchSize:
    """The size of batches: what was asked for, and what has worked so far.

    `tokens` bounds the key-value cache of all rows together; None where memory is not known.
    """

    requested: int
    used: int
    halvings: int = 0
    tokens: int | None = None

    @classmethod
    def of(cls, requested: int) -> BatchSize:
        """Return a batch size that nothing is known about yet."""
        return cls(requested, requested)

    def halve(self, failed: int) -> None:
        """Note that a batch of `failed` rows did not fit."""
        self.used = max(1, failed // 2)
        self.halvings += 1


def decode_all(
    prompts: Sequence[Prompt], decode: Decode, size: BatchSize, stop: Event, answer: int = 0
) -> Iterator[Result]:
    """Yield a result for each prompt, longest prompt first, as batches finish.

    A batch has no more rows than `size.tokens` has room for, each as long as the longest with an
    answer of `answer` tokens; one row is always taken. Ends early once `stop` is set; rows that
    were not finished then get no result.
    """
    waiting = _longest_first(prompts)
    alone: deque[int] = deque()  # rows of a batch that failed, to be tried one by one
    while (waiting or alone) and not stop.is_set():
        queue, wanted = (alone, 1) if alone else (waiting, size.used)
        if size.tokens is not None:
            wanted = min(wanted, size.tokens // (len(prompts[queue[0]].token_ids) + answer))
        batch = [queue.popleft() for _ in range(min(max(1, wanted), len(queue)))]
        decoded = _attempt([prompts[index] for index in batch], decode)
        if not isinstance(decoded, _Problem):
            yield from _results(batch, decoded)
        elif len(batch) == 1:
            yield Result(batch[0], decoded.failure(), 1)
        elif decoded.out_of_memory:
            size.halve(len(batch))
            waiting.extendleft(reversed(batch))
        else:
            alone.extend(batch)


More = Callable[[], Sequence[Prompt]]  # prompts that have come since; none where there are none


def _no_more() -> Sequence[Prompt]:
    return ()


@dataclass(slots=True)
class Queue:
    """Prompts that wait for a slot.

    Attributes:
        prompts: all that were handed in so far; `waiting` has places in it, the next one first.
        more: is asked for further prompts where none waits.
    """

    prompts: list[Prompt]
    waiting: deque[int]
    more: More = _no_more

    @classmethod
    def longest_first(cls, prompts: Sequence[Prompt], more: More = _no_more) -> Queue:
        """Return a queue of prompts, the longest first."""
        return cls(list(prompts), _longest_first(prompts), more)

    def alone(self, place: int) -> Queue:
        """Return a queue of one of these prompts."""
        return Queue(self.prompts, deque([place]))

    def refilled(self) -> bool:
        """Return whether a prompt waits; asks for more where none does."""
        if not self.waiting:
            found, start = self.more(), len(self.prompts)
            self.prompts.extend(found)
            self.waiting.extend(start + place for place in _longest_first(found))
        return bool(self.waiting)


class Engine(Protocol):
    """Decodes prompts with slots that are filled again as they fall free."""

    @property
    def taken(self) -> list[int]:
        """Return the places of the prompts that were begun and are not finished."""
        ...

    def run(self, queue: Queue, slots: int, stop: Event) -> Iterator[Result]:
        """Yield a result for each prompt that waits; raises whatever the model raises."""
        ...

    def release(self) -> None:
        """Give the memory back that is kept between runs."""
        ...


def stream_all(
    prompts: Sequence[Prompt],
    engine: Engine,
    size: BatchSize,
    stop: Event,
    more: More = _no_more,
) -> Iterator[Result]:
    """Yield a result for each prompt as it is finished; the longest prompts are begun first.

    What `decode_all` does for batches: rows that were under way when something failed are begun
    again, with half of the slots or one by one. `more` is asked for further prompts where a slot
    is free and none waits; their results count on from `prompts`. Ends early once `stop` is set.
    """
    queue = Queue.longest_first(prompts, more)
    alone: deque[int] = deque()
    while (alone or queue.refilled()) and not stop.is_set():
        turn, slots = (queue.alone(alone.popleft()), 1) if alone else (queue, size.used)
        problem = yield from _streamed(engine, turn, slots, stop)
        if problem is None:
            continue
        lost = engine.taken
        if not lost and (slots == 1 or not problem.out_of_memory):
            raise EngineError(f"it fails at what all prompts begin with ({problem.cause})")
        if len(lost) <= 1 and slots == 1:
            yield from (Result(index, problem.failure(), 1) for index in lost)
        elif problem.out_of_memory:
            size.halve(min(slots, len(lost)))
            queue.waiting.extendleft(reversed(lost))
        else:
            alone.extend(lost)


def _streamed(
    engine: Engine, queue: Queue, slots: int, stop: Event
) -> Generator[Result, None, _Problem | None]:
    try:
        yield from engine.run(queue, slots, stop)
    except (UserError, EngineError):
        raise
    except Exception as problem:  # noqa: BLE001  # whatever it is, the other samples go on
        found = _Problem.of(problem)
    else:
        return None
    # Outside of the handler, where the exception no longer holds the tensors of its frames.
    if found.out_of_memory:
        engine.release()
        free_device_memory()
    return found


def is_out_of_memory(problem: BaseException) -> bool:
    """Return whether an exception means that memory ran out, on whatever device."""
    if isinstance(problem, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(problem).lower()
    return isinstance(problem, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)


@dataclass(frozen=True, slots=True)
class _Problem:
    cause: str
    out_of_memory: bool

    @classmethod
    def of(cls, problem: Exception) -> _Problem:
        lines = str(problem).strip().splitlines()
        text = lines[0][:200].rstrip(".") if lines else "no message"
        return cls(f"{type(problem).__name__}: {text}", is_out_of_memory(problem))

    def failure(self) -> Failure:
        if self.out_of_memory:
            return Failure(
                "Out of memory with this sample alone; use a smaller model or --quantization."
            )
        return Failure(f"Decoding this sample failed ({self.cause}).", self.cause)


def _longest_first(prompts: Sequence[Prompt]) -> deque[int]:
    order = sorted(range(len(prompts)), key=lambda index: (-len(prompts[index].token_ids), index))
    return deque(order)


def _attempt(prompts: Sequence[Prompt], decode: Decode) -> list[Decoded | None] | _Problem:
    try:
        return decode(prompts)
    except UserError:
        raise
    except Exception as problem:  # noqa: BLE001  # whatever it is, the other samples go on
        found = _Problem.of(problem)
    # Outside of the handler, where the exception no longer holds the tensors of its frames.
    if found.out_of_memory:
        free_device_memory()
    return found


def free_device_memory() -> None:
    """Give cached blocks back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        torch.xpu.empty_cache()


def _results(batch: list[int], decoded: list[Decoded | None]) -> Iterator[Result]:
    for index, row in zip(batch, decoded, strict=True):
        if row is not None:
            yield Result(index, row, len(batch))
