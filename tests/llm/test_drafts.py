"""Drafts are legal, leave a row as it was, come from the right source and adapt to the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from stindex.llm.decoding.drafts import (
    READINGS,
    Draft,
    Drafted,
    Drafter,
    Track,
    cheapest,
    copied_span,
)
from stindex.llm.decoding.grammar import Grammar
from stindex.llm.decoding.ngrams import NgramPool, Recent
from stindex.llm.decoding.row import Limits, Prompt, Row, Vocabulary
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.prompts import load_prompt
from stindex.schema import Extraction, Sample

pytestmark = pytest.mark.slow

QUESTION = "Reference date: 2024-06-19\nText: The plant in Toulouse opened in May 2011."
EAGER = 0.05
OPEN = '{"temporal_mentions": [{"text": "'

Begun = Callable[..., Drafted]


@pytest.fixture(scope="module")
def vocabulary(smollm2: HuggingFaceLLM) -> Vocabulary:
    return smollm2.load().vocabulary


@pytest.fixture(scope="module")
def grammar(smollm2: HuggingFaceLLM) -> Grammar:
    loaded = smollm2.load()
    return Grammar(loaded.tokenizer, loaded.vocabulary_size, loaded.vocabulary.end_ids, Extraction)


@pytest.fixture
def drafter(smollm2: HuggingFaceLLM) -> Drafter:
    return Drafter(smollm2.load().encode)


@pytest.fixture
def begun(smollm2: HuggingFaceLLM, grammar: Grammar) -> Begun:
    """Make a row that has written a text."""
    loaded = smollm2.load()
    scores = torch.zeros(loaded.vocabulary_size)

    def make(
        written: str, own_text: str = QUESTION, limit: int = 200, *, free: bool = False
    ) -> Drafted:
        limits = Limits(answer=limit, thought=1)
        row = Row(Prompt("key", (1, 2, 3)), loaded.vocabulary, limits, None if free else grammar)
        for token in loaded.encode(written):
            assert row.advance(token, scores) == token
        drafted = Drafted(row, own_text)
        drafted.update()
        return drafted

    return make


def proposal(drafter: Drafter, drafted: Drafted, least: float = EAGER) -> str:
    return drafted.row.vocabulary.decode(list(drafter.draft(drafted, least).tokens))


def trust(drafter: Drafter, name: str) -> None:
    for sure in range(10):
        for agreed in (None, True, False):
            drafter.tracks[name, sure, agreed] = Track(1000.0, 990.0)


def test_the_pool_guesses_what_followed_most_often() -> None:
    pool = NgramPool()
    pool.learn([1, 2, 3, 1, 2, 4, 1, 2, 4])
    guess = pool.guess((9, 1, 2))
    assert guess is not None
    assert guess[0] == 4
    assert 0.5 < guess[1] < 1
    assert guess[2] == 2
    assert pool.guess((7, 8)) is None


def test_what_followed_last_is_remembered_behind_the_longest_context_that_is_known() -> None:
    recent = Recent()
    recent.learn([1, 2, 3, 4, 9, 2, 3, 4, 8])
    assert recent.guess((2, 3, 4)) == (8, 3)
    assert recent.guess((1, 2, 3, 4)) == (9, 4)
    assert recent.guess((3, 4)) is None


@pytest.mark.parametrize(
    "written",
    [
        "",
        OPEN + "May",
        OPEN + 'May 2011", "normalized": "20',
        OPEN + 'May 2011", "normalized": "2011-05", "temporal_type": "',
        '{"temporal_mentions": [], "spatial_mentions": [{"text": "Tou',
        '{"temporal_mentions": [], "spatial_mentions": []}',
    ],
)
def test_a_draft_is_legal_and_leaves_row_and_matcher_as_they_were(
    written: str, begun: Begun, drafter: Drafter
) -> None:
    drafted = begun(written)
    row = drafted.row
    before = list(row.tokens)
    tokens = drafter.draft(drafted, EAGER).tokens
    assert row.tokens == before
    assert drafter.draft(drafted, EAGER).tokens == tokens  # the matcher is where it was
    assert row.matcher is not None
    assert all(row.matcher.accept_token(token) for token in tokens)


def test_what_the_grammar_forces_is_drafted_before_anything_is_written(
    begun: Begun, drafter: Drafter
) -> None:
    assert proposal(drafter, begun("")).startswith('{"temporal_mentions":')


def test_a_draft_never_exceeds_the_longest_nor_what_a_row_may_still_write(
    begun: Begun, drafter: Drafter
) -> None:
    drafter.longest = 7
    assert len(drafter.draft(begun(""), 0.01).tokens) == 7
    assert len(drafter.draft(begun("", limit=5), 0.01).tokens) == 4
    assert drafter.draft(begun("", limit=1), 0.01).tokens == ()


def test_a_draft_ends_with_the_answer(begun: Begun, drafter: Drafter) -> None:
    drafted = begun('{"temporal_mentions": [], "spatial_mentions": []')
    end = min(drafted.row.vocabulary.end_ids)
    drafter.pool.learn([*drafted.row.tokens, *drafter.encode("}"), end, end, end])
    assert drafter.draft(drafted, EAGER).tokens[1:] == (end,)


def test_what_rules_read_is_drafted_where_a_mention_begins(begun: Begun, drafter: Drafter) -> None:
    trust(drafter, "read")
    assert proposal(drafter, begun(OPEN)).startswith('May 2011", "normalized": "2011')


def test_texts_are_read_by_rule_only_while_that_foresees_what_nothing_else_does(
    begun: Begun, drafter: Drafter
) -> None:
    trust(drafter, "read")
    texts = [f"Reference date: 2024-06-19\nText: It rained on May {day}." for day in range(1, 31)]
    found = [proposal(drafter, begun(OPEN, text))[:3] == "May" for text in texts]
    assert found == [True] * READINGS + [False] * (30 - READINGS)
    drafter.verified(Draft((5, 6), (("read", 4, None), ("read", 4, True))), 2)
    again = [proposal(drafter, begun(OPEN, text))[:3] == "May" for text in texts[:2]]
    assert again == [True, False]


def test_the_question_of_every_prompt_is_understood_by_the_rules(
    begun: Begun, drafter: Drafter
) -> None:
    sample = Sample(id="a", text="It rained yesterday.", gold={}, reference_date="2024-06-19")
    own_text = load_prompt("timex3").messages(sample)[-1]["content"]
    trust(drafter, "read")
    found = proposal(drafter, begun(OPEN, own_text))
    assert found.startswith('yesterday", "normalized": "2024-06-1')


def test_a_sentence_is_copied_from_the_own_text_without_a_grammar(
    begun: Begun, drafter: Drafter
) -> None:
    own_text = "A lark sang over the wide empty fields."
    assert proposal(drafter, begun("A lark sang over", own_text, free=True)).startswith(" the wide")


def test_what_one_row_wrote_is_drafted_in_another(begun: Begun, drafter: Drafter) -> None:
    written = OPEN + 'zq wv jx", "normalized": "P7Q'
    other = begun(OPEN + "zq w")
    assert not proposal(drafter, other).startswith("v jx")
    drafter.pool.learn(begun(written).row.tokens)
    assert proposal(drafter, other).startswith("v jx")


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        ('[{"text": "New', " York City"),
        ('[{"text": "Mar', "ch 3"),
        ('[{"text": "', ""),  # nothing says where to begin
        ('[{"text": "Paris', ""),
        ('[{"text": "New York", "normalized": "', ""),
    ],
)
def test_a_span_is_copied_up_to_where_a_name_or_date_may_end(
    begun: Begun, written: str, copied: str
) -> None:
    drafted = begun("", "On March 3 they left New York City for good.")
    assert copied_span(written, drafted) == copied


def test_a_source_that_is_wrong_is_believed_less_and_less(drafter: Drafter) -> None:
    forced, copied = ("forced", 0, None), ("copied", 0, None)
    for _ in range(20):
        drafter.verified(Draft((5, 6, 7), (forced, copied, copied)), 1)
    assert drafter.tracks[copied].rate < 0.2
    assert drafter.tracks[copied].tried == 25  # what follows a wrong guess was not tried
    assert drafter.tracks[forced].rate > 0.95


def test_drafts_for_a_model_that_writes_otherwise_die_away(begun: Begun, drafter: Drafter) -> None:
    drafted = begun(OPEN)
    trust(drafter, "read")
    drafter.tracks = {source: Track(10.0, 9.9) for source in drafter.tracks}
    assert proposal(drafter, drafted, 0.2).startswith("May")
    for _ in range(30):
        drafter.verified(drafter.draft(drafted, 0.2), 0)
    assert drafter.draft(drafted, 0.2).tokens == ()


@pytest.mark.parametrize(
    ("probabilities", "room", "least", "tokens"),
    [
        ([], 5, 0.5, 0),
        ([0.9, 0.8, 0.7], 5, 0.5, 3),
        ([0.9, 0.8, 0.7], 2, 0.3, 2),
        ([0.4], 5, 0.5, 0),
        ([0.6], 5, 0.5, 1),
        # To stop between two certain guesses saves no pass; to stop before an uncertain one does.
        ([0.99, 0.98, 0.1, 0.1, 0.1], 5, 0.3, 2),
        ([0.99, 0.98, 0.1, 0.1, 0.1], 5, 0.01, 5),
        ([0.99, 0.98, 0.97, 0.96, 0.5], 4, 0.3, 4),
    ],
)
def test_a_draft_is_cut_where_it_is_expected_to_cost_least(
    probabilities: list[float], room: int, least: float, tokens: int
) -> None:
    assert cheapest(probabilities, room, least) == tokens
