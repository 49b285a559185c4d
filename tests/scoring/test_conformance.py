"""The numbers of the field's own scorers, case by case.

Where a scorer differs on purpose the difference is a named convention, and the tests show that
nothing but the conventions separates the two. `docs/conformance.md` has the sums.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention
from stindex.scoring import aggregate, score_sample
from tests.scoring.conformance import (
    EQUAL_TEXTS,
    MEANING,
    MIDDLES,
    OTHERS,
    PAGE,
    REASON,
    SCORERS,
    Case,
    Scorer,
    agreement_row,
    compare,
    eupeg_numbers,
    nervaluate_numbers,
    read_cases,
    same,
    tempeval3_numbers,
    written,
)

CASES = [
    pytest.param(scorer, case, id=f"{scorer.file}-{case['name']}")
    for scorer in SCORERS
    for third_party in (False, True)
    for case in read_cases(scorer, third_party=third_party)
]


@pytest.mark.parametrize(("scorer", "case"), CASES)
def test_every_number_of_a_case_is_reproduced(scorer: Scorer, case: Case) -> None:
    for each in compare(scorer, case):
        assert same(each.under, each.printed), each
        # As defined here, or else because of a convention that is named.
        assert same(each.ours, each.printed) or each.conventions, each


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.file)
def test_every_convention_separates_some_number_and_has_a_reason(scorer: Scorer) -> None:
    needed = {
        name
        for third_party in (False, True)
        for case in read_cases(scorer, third_party=third_party)
        for each in compare(scorer, case)
        for name in each.conventions
    }
    # No case at hand has equal texts with other spans; the own ones have no other mid-points.
    unseen = {EQUAL_TEXTS} if OTHERS else {EQUAL_TEXTS, MIDDLES}
    assert set(scorer.conventions) - unseen <= needed
    assert set(scorer.conventions) <= set(MEANING) & set(REASON)


def test_the_page_has_the_numbers_that_the_cases_show() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page


def test_nothing_of_a_scorer_stays_unexplained_on_the_page() -> None:
    for scorer in SCORERS:
        row = agreement_row(scorer, third_party=False)
        assert row is not None
        assert row.endswith("| 0 |")


# ── That the comparison compares the right thing ─────────────────────────────────────────────


def named(file: str, name: str) -> Case:
    (scorer,) = (scorer for scorer in SCORERS if scorer.file == file)
    (case,) = (c for c in read_cases(scorer, third_party=False) if c["name"] == name)
    return case


@pytest.mark.parametrize("reverse", [False, True])
def test_where_nervaluate_depends_on_the_order_the_exact_prediction_is_matched(
    reverse: bool,
) -> None:
    case = named("nervaluate", "greedy_order_bad")
    assert case["expected"]["overall"]["strict"]["correct"] == 0
    system = [list(reversed(side)) if reverse else side for side in case["system"]]
    ours = nervaluate_numbers({**case, "system": system}, frozenset())
    assert (ours["all.strict.precision"], ours["all.strict.recall"]) == (0.5, 1.0)


def test_equal_texts_with_other_spans_are_strict_for_the_toolkit_only() -> None:
    gold = {"text": "day", "value": "P1D", "type": "DURATION", "start": 4, "end": 7}
    document = {"id": "a", "text": "", "gold": [gold], "system": [{**gold, "start": 5, "end": 8}]}
    case = {"documents": [document]}
    assert tempeval3_numbers(case, frozenset({EQUAL_TEXTS}))["strict.matched"] == 1
    assert tempeval3_numbers(case, frozenset())["strict.matched"] == 0


def test_the_four_views_are_those_of_the_metrics() -> None:
    for name in ("partial_right_label", "one_over_two", "multi_docs", "wrong_label"):
        case = named("nervaluate", name)
        ours = nervaluate_numbers(case, frozenset())
        semeval = _metrics_of_labels(case)["temporal"]["semeval"]
        for view, rates in semeval.items():
            for key in ("precision", "recall", "f1"):
                assert ours[f"all.{view}.{key}"] == rates[key]


def _metrics_of_labels(case: Case) -> dict[str, Any]:
    from tests.scoring.conformance import _labelled

    scores = []
    for number, (gold, system) in enumerate(zip(case["gold"], case["system"], strict=True)):
        layers = {"temporal": GoldLayer(tuple(map(_labelled, gold)))}
        prediction = Prediction({"temporal": tuple(map(_labelled, system))})
        scores.append(score_sample(Sample(str(number), "", layers), prediction, Outcome.OK))
    return aggregate(scores)


EUPEG = [
    case
    for scorer in SCORERS
    for third_party in (False, True)
    for case in read_cases(scorer, third_party=third_party)
    if scorer.file == "geoparsing_eupeg"
]


@pytest.mark.parametrize("case", EUPEG, ids=lambda case: case["name"])
def test_places_without_conventions_are_scored_as_everywhere(case: Case) -> None:
    ours = eupeg_numbers(case, frozenset())
    metrics = aggregate(
        score_sample(
            Sample(document["id"], "", {"spatial": GoldLayer(_toponyms(document["gold"]))}),
            Prediction({"spatial": _toponyms(document["system"])}),
            Outcome.OK,
        )
        for document in case["documents"]
    )["spatial"]
    for key, name in (
        ("tp", "relaxed_true_positives"),
        ("precision", "relaxed_precision"),
        ("recall", "relaxed_recall"),
        ("f_score", "relaxed_f1_score"),
        ("mean", "mean_distance_error_km"),
        ("median", "median_distance_error_km"),
        ("accuracy_161", "accuracy_at_161km"),
        ("AUC", "auc"),
    ):
        assert same(ours[key], metrics[name]), key


def _toponyms(toponyms: list[Case]) -> tuple[SpatialMention, ...]:
    found = [
        SpatialMention(t["text"], None, None, t["lat"], t["lon"], t["start"], t["end"])
        for t in toponyms
    ]
    return tuple(random.Random(1).sample(found, len(found)))
