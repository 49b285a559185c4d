"""Thoughts and grammars, on a stand-in: random weights whose favourite tokens are dictated."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import pytest
import torch

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.grammar import Grammar
from stindex.llm.decoding.row import Limits, Prompt, Row
from stindex.llm.huggingface import GenerationResult, HuggingFaceLLM
from stindex.llm.rendering import thinking_style
from stindex.schema import Extraction, LocatedExtraction, Outcome

pytestmark = pytest.mark.slow

Ask = Callable[[str], tuple[Message, ...]]
Dictate = Callable[[HuggingFaceLLM, Mapping[str, str]], HuggingFaceLLM]

ANSWER = '{"temporal_mentions": [], "spatial_mentions": []}'
PLACE = '{"temporal_mentions": [], "spatial_mentions": [{"text": "Lyon", "location_type": "city"'


def generate(
    llm: HuggingFaceLLM, ask: Ask, texts: list[str], **settings: object
) -> list[GenerationResult[Extraction]]:
    decoding = DecodingSettings(**{"max_tokens": 60, "thinking_tokens": 20, **settings})  # type: ignore[arg-type]
    return llm.generate_batch([ask(text) for text in texts], Extraction, decoding=decoding)


@pytest.mark.parametrize("constrained", [True, False])
def test_a_thought_is_counted_and_the_answer_follows_it(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate, *, constrained: bool
) -> None:
    written = "<think>Hmm, let me see.</think>\n\n" + ANSWER
    llm = dictate(thinking_stand_in, {"asked": written, "plain": ANSWER})
    thinking, plain = generate(llm, ask, ["asked", "plain"], constrained=constrained)
    assert thinking.outcome is Outcome.OK
    assert thinking.generation.raw_text == written
    thought = thinking_stand_in.load().tokenizer("<think>Hmm, let me see.</think>").input_ids
    assert thinking.generation.thought_tokens == len(thought)
    assert thinking.generation.finish_reason == "stop"
    assert plain.outcome is Outcome.OK
    assert plain.generation.thought_tokens == 0
    if constrained:
        assert thinking.generation.grammar_interventions == 0
        assert plain.generation.grammar_interventions == 0


def test_the_grammar_begins_after_the_thought(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": "<think>{[ no JSON </think>No JSON either."})
    (result,) = generate(llm, ask, ["asked"], max_tokens=30)
    assert result.generation.raw_text.startswith("<think>{[ no JSON </think>{")
    assert result.generation.grammar_interventions
    assert result.outcome in {Outcome.OK, Outcome.TRUNCATED}


def test_a_thought_cut_off_by_its_own_budget_is_truncated(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": "<think>" + "word " * 40, "plain": ANSWER})
    thinking, plain = generate(llm, ask, ["asked", "plain"], thinking_tokens=7)
    assert thinking.outcome is Outcome.TRUNCATED
    assert thinking.generation.finish_reason == "length"
    assert thinking.generation.thought_tokens == thinking.generation.completion_tokens == 7
    assert plain.outcome is Outcome.OK


def test_the_answers_limit_is_counted_from_the_end_of_the_thought(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": "<think>Hmm, hmm.</think>" + ANSWER})
    (result,) = generate(llm, ask, ["asked"], max_tokens=5)
    assert result.outcome is Outcome.TRUNCATED
    assert result.generation.completion_tokens == result.generation.thought_tokens + 5


def test_thinking_on_makes_the_model_open_a_thought(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": " Hmm.</think>" + ANSWER})
    (result,) = generate(llm, ask, ["asked"], thinking="on")
    assert result.generation.raw_text.startswith("<think>")
    assert result.outcome is Outcome.OK


def test_thinking_off_closes_the_thought_in_the_prompt(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": "<think>Still.</think>" + ANSWER})
    (off,) = generate(llm, ask, ["asked"], thinking="off")
    (on,) = generate(llm, ask, ["asked"])
    assert off.generation.prompt_tokens > on.generation.prompt_tokens
    assert off.generation.thought_tokens == 0
    assert off.generation.raw_text.startswith("{")


def test_a_thought_that_the_prompt_opened_needs_no_opening_tag(
    open_thought_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(open_thought_stand_in, {"asked": "Easy.</think>" + ANSWER})
    (result,) = generate(llm, ask, ["asked"])
    assert result.outcome is Outcome.OK
    assert result.generation.raw_text == "Easy.</think>" + ANSWER
    assert result.generation.thought_tokens > 0


def test_a_draft_in_a_thought_that_is_cut_off_is_no_answer(
    open_thought_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    written = len(open_thought_stand_in.load().encode(ANSWER))
    llm = dictate(open_thought_stand_in, {"asked": ANSWER + " or"})
    (result,) = generate(llm, ask, ["asked"], thinking_tokens=written)
    assert result.generation.raw_text == ANSWER
    assert (result.outcome, result.value) == (Outcome.TRUNCATED, None)


def test_thinking_that_cannot_be_switched_is_one_sentence(
    smollm2: HuggingFaceLLM, open_thought_stand_in: HuggingFaceLLM, ask: Ask
) -> None:
    with pytest.raises(UserError, match="no thinking mode"):
        generate(smollm2, ask, ["x"], thinking="on")
    with pytest.raises(UserError, match="opens a thought in every answer"):
        generate(open_thought_stand_in, ask, ["x"], thinking="off")


def test_how_a_model_thinks_is_read_from_its_template(
    smollm2: HuggingFaceLLM,
    thinking_stand_in: HuggingFaceLLM,
    open_thought_stand_in: HuggingFaceLLM,
) -> None:
    style = thinking_style(smollm2.load().tokenizer)
    assert (style.thinks, style.always) == (False, False)
    style = thinking_style(thinking_stand_in.load().tokenizer)
    assert (style.thinks, style.always) == (True, False)
    style = thinking_style(open_thought_stand_in.load().tokenizer)
    assert (style.thinks, style.always) == (True, True)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_tags_of_several_tokens_are_tags(
    spelled_thought_stand_in: HuggingFaceLLM,
    ask: Ask,
    dictate: Dictate,
    between: str,
    *,
    constrained: bool,
) -> None:
    vocabulary = spelled_thought_stand_in.load().vocabulary
    assert len(vocabulary.thought_start) > 1
    assert vocabulary.thought_end is None
    written = "<think>Hmm, let me see.</think>" + between + ANSWER
    llm = dictate(spelled_thought_stand_in, {"asked": written, "plain": ANSWER})
    thinking, plain = generate(llm, ask, ["asked", "plain"], constrained=constrained)
    assert thinking.generation.raw_text == written
    assert thinking.outcome is plain.outcome is Outcome.OK
    assert thinking.generation.thought_tokens > plain.generation.thought_tokens == 0
    assert not thinking.generation.grammar_interventions


def test_thinking_on_opens_a_thought_of_several_tokens(
    spelled_thought_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    # What is dictated for the tag's own places is overruled.
    opening = " " * len(spelled_thought_stand_in.load().vocabulary.thought_start)
    llm = dictate(spelled_thought_stand_in, {"asked": opening + "\nHmm.</think>" + ANSWER})
    (result,) = generate(llm, ask, ["asked"], thinking="on")
    assert result.generation.raw_text.startswith("<think>")
    assert result.generation.thought_tokens > 3
    assert result.outcome is Outcome.OK


def test_the_token_that_ends_a_thought_may_begin_the_answer(
    spelled_thought_stand_in: HuggingFaceLLM,
) -> None:
    loaded = spelled_thought_stand_in.load()
    vocabulary = loaded.vocabulary
    joined = 49000  # stands for a token that other vocabularies have
    decode = vocabulary.decode
    vocabulary = dataclasses.replace(
        vocabulary, decode=lambda ids: "".join(">{" if i == joined else decode([i]) for i in ids)
    )
    grammar = Grammar(loaded.tokenizer, 49280, vocabulary.end_ids, Extraction)
    row = Row(Prompt("k", (1,), "open"), vocabulary, Limits(9, 9), grammar)
    tag, scores = loaded.encode("</think>"), torch.zeros(49280)
    for token in (*tag[:-1], joined, *loaded.encode(ANSWER[1:])):
        row.advance(token, scores)
    assert vocabulary.decode(row.tokens).startswith("</think>" + ANSWER[:9])
    assert row.interventions == 0


def test_what_only_begins_like_the_tag_is_left_alone_without_a_grammar(
    spelled_thought_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    written = "<answer>" + ANSWER + "</answer>"
    llm = dictate(spelled_thought_stand_in, {"asked": written})
    (free,) = generate(llm, ask, ["asked"], constrained=False)
    assert free.generation.raw_text == written
    assert free.generation.thought_tokens == 0
    assert free.outcome is Outcome.OK


@pytest.mark.parametrize(
    "rest", ["}]}", ', "parent_region": "France"}]}', ', "parent_region": null}]}']
)
def test_an_optional_field_may_be_written_null_or_left_out(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate, rest: str
) -> None:
    llm = dictate(thinking_stand_in, {"asked": PLACE + rest})
    (result,) = generate(llm, ask, ["asked"])
    assert result.generation.raw_text == PLACE + rest
    assert result.generation.grammar_interventions == 0
    assert result.outcome is Outcome.OK


def test_each_overruled_token_is_counted(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"asked": "x" + ANSWER, "plain": ANSWER})
    asked, plain = generate(llm, ask, ["asked", "plain"], max_tokens=1)
    assert asked.generation.grammar_interventions == 1
    assert plain.generation.grammar_interventions == 0


def test_a_token_beyond_the_tokenizers_vocabulary_is_never_taken(
    thinking_stand_in: HuggingFaceLLM, ask: Ask
) -> None:
    loaded = thinking_stand_in.load()
    assert loaded.vocabulary_size > len(loaded.tokenizer)
    (result,) = generate(thinking_stand_in, ask, ["asked"], max_tokens=8)
    assert result.generation.raw_text.startswith("{")


def test_coordinates_stay_within_the_range_of_the_schema(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    text = PLACE + ', "latitude": 912.5, "longitude": -4.85}]}'
    llm = dictate(thinking_stand_in, {"asked": text})
    (result,) = llm.generate_batch([ask("asked")], LocatedExtraction, max_tokens=200)
    if result.value is not None:
        assert -90 <= result.value.spatial_mentions[0].latitude <= 90
    assert result.generation.grammar_interventions
    assert result.outcome is not Outcome.INVALID


def test_the_models_own_sampling_defaults_do_not_leak_in(
    thinking_stand_in: HuggingFaceLLM, ask: Ask
) -> None:
    first, second = (
        generate(thinking_stand_in, ask, ["asked"], max_tokens=12, constrained=False)[0]
        for _ in range(2)
    )
    assert first.generation.raw_text == second.generation.raw_text
    loaded = thinking_stand_in.load()
    text = str(
        loaded.tokenizer.apply_chat_template(
            [dict(m) for m in ask("asked")], tokenize=False, add_generation_prompt=True
        )
    )
    written = loaded.tokenizer(text, add_special_tokens=False).input_ids
    start, model = len(written), loaded.model
    assert isinstance(model, torch.nn.Module)
    with torch.inference_mode():
        for _ in range(first.generation.completion_tokens):
            written.append(int(model(torch.tensor([written])).logits[0, -1].argmax()))
    assert first.generation.raw_text == loaded.vocabulary.decode(written[start:])
