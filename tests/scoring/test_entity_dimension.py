"""A dimension of one's own: types and values of its mentions are compared as words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stindex.schema import EntityMention, Sample
from stindex.scoring.entity import EntityDimension
from stindex.scoring.sample_score import JudgedPair

CURIE = EntityMention("Curie", "Marie Curie", "Real")
DIMENSION = EntityDimension()


@pytest.mark.parametrize(
    ("predicted", "judgement"),
    [
        (replace(CURIE, entity_type=" real "), {"type_equal": True, "value_equal": True}),
        (replace(CURIE, entity_type="fictional"), {"type_equal": False, "value_equal": True}),
        (replace(CURIE, entity_type=None), {"type_equal": False, "value_equal": True}),
        (replace(CURIE, normalized=" marie CURIE "), {"type_equal": True, "value_equal": True}),
        (replace(CURIE, normalized="Pierre Curie"), {"type_equal": True, "value_equal": False}),
    ],
)
def test_case_and_spaces_make_no_difference_and_other_words_do(
    predicted: EntityMention, judgement: dict[str, bool]
) -> None:
    assert DIMENSION.judge(CURIE, predicted) == judgement
    assert DIMENSION.errors(judgement) == (() if judgement["value_equal"] else ("value",))


def test_right_values_are_counted_over_the_pairs() -> None:
    pairs = [
        JudgedPair(0, 0, True, {"type_equal": True, "value_equal": True}),
        JudgedPair(1, 2, False, {"type_equal": None, "value_equal": False}),
        JudgedPair(3, 1, False, {"type_equal": False, "value_equal": True}),
    ]
    assert DIMENSION.counts(Sample("a", "", {}), (), (), pairs) == {"value_equal": 2}


def test_gold_without_type_or_value_asks_for_none() -> None:
    gold = EntityMention("Curie", "", None)
    assert DIMENSION.judge(gold, CURIE) == {"type_equal": None, "value_equal": True}


def test_a_dimension_without_values_has_no_errors_or_metrics_of_them() -> None:
    class Names(EntityDimension):
        own_errors = ()

    assert Names().errors({"value_equal": False}) == ()
    assert "normalization_accuracy" not in Names().metrics({})  # type: ignore[arg-type]
