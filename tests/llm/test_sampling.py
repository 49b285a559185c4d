"""How a token is drawn: the model's own settings, and what is drawn where a grammar steers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import cast

import pytest
import torch
from transformers import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
    TemperatureLogitsWarper,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.sampling import Shaping
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.own_sampling import Sampling
from stindex.schema import Extraction

Ask = Callable[[str], tuple[Message, ...]]

WRITTEN = (3, 5, 5, 199, 3)


def _scores() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(200) * 3


@pytest.mark.parametrize(
    ("sampling", "theirs"),
    [
        (Sampling(1.0, top_k=1), [TopKLogitsWarper(1)]),
        (Sampling(1.0, top_k=7), [TopKLogitsWarper(7)]),
        (Sampling(1.0, top_k=500), [TopKLogitsWarper(500)]),
        (Sampling(1.0, top_p=0.05), [TopPLogitsWarper(0.05)]),
        (Sampling(1.0, top_p=0.9), [TopPLogitsWarper(0.9)]),
        (Sampling(1.0, min_p=0.1), [MinPLogitsWarper(0.1)]),
        (Sampling(1.0, top_h=0.4), [TopHLogitsWarper(0.4)]),
        (Sampling(1.0, typical_p=0.5), [TypicalLogitsWarper(0.5)]),
        (Sampling(1.0, epsilon_cutoff=0.01), [EpsilonLogitsWarper(0.01)]),
        (Sampling(1.0, eta_cutoff=0.02), [EtaLogitsWarper(0.02)]),
        (Sampling(repetition_penalty=1.3), [RepetitionPenaltyLogitsProcessor(1.3)]),
        (Sampling(no_repeat_ngram_size=2), [NoRepeatNGramLogitsProcessor(2)]),
        (Sampling(bad_words_ids=((7,), (3, 8))), [NoBadWordsLogitsProcessor([[7], [3, 8]])]),
        (Sampling(suppress_tokens=(9, 11)), [SuppressTokensLogitsProcessor([9, 11])]),
        (
            Sampling(0.6, top_k=20, top_p=0.95, min_p=0.01, repetition_penalty=1.1),
            [
                RepetitionPenaltyLogitsProcessor(1.1),
                TemperatureLogitsWarper(0.6),
                TopKLogitsWarper(20),
                TopPLogitsWarper(0.95),
                MinPLogitsWarper(0.01),
            ],
        ),
    ],
    ids=str,
)
def test_scores_are_shaped_as_transformers_shapes_them(
    sampling: Sampling, theirs: list[LogitsProcessor]
) -> None:
    written = cast("torch.LongTensor", torch.tensor([WRITTEN]))
    expected = LogitsProcessorList(theirs)(written, _scores()[None])[0]
    found = Shaping(sampling)(_scores(), WRITTEN)
    left = expected > -torch.inf
    assert torch.equal(found > -1e3, left)
    assert torch.equal(found[left], expected[left])
    assert not torch.equal(found, _scores()) or sampling.top_k == 500


def test_without_a_temperature_nothing_is_left_out() -> None:
    assert torch.equal(Shaping(Sampling(top_k=1, top_p=0.1))(_scores(), ()), _scores())


def test_what_is_left_out_keeps_its_order_for_where_the_grammar_allows_nothing_else() -> None:
    scores = _scores()
    found = Shaping(Sampling(1.0, top_k=3))(scores, ())
    assert torch.equal(found[found < -1e3].argmax(), scores[found < -1e3].argmax())


def test_the_models_own_sampling_is_used_when_asked_for_and_only_then(
    thinking_stand_in: HuggingFaceLLM, ask: Ask
) -> None:
    said: list[str] = []
    llm = HuggingFaceLLM(thinking_stand_in.local, device="cpu", announce=said.append)
    stored = json.loads((llm.local.path / "generation_config.json").read_text())
    assert stored["temperature"] == 5.0
    greedy = DecodingSettings(max_tokens=12, thinking="off")
    own = dataclasses.replace(greedy, sampling="model")
    asked = [ask("Rain in Lyon."), ask("Nothing.")]

    def texts(settings: DecodingSettings, some: list[tuple[Message, ...]]) -> list[str]:
        found = llm.generate_batch(some, Extraction, decoding=settings)
        return [result.generation.raw_text for result in found]

    plain = texts(greedy, asked)
    assert "own_sampling" not in llm.provenance()
    assert texts(own, asked) != plain
    assert texts(own, asked) == [*texts(own, asked[:1]), *texts(own, asked[1:])]
    assert texts(own, asked) != texts(dataclasses.replace(own, seed=1), asked)
    facts = llm.provenance()
    assert facts["own_sampling"] == dataclasses.asdict(
        Sampling(5.0, top_k=3, repetition_penalty=50.0)
    )
    assert facts["own_sampling_ignored"] == []
    assert [line for line in said if "sampling" in line] == [
        "Decoding without drafts, by transformers' generate: sampling draws every token by itself."
    ]
