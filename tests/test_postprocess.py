"""Character spans: gold stripped of its offsets has to find its way back."""

from __future__ import annotations

import json
import os
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.postprocess import place_mentions, surface_form
from stindex.schema import (
    GoldLayer,
    Mention,
    Outcome,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import aggregate, score_sample


def spans(text: str, *words: str) -> list[tuple[int | None, int | None]]:
    placed = place_mentions([SpatialMention(word) for word in words], text)
    return [(mention.start_char, mention.end_char) for mention in placed]


def starts(text: str, *words: str) -> list[int | None]:
    return [start for start, _ in spans(text, *words)]


def test_a_word_is_placed_with_its_end_exclusive() -> None:
    assert spans("to Paris.", "Paris") == [(3, 8)]


def test_the_same_word_twice_is_two_mentions_in_order() -> None:
    assert starts("Perth, then Perth, then Perth", "Perth", "Perth", "Perth") == [0, 12, 24]


def test_a_word_boundary_is_preferred_to_an_earlier_part_of_a_word() -> None:
    assert starts("Romania and Oman and Roma", "Oman", "Roma") == [12, 21]


def test_digits_inside_a_longer_number_are_no_whole_word() -> None:
    assert starts("In 12013 and 2013", "2013") == [13]


def test_part_of_a_word_is_taken_where_nothing_else_is() -> None:
    assert spans("the Paris-born Parisian", "Parisi") == [(15, 21)]


def test_order_of_appearance_decides_between_occurrences() -> None:
    text = "Paris, London, Paris, Rome"
    assert starts(text, "London", "Paris") == [7, 15]
    assert starts(text, "Paris", "Rome") == [0, 22]


def test_one_mention_out_of_order_does_not_push_the_others_away() -> None:
    # Taken greedily, Rome would come first and leave no place behind it for the others.
    text = "Paris, London, Berlin, Rome"
    assert starts(text, "Rome", "Paris", "London", "Berlin") == [23, 0, 7, 15]
    # Nor does it draw them to occurrences near itself.
    text = "Paris, London, Berlin, Paris, London, Rome"
    assert starts(text, "Rome", "Paris", "London", "Berlin") == [38, 0, 7, 15]


def test_as_many_as_possible_are_placed_in_order() -> None:
    # In order only two of the three can stand; the third goes to what is free.
    text = "Rome Paris Rome"
    assert starts(text, "Rome", "Rome", "Paris") == [0, 11, 5]


def test_what_is_left_goes_to_the_free_occurrence_nearest_to_the_mention_before_it() -> None:
    text = "Bern Rome Oslo, and far from there Lima Kiev Bern"
    assert starts(text, "Rome", "Oslo", "Bern", "Lima", "Kiev") == [5, 10, 0, 35, 40]
    text = "Oslo Bern, and far from there Bern Lima Kiev"
    assert starts(text, "Lima", "Kiev", "Bern") == [35, 40, 30]


def test_no_occurrence_is_used_twice() -> None:
    assert starts("Paris and Lyon", "Paris", "Lyon", "Paris") == [0, 10, None]


def test_mentions_may_lie_within_each_other() -> None:
    text = "New York City"
    assert spans(text, "New York City", "New York", "York") == [(0, 13), (0, 8), (4, 8)]
    assert spans(text, "New York", "New York City") == [(0, 8), (0, 13)]


def test_case_and_white_space_are_folded_after_exact_words() -> None:
    assert spans("in new\n  york, then NEW YORK", "New York") == [(3, 13)]
    assert starts("paris then Paris", "Paris") == [11]
    assert starts("paris then Paris", "Paris", "Paris") == [11, 0]


def test_white_space_around_a_mention_is_no_part_of_it() -> None:
    assert spans("to Paris.", " Paris ") == [(3, 8)]


def test_a_fold_that_changes_the_length_keeps_positions() -> None:
    text = "Die STRASSE, die Straße in İzmir und ΣΑΜΟΣ"
    assert spans(text, "straße") == [(4, 11)]
    assert spans(text, "ΣΑΜΟς") == [(37, 42)]
    assert text[37:42] == "ΣΑΜΟΣ"


def test_composed_words_are_found_in_decomposed_text() -> None:
    text = "Le cafe\u0301 a\u0300 Que\u0301bec"
    assert spans(text, "Qu\u00e9bec") == [(12, 19)]
    assert spans(text, "caf\u00e9") == [(3, 8)]


def test_a_combining_mark_ends_no_word() -> None:
    text = "cafe\u0301 cafe"
    assert spans(text, "cafe") == [(6, 10)]


def test_scripts_without_spaces_have_boundaries_everywhere() -> None:
    assert spans("2022年3月に東京で", "2022年3月", "東京") == [(0, 7), (8, 10)]
    assert spans("2022年22年", "22年") == [(5, 8)]
    assert spans("서울에서 부산까지", "서울", "부산") == [(0, 2), (5, 7)]


def test_positions_are_code_points_behind_an_emoji() -> None:
    assert spans("👩‍👩‍👧 in Rom", "Rom") == [(9, 12)]


@pytest.mark.parametrize("word", ["Berlin", "", "  ", "\u0301"])
def test_what_is_not_in_the_text_stays_without_offsets(word: str) -> None:
    assert spans("to Paris.", word) == [(None, None)]


def test_offsets_that_are_given_are_kept_and_their_place_is_taken() -> None:
    text = "Paris, Paris"
    given_second = SpatialMention("Paris", start_char=0, end_char=5)
    placed = place_mentions([SpatialMention("Paris"), given_second], text)
    assert [mention.start_char for mention in placed] == [7, 0]
    assert placed[1] is given_second


def test_only_the_offsets_are_added() -> None:
    mention = TemporalMention("May", "2013-05", "DATE")
    (placed,) = place_mentions([mention], "in May")
    assert placed == replace(mention, start_char=3, end_char=6)


def test_200_equal_mentions_in_a_long_text_are_quick() -> None:
    text = "May " * 5000
    begin = time.perf_counter()
    placed = starts(text, *["May"] * 199, "Mayor")
    assert placed == [4 * number for number in range(199)] + [None]
    more = starts("May " * 100 + "x " * 10000, *["May"] * 200)
    assert sum(start is not None for start in more) == 100
    assert time.perf_counter() - begin < 2.0


WORDS = st.lists(st.sampled_from(["a", "b", "a b", "ab", "A", "é", "e\u0301", "東"]), max_size=7)


@given(WORDS, st.lists(st.sampled_from(["a", "b", "ab", "A", "é", "e\u0301", "東", " "])))
def test_spans_hold_the_words_and_none_is_given_twice(words: list[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    placed = [span for span in spans(text, *words) if span != (None, None)]
    assert len(set(placed)) == len(placed)
    for word, (start, end) in zip(words, spans(text, *words), strict=True):
        if start is not None:
            assert surface_form(text[start:end]) == surface_form(word)


@given(WORDS)
def test_words_of_a_text_that_is_made_of_them_are_all_placed(words: list[str]) -> None:
    text = " | ".join(words)
    assert all(start is not None for start in starts(text, *words))


# ── Real gold ────────────────────────────────────────────────────────────────────────────────

BENCHMARK_DATA = os.environ.get("STINDEX_BENCHMARK_DATA", "")
needs_data = pytest.mark.skipif(not BENCHMARK_DATA, reason="STINDEX_BENCHMARK_DATA is not set")


def read(corpus: str, dimension: str) -> list[Sample]:
    lines = (Path(BENCHMARK_DATA) / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        Sample(row["id"], row["text"], {dimension: GoldLayer(gold(row, dimension))})
        for row in map(json.loads, lines)
    ]


def gold(row: dict[str, dict[str, list[dict[str, str]]]], dimension: str) -> tuple[Mention, ...]:
    kind = TemporalMention if dimension == "temporal" else SpatialMention
    return tuple(kind(**mention) for mention in row["ground_truth"][dimension])  # type: ignore[arg-type]


@needs_data
@pytest.mark.parametrize(
    ("corpus", "dimension", "least_f1"),
    [
        ("geovirus", "spatial", 0.98),
        ("meantime_en", "temporal", 0.98),
        ("meantime_en", "spatial", 0.95),
    ],
)
def test_real_gold_stripped_of_its_offsets_is_placed(
    corpus: str, dimension: str, least_f1: float
) -> None:
    scores = []
    for sample in read(corpus, dimension):
        bare = [
            replace(mention, start_char=None, end_char=None)
            for mention in sample.gold[dimension].mentions
        ]
        prediction = Prediction({dimension: place_mentions(bare, sample.text)})
        scores.append(score_sample(sample, prediction, Outcome.OK))
    metrics = aggregate(scores)[dimension]
    assert metrics["hallucinated"] == 0
    assert metrics["text_f1_score"] == 1.0
    assert metrics["f1_score"] >= least_f1


@pytest.mark.parametrize("kind", [TemporalMention, SpatialMention])
def test_a_position_changes_nothing_else_of_a_mention(kind: type[Mention]) -> None:
    values = {field.name: field.name for field in fields(kind)}
    mention = kind(**values)  # type: ignore[arg-type]  # every field has a value of its own
    assert mention.at(3, 7) == replace(mention, start_char=3, end_char=7)
