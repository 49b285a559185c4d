"""A list of mentions that goes in circles has to end; nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.loops import LoopGuard
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.schema import Extraction, Outcome

pytestmark = pytest.mark.slow

Ask = Callable[[str], tuple[Message, ...]]
Dictate = Callable[[HuggingFaceLLM, Mapping[str, str]], HuggingFaceLLM]

HEAD = '{"temporal_mentions": [], "spatial_mentions": ['
LYON = '{"text": "Lyon", "location_type": "city"'
ENDLESS = HEAD + ", ".join([LYON + "}"] * 20) + "]}"


def repeated(count: int) -> str:
    return HEAD + ", ".join([LYON + "}"] * (count - 1) + [LYON])


@pytest.mark.parametrize(
    ("own_text", "written", "piece", "forbidden"),
    [
        ("To Lyon.", repeated(4), "},", True),
        ("To Lyon.", repeated(4) + "}", ", {", True),
        ("To Lyon.", repeated(4) + "}", "]", False),
        ("To Lyon.", repeated(4), "}", False),
        ("To Lyon.", repeated(3), "},", False),
        ("Lyon, Lyon, Lyon.", repeated(5), "},", False),
        ("Lyon, Lyon, Lyon.", repeated(6), "},", True),
        ("Nothing.", repeated(4), "},", True),
        ("To Lyon.", repeated(4) + ', "parent_region": "Ain', ",", False),
    ],
)
def test_a_mention_may_be_written_three_times_beyond_its_occurrences(
    own_text: str, written: str, piece: str, *, forbidden: bool
) -> None:
    assert LoopGuard(own_text, 3).forbids(written, piece) is forbidden


def test_each_list_counts_for_itself() -> None:
    four = ", ".join([LYON + "}"] * 4)
    written = HEAD.replace("[]", f"[{four}]") + LYON
    assert not LoopGuard("To Lyon.", 3).forbids(written, "},")


def test_words_are_compared_without_their_escapes() -> None:
    item = '{"text": "\\"X\\"", "location_type": "city"'
    written = HEAD + ", ".join([item + "}"] * 3 + [item])
    assert LoopGuard('"X"', 3).forbids(written, "},")
    assert not LoopGuard('"X" "X"', 3).forbids(written, "},")


def test_a_loop_ends_in_a_valid_answer_and_the_mentions_stay(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"Lyon.": ENDLESS})
    (result,) = llm.generate_batch([ask("To Lyon.")], Extraction, max_tokens=250)
    assert result.outcome is Outcome.OK
    assert result.value is not None
    assert [mention.text for mention in result.value.spatial_mentions] == ["Lyon"] * 4
    assert result.generation.grammar_interventions


def test_as_many_mentions_as_the_text_holds_are_left_alone(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    text = "Lyon " * 6
    wanted = HEAD + ", ".join([LYON + "}"] * 6) + "]}"
    llm = dictate(thinking_stand_in, {text: wanted})
    (result,) = llm.generate_batch([ask(text)], Extraction, max_tokens=250)
    assert json.loads(result.generation.raw_text) == json.loads(wanted)
    assert result.generation.grammar_interventions == 0


def test_copies_none_lets_a_loop_go_on(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, dictate: Dictate
) -> None:
    llm = dictate(thinking_stand_in, {"Lyon.": ENDLESS})
    decoding = DecodingSettings(max_tokens=100, copies=None)
    (result,) = llm.generate_batch([ask("To Lyon.")], Extraction, decoding=decoding)
    assert result.outcome is Outcome.TRUNCATED
