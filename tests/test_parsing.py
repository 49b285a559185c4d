"""Raw text of every kind ─▶ the outcome, value and reason that `parse_answer` has to give."""

from __future__ import annotations

import json
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.parsing import ParsedAnswer, parse_answer, split_thought
from stindex.schema import Extraction, FinishReason, LocatedExtraction, Outcome


def answer(*places: str) -> str:
    mentions = [{"text": place, "location_type": "city"} for place in places]
    return json.dumps({"temporal_mentions": [], "spatial_mentions": mentions})


def parse(
    text: str, finish_reason: FinishReason = "stop", *, constrained: bool = False
) -> ParsedAnswer[Extraction]:
    return parse_answer(text, finish_reason, Extraction, constrained=constrained)


def places(parsed: ParsedAnswer[Extraction]) -> list[str]:
    assert parsed.value is not None, parsed.reason
    assert parsed.outcome is Outcome.OK
    assert parsed.reason == ""
    return [mention.text for mention in parsed.value.spatial_mentions]


@pytest.mark.parametrize("constrained", [True, False])
def test_a_bare_object_is_the_answer(*, constrained: bool) -> None:
    assert places(parse(answer("Lyon"), constrained=constrained)) == ["Lyon"]


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{answer('Lyon')}\n```",
        f"```\n{answer('Lyon')}\n```\nI hope {{this}} helps.",
        f"Here is the answer: {answer('Lyon')}",
        f"{answer('Lyon')}\n\nNote: {{Lyon}} is a city.",
        f"The set {{a, b}} first. {answer('Lyon')}",
    ],
)
def test_fences_and_prose_around_the_object_are_passed_over(text: str) -> None:
    assert places(parse(text)) == ["Lyon"]


def test_prose_around_the_object_is_no_answer_under_a_grammar() -> None:
    parsed = parse(f"Here: {answer('Lyon')}", constrained=True)
    assert parsed.outcome is Outcome.INVALID


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("text", [answer("draft"), f"Perhaps {answer('draft')}", "Hm, Lyon"])
def test_a_thought_that_the_prompt_opened_and_the_limit_cut_off_is_no_answer(
    text: str, *, constrained: bool
) -> None:
    parsed = parse_answer(text, "length", Extraction, constrained=constrained, within_thought=True)
    assert (parsed.outcome, parsed.value, parsed.thought) == (Outcome.TRUNCATED, None, text)
    assert "--thinking-tokens" in parsed.reason


def test_what_a_model_ends_on_without_closing_its_thought_is_looked_at() -> None:
    parsed = parse_answer(answer("Lyon"), "stop", Extraction, within_thought=True)
    assert places(parsed) == ["Lyon"]
    parsed = parse_answer("Hm.", "stop", Extraction, within_thought=True)
    assert parsed.reason.startswith("The thought was never closed.")


def test_of_several_objects_the_last_that_fits_counts() -> None:
    text = f'{answer("draft", "of more words")}\nCorrected: {answer("Lyon")}\n{{"note": "done"}}'
    assert places(parse(text)) == ["Lyon"]


def test_of_a_key_written_twice_the_last_value_counts() -> None:
    first = '{"temporal_mentions": [], "spatial_mentions": [], "spatial_mentions": '
    assert places(parse(first + '[{"text": "Lyon", "location_type": "city"}]}')) == ["Lyon"]


def test_types_are_read_without_regard_to_case() -> None:
    text = '{"temporal_mentions": [{"text": "May", "normalized": "2014-05", "temporal_type": "date"}], "spatial_mentions": []}'  # noqa: E501
    value = parse(text).value
    assert value is not None
    assert value.temporal_mentions[0].temporal_type == "DATE"


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("<think>Is it {Lyon}?</think>\n\n" + answer("Lyon"), "Is it {Lyon}?"),
        ("Is it {Lyon}?</think>" + answer("Lyon"), "Is it {Lyon}?"),
        ("\n<think>\nA</think>\n<think>B</think> " + answer("Lyon"), "\nA\nB"),
        ("<thinking>" + answer("draft") + "</thinking>" + answer("Lyon"), answer("draft")),
        (answer("draft") + "</think>" + answer("Lyon"), answer("draft")),
    ],
)
def test_a_thought_is_set_aside(text: str, thought: str, *, constrained: bool) -> None:
    parsed = parse(text, constrained=constrained)
    assert places(parsed) == ["Lyon"]
    assert parsed.thought == thought


def test_an_answer_inside_a_thought_that_was_never_closed_is_found() -> None:
    assert places(parse("<think>Easy. " + answer("Lyon"))) == ["Lyon"]


def test_a_thought_without_end_and_without_answer_is_invalid() -> None:
    parsed = parse("<think>Hmm")
    assert parsed.outcome is Outcome.INVALID
    assert parsed.reason.startswith("The thought was never closed.")


@pytest.mark.parametrize("text", ["<think>Hmm", "<think>" + answer("draft") + " or"])
def test_a_thought_cut_off_by_the_limit_is_truncated_whatever_it_drafts(text: str) -> None:
    parsed = parse(text, "length")
    assert parsed.outcome is Outcome.TRUNCATED
    assert parsed.value is None
    assert "thought" in parsed.reason


@pytest.mark.parametrize("tag", ["<think>", "</think>", "<think>x</think>"])
@pytest.mark.parametrize("before", ["", "Sure: "])
def test_a_tag_that_the_answer_quotes_is_part_of_the_answer(before: str, tag: str) -> None:
    assert places(parse(before + answer(f"a {tag} b"))) == [f"a {tag} b"]


def test_a_draft_in_the_thought_is_not_taken_for_a_missing_answer() -> None:
    parsed = parse(answer("draft") + "</think> I cannot say.")
    assert parsed.outcome is Outcome.INVALID


@pytest.mark.parametrize("constrained", [True, False])
def test_broken_off_json_is_truncated_at_the_limit_and_invalid_otherwise(
    *, constrained: bool
) -> None:
    text = answer("Lyon")[:-5]
    assert parse(text, "length", constrained=constrained).outcome is Outcome.TRUNCATED
    stopped = parse(text, "stop", constrained=constrained)
    assert stopped.outcome is Outcome.INVALID
    assert "not valid JSON" in stopped.reason


def test_a_whole_answer_counts_though_the_model_wrote_on_to_the_limit() -> None:
    assert places(parse(answer("Lyon") + " And so on and", "length")) == ["Lyon"]


@pytest.mark.parametrize("text", ["", " \n", "no JSON here", "[1, 2]", '"text"', "null"])
def test_a_text_without_object_is_invalid_with_a_reason(text: str) -> None:
    parsed = parse(text)
    assert parsed.outcome is Outcome.INVALID
    assert parsed.reason.endswith(".")


def test_the_reason_names_the_field_and_the_problem() -> None:
    text = '{"temporal_mentions": [{"text": "May", "normalized": "2014-05", "temporal_type": "month"}, {"text": 3}], "spatial_mentions": []}'  # noqa: E501
    reason = parse(text).reason
    assert reason.startswith("temporal_mentions.0.temporal_type: input should be 'DATE', 'TIME'")
    assert "(found 'MONTH')" in reason
    assert reason.endswith("and 3 more.")
    assert "\n" not in reason


def test_a_missing_field_is_named() -> None:
    assert parse('{"temporal_mentions": []}').reason == "spatial_mentions: field required."


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "91"])
def test_numbers_that_are_no_latitude_are_invalid(number: str) -> None:
    place = '{"text": "x", "location_type": "city", "longitude": 0, "latitude": ' + number + "}"
    text = '{"temporal_mentions": [], "spatial_mentions": [' + place + "]}"
    parsed = parse_answer(text, "stop", LocatedExtraction, constrained=False)
    assert parsed.outcome is Outcome.INVALID
    assert len(parsed.reason) < 300


@pytest.mark.parametrize("text", [answer("x").replace("x", "\\ud800"), answer("x\udfff")])
def test_half_of_a_surrogate_pair_is_invalid(text: str) -> None:
    assert parse(text).outcome is Outcome.INVALID


def test_half_of_a_surrogate_pair_as_a_character_is_invalid_too() -> None:
    # A stored answer or a server's JSON can hold one; no tokenizer writes it.
    for text in ("no object \ud83d", answer("Lyon").replace("Lyon", "Ly\ud83don")):
        parsed = parse(text)
        assert (parsed.outcome, parsed.value) == (Outcome.INVALID, None)


def test_characters_beyond_the_basic_plane_are_kept() -> None:
    text = '{"temporal_mentions": [], "spatial_mentions": [{"text": "\\ud83d\\ude00 \u0301", "location_type": "city"}]}'  # noqa: E501
    assert places(parse(text)) == ["😀 \u0301"]


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("bomb", ["[" * 100_000, '{"a":' * 100_000, "{" * 100_000])
def test_a_bomb_of_nested_brackets_is_invalid(bomb: str, *, constrained: bool) -> None:
    assert parse(bomb, constrained=constrained).outcome is Outcome.INVALID


def test_a_generation_that_failed_is_an_error() -> None:
    assert parse("", "error").outcome is Outcome.ERROR


def test_a_typical_answer_takes_less_than_fifty_microseconds() -> None:
    text = answer("Lyon", "Paris", "Marseille", "Nice", "Lille", "Brest", "Metz", "Nancy")
    best = min(timeit.repeat(lambda: parse(text, constrained=True), number=200, repeat=7)) / 200
    assert best < 50e-6


_PIECES = st.sampled_from(
    [
        "<think>",
        "</think>",
        "{",
        "}",
        "[",
        "]",
        '"',
        ":",
        ",",
        "```json\n",
        "```",
        "\\",
        "\\u",
        "NaN",
        "d800",
        "9" * 30,
        " ",
        "\n",
        answer("Lyon"),
        answer("x")[:-9],
        '{"spatial_mentions": ',
        "null",
    ]
)


@settings(deadline=None)
@given(
    st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=25).map("".join),
    st.sampled_from(["stop", "length", "error"]),
    st.booleans(),
)
def test_nothing_is_raised_and_every_refusal_has_a_reason(
    text: str, finish_reason: FinishReason, constrained: bool
) -> None:
    parsed = parse(text, finish_reason, constrained=constrained)
    assert (parsed.outcome is Outcome.OK) == (parsed.value is not None)
    assert (parsed.outcome is Outcome.OK) == (parsed.reason == "")
    if parsed.outcome is Outcome.TRUNCATED:
        assert finish_reason == "length"
    if parsed.outcome is Outcome.INVALID:
        assert finish_reason == "stop"


@settings(deadline=None)
@given(st.text(max_size=30), st.lists(st.text(max_size=10), max_size=3), st.text(max_size=30))
def test_an_answer_after_a_thought_survives_whatever_surrounds_it(
    thought: str, names: list[str], after: str
) -> None:
    thought, after = thought.replace("<", "("), after.replace("{", "(")
    text = f"<think>{thought}</think>{answer(*names)}{after}"
    assert places(parse(text)) == names
    assert split_thought(text) == (thought, answer(*names) + after, True)
