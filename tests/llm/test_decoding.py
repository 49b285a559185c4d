"""The parts of a batch: padding, noise that depends on the row alone, and batches that fail."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.errors import UserError
from stindex.llm.decoding.batches import (
    BatchSize,
    Failure,
    Result,
    decode_all,
    is_out_of_memory,
)
from stindex.llm.decoding.plain import Decoded, pad_left
from stindex.llm.decoding.row import Prompt
from stindex.llm.decoding.sampling import gumbel_noise

pytestmark = pytest.mark.slow


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=5))
def test_prompts_are_padded_on_the_left(prompts: list[list[int]]) -> None:
    input_ids, attention_mask = pad_left(prompts, pad_id=99)
    for row, prompt in enumerate(prompts):
        assert input_ids[row][attention_mask[row].bool()].tolist() == prompt
        assert attention_mask[row].tolist() == sorted(attention_mask[row].tolist())
        assert set(input_ids[row][~attention_mask[row].bool()].tolist()) <= {99}


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(AssertionError, match="last column"):
        pad_left([[1], []], pad_id=0)


def test_noise_is_a_function_of_seed_key_and_step() -> None:
    noise = gumbel_noise(1, "key", 0, 8)
    assert np.array_equal(noise, gumbel_noise(1, "key", 0, 8))
    for other in (gumbel_noise(2, "key", 0, 8), gumbel_noise(1, "kez", 0, 8)):
        assert not np.isin(noise, other).any()
    later = gumbel_noise(1, "key", 1, 8)
    assert not np.isin(noise, later).any()


def test_draws_with_gumbel_noise_follow_the_softmax() -> None:
    logits = np.array([2.0, 1.0, 0.0, -1.0])
    wanted = np.exp(logits) / np.exp(logits).sum()
    draws = [int((logits + gumbel_noise(0, "k", step, 4)).argmax()) for step in range(20_000)]
    found = np.bincount(draws, minlength=4) / len(draws)
    # Four standard errors of a proportion.
    assert np.all(np.abs(found - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(draws)))


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (torch.OutOfMemoryError("x"), True),
        (MemoryError(), True),
        (RuntimeError("HIP out of memory. Tried to allocate"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory"),
            True,
        ),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(problem: Exception, *, expected: bool) -> None:
    assert is_out_of_memory(problem) is expected


DONE = Decoded((1, 2), "stop", 0, None, 0.1)


def prompts_of(*lengths: int) -> list[Prompt]:
    return [Prompt(str(index), (7,) * length) for index, length in enumerate(lengths)]


class Device:
    """Decodes batches of up to `room` rows; raises for the prompts named `bad`."""

    def __init__(self, room: int, bad: str = "") -> None:
        self.room = room
        self.bad = bad
        self.batches: list[list[str]] = []

    def __call__(self, prompts: Sequence[Prompt]) -> list[Decoded | None]:
        self.batches.append([prompt.key for prompt in prompts])
        if len(prompts) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if any(prompt.key in self.bad for prompt in prompts):
            raise IndexError("bad row")
        return [DONE] * len(prompts)


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_stays_so() -> None:
    size, device = BatchSize.of(8), Device(room=3)
    results = list(decode_all(prompts_of(*range(8, 0, -1)), device, size, Event()))
    assert [len(batch) for batch in device.batches] == [8, 4, 2, 2, 2, 2]
    assert [result.index for result in results] == list(range(8))
    assert (size.requested, size.used, size.halvings) == (8, 2, 2)


def test_a_bad_row_costs_its_neighbours_nothing() -> None:
    results = list(decode_all(prompts_of(3, 2, 1), Device(9, bad="1"), BatchSize.of(3), Event()))
    assert [isinstance(result.decoded, Failure) for result in results] == [False, True, False]
    assert results[1].decoded == Failure("Decoding this sample failed (IndexError: bad row).")


def test_an_error_of_the_user_ends_the_run() -> None:
    def refuse(_: Sequence[Prompt]) -> list[Decoded | None]:
        raise UserError("no such thing")

    with pytest.raises(UserError):
        list(decode_all(prompts_of(1, 2), refuse, BatchSize.of(2), Event()))


def test_rows_that_were_not_finished_get_no_result() -> None:
    results = list(decode_all(prompts_of(2, 1), lambda _: [None, DONE], BatchSize.of(2), Event()))
    assert results == [Result(1, DONE, 2)]


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(0, 60), st.integers(0, 5))
def test_a_batch_holds_no_more_tokens_than_its_bound_and_as_many_rows_as_it_may(
    lengths: list[int], tokens: int, answer: int
) -> None:
    device, size = Device(4), BatchSize(4, 4, tokens=tokens)
    results = list(decode_all(prompts_of(*lengths), device, size, Event(), answer))
    assert sorted(result.index for result in results) == list(range(len(lengths)))
    begun = 0
    for batch in device.batches:
        longest = max(lengths[int(key)] for key in batch) + answer
        begun += len(batch)
        assert len(batch) == 1 or len(batch) * longest <= tokens
        assert len(batch) == 4 or begun == len(lengths) or (len(batch) + 1) * longest > tokens


@settings(deadline=None, max_examples=30)  # each failed batch collects garbage
@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 5), st.integers(1, 5))
def test_every_prompt_gets_one_result_whatever_fits(
    lengths: list[int], requested: int, room: int
) -> None:
    results = list(decode_all(prompts_of(*lengths), Device(room), BatchSize.of(requested), Event()))
    assert sorted(result.index for result in results) == list(range(len(lengths)))
    order = [lengths[result.index] for result in results]
    assert order == sorted(lengths, reverse=True)
