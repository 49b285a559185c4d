"""How a token is drawn: the model's own settings, and what is drawn where a grammar steers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest
import torch
from transformers import (
    RepetitionPenaltyLogitsProcessor,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.sampling import Sampling, shaped
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.schema import Extraction

Ask = Callable[[str], tuple[Message, ...]]


def _scores() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(200) * 3


@pytest.mark.parametrize("top_k", [1, 7, 500])
def test_top_k_leaves_what_transformers_leaves(top_k: int) -> None:
    theirs = TopKLogitsWarper(top_k)(torch.zeros(1, 1).long(), _scores()[None])[0] > -torch.inf
    assert torch.equal(shaped(_scores(), Sampling(1.0, top_k=top_k), ()) > -1e3, theirs)


@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9])
def test_top_p_leaves_what_transformers_leaves(top_p: float) -> None:
    theirs = TopPLogitsWarper(top_p)(torch.zeros(1, 1).long(), _scores()[None])[0] > -torch.inf
    assert torch.equal(shaped(_scores(), Sampling(1.0, top_p=top_p), ()) > -1e3, theirs)


def test_the_penalty_is_that_of_transformers_and_needs_no_temperature() -> None:
    written = [3, 5, 5, 199]
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([written]), _scores()[None])[0]
    ours = shaped(_scores(), Sampling(repetition_penalty=1.3), written)
    assert torch.allclose(ours, theirs)


def test_what_is_left_out_keeps_its_order_for_where_the_grammar_allows_nothing_else() -> None:
    scores = _scores()
    found = shaped(scores, Sampling(1.0, top_k=3), ())
    assert torch.equal(found[found < -1e3].argmax(), scores[found < -1e3].argmax())


def test_the_models_own_sampling_is_used_when_asked_for_and_only_then(
    thinking_stand_in: HuggingFaceLLM, ask: Ask
) -> None:
    loaded = thinking_stand_in.load()
    stored = json.loads((thinking_stand_in.local.path / "generation_config.json").read_text())
    assert stored["temperature"] == 5.0
    assert loaded.own_sampling == Sampling(5.0, top_k=3, repetition_penalty=50.0)
    greedy = DecodingSettings(max_tokens=12, thinking="off")
    own = dataclasses.replace(greedy, sampling="model")
    asked = [ask("Rain in Lyon."), ask("Nothing.")]

    def texts(settings: DecodingSettings, some: list[tuple[Message, ...]]) -> list[str]:
        found = thinking_stand_in.generate_batch(some, Extraction, decoding=settings)
        return [result.generation.raw_text for result in found]

    assert texts(own, asked) != texts(greedy, asked)
    assert texts(own, asked) == [*texts(own, asked[:1]), *texts(own, asked[1:])]
    assert texts(own, asked) != texts(dataclasses.replace(own, seed=1), asked)
