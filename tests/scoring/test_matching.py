"""One-to-one matching: optimal, whatever the order of the input."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stindex.scoring.matching import Keyed, Pair, assign, match

Spans = list[tuple[int, int]]
SPAN = st.tuples(st.integers(0, 8), st.integers(1, 6)).map(lambda s: (s[0], s[0] + s[1]))
SPANS = st.lists(SPAN, max_size=6)


def keyed(spans: Spans) -> list[Keyed]:
    return [Keyed(start, end, f"text {start}-{end}", "") for start, end in spans]


def quality(gold: Spans, predicted: Spans, pairs: Sequence[Pair]) -> tuple[int, int, int]:
    """Return what is maximized: equal spans, pairs, total overlap."""
    equal = sum(gold[g] == predicted[p] for g, p in pairs)
    return equal, len(pairs), sum(overlap(gold[g], predicted[p]) for g, p in pairs)


def overlap(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def best_quality(gold: Spans, predicted: Spans) -> tuple[int, int, int]:
    if len(gold) > len(predicted):
        gold, predicted = predicted, gold
    return max(
        quality(
            gold, predicted, [(g, p) for g, p in enumerate(columns) if _meet(gold, predicted, g, p)]
        )
        for columns in permutations(range(len(predicted)), len(gold))
    )


def _meet(gold: Spans, predicted: Spans, g: int, p: int) -> bool:
    return overlap(gold[g], predicted[p]) > 0


@given(SPANS, SPANS)
@example([(0, 4), (2, 6), (3, 9)], [(1, 5), (3, 8), (5, 9), (0, 2)])
def test_matching_is_one_to_one_and_as_good_as_the_best_of_all(
    gold: Spans, predicted: Spans
) -> None:
    pairs = match(keyed(gold), keyed(predicted))
    assert len({g for g, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
    assert all(overlap(gold[g], predicted[p]) for g, p in pairs)
    assert quality(gold, predicted, pairs) == best_quality(gold, predicted)


@given(SPANS, SPANS, st.randoms())
def test_the_order_of_the_input_does_not_matter(
    gold: Spans, predicted: Spans, chance: random.Random
) -> None:
    values = [Keyed(*span, "", str(number % 3)) for number, span in enumerate(predicted)]
    shuffled = list(values)
    chance.shuffle(shuffled)
    before = match(keyed(gold), values)
    after = match(keyed(gold), shuffled)
    assert [(g, values[p]) for g, p in before] == [(g, shuffled[p]) for g, p in after]


def test_an_equal_span_wins_over_an_earlier_overlap() -> None:
    assert match(keyed([(0, 9)]), keyed([(0, 3), (0, 9)])) == ((0, 1),)


def test_an_equal_span_wins_over_two_pairs() -> None:
    # The middle prediction could be given away to make two pairs of overlaps.
    assert match(keyed([(2, 4), (3, 6)]), keyed([(2, 4)])) == ((0, 0),)
    pairs = match(keyed([(0, 4), (3, 6)]), keyed([(0, 4), (1, 4)]))
    assert pairs[0] == (0, 0)


def test_more_pairs_win_over_more_overlap() -> None:
    # (0, 10) shares most with the first; both can be matched only the other way round.
    assert match(keyed([(0, 10), (8, 12)]), keyed([(0, 9), (1, 7)])) == ((0, 1), (1, 0))


def test_among_equal_spans_the_same_value_is_paired() -> None:
    gold = [Keyed(0, 5, "Paris", "x"), Keyed(0, 5, "Paris", "y")]
    predicted = [Keyed(0, 5, "Paris", "y")]
    assert match(gold, predicted) == ((1, 0),)


def test_touching_spans_do_not_overlap() -> None:
    assert match(keyed([(0, 5)]), keyed([(5, 8)])) == ()


def test_mentions_without_a_position_are_matched_with_nothing() -> None:
    assert match([None, *keyed([(0, 5)])], [None, *keyed([(0, 5)])]) == ((1, 1),)


def test_a_long_chain_of_overlaps_is_solved() -> None:
    gold = keyed([(4 * number, 4 * number + 3) for number in range(60)])
    predicted = keyed([(4 * number + 2, 4 * number + 5) for number in range(60)])
    assert match(gold, predicted) == tuple((number, number) for number in range(60))


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_assignment_takes_the_heaviest_of_equally_many_edges(rows: int) -> None:
    edges = {(row, column): row * column for row in range(rows) for column in range(3)}
    chosen = assign(edges)
    assert len(chosen) == rows
    best = max(
        sum(edges[row, column] for row, column in enumerate(columns))
        for columns in permutations(range(3), rows)
    )
    assert sum(edges[pair] for pair in chosen) == best
