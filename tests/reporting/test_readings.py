"""What the reports call right and wrong."""

from __future__ import annotations

from stindex.reporting.readings import Tally, read_pairs, read_sample
from stindex.schema import Outcome, TemporalMention

from .building import GOLD_TIME, PREDICTED_TIME, Draft


def verdicts(draft: Draft) -> dict[str, str]:
    return {pair.number: pair.verdict for pair in read_pairs(draft.evaluation())}


def test_each_mention_has_a_number_in_text_order_and_a_verdict() -> None:
    assert verdicts(Draft()) == {
        "t1": "match",
        "t2": "missed",
        "s1": "wrong place",
        "s2": "missed",
        "s3": "hallucinated",
    }


def test_a_pair_can_be_wrong_in_several_ways() -> None:
    wrong = TemporalMention("On 5 May 2024", "2023-05-05", "TIME", 0, 13)
    assert verdicts(Draft(predicted_temporal=(wrong,)))["t1"] == "boundary, type, value"


def test_a_layer_that_was_not_annotated_judges_nothing() -> None:
    reading = read_sample(1, Draft(temporal=None, spatial=None, predicted_spatial=()).report())
    assert [pair.verdict for pair in reading.pairs] == ["not judged"]
    assert reading.f1 == {"temporal": None, "spatial": None}
    assert not reading.is_wrong


def test_a_prediction_beside_a_partial_annotation_is_not_called_spurious() -> None:
    extra = TemporalMention("it", "2024", "DATE", 14, 16)
    draft = Draft(predicted_temporal=(*PREDICTED_TIME, extra), exhaustive=False)
    assert verdicts(draft)["t2"] == "not judged"
    assert verdicts(draft.but(exhaustive=True))["t2"] == "spurious"


def test_an_invalid_answer_misses_its_gold_and_an_error_is_not_judged() -> None:
    invalid = read_sample(1, Draft(outcome=Outcome.INVALID).report())
    assert [pair.verdict for pair in invalid.pairs] == ["missed"] * 4
    error = read_sample(1, Draft(outcome=Outcome.ERROR).report())
    assert {pair.verdict for pair in error.pairs} == {"not judged"}
    assert error.is_wrong


def test_a_sample_without_an_answer_shows_its_gold() -> None:
    reading = read_sample(7, Draft(answered=False).report())
    assert reading.outcome == "missing"
    assert [pair.gold for pair in reading.pairs[:2]] == list(GOLD_TIME)


def test_a_tally_counts_errors_outcomes_and_the_grammar() -> None:
    tally = Tally()
    for number, draft in enumerate(
        (Draft(interventions=3), Draft(interventions=0), Draft(interventions=None)), start=1
    ):
        tally.add(read_sample(number, draft.report()))
    assert tally.outcomes == {"ok": 3}
    assert tally.errors["temporal", "missed"] == 3
    assert tally.errors["spatial", "hallucinated"] == 3
    counted = (tally.constrained_answers, tally.overruled_answers, tally.overruled_tokens)
    assert counted == (2, 1, 3)


def test_f1_of_a_sample_is_strict() -> None:
    wide = TemporalMention("On 5 May 2024", "2024-05-05", "DATE", 0, 13)
    assert read_sample(1, Draft().report()).f1["temporal"] == 2 / 3
    assert read_sample(1, Draft(predicted_temporal=(wide,)).report()).f1["temporal"] == 0
