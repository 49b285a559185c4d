"""How a temporal value and type is held against the gold's, and the slices of the gold."""

from __future__ import annotations

import pytest

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, TemporalMention
from stindex.scoring import DIMENSIONS, aggregate, score_sample
from stindex.scoring.temporal import accepted_types, slices_of


def judge(gold: str, predicted: str) -> tuple[object, object, object]:
    judgement = DIMENSIONS["temporal"].judge(
        TemporalMention("x", gold, "DATE"), TemporalMention("x", predicted, "DATE")
    )
    return tuple(judgement[f"value_{name}"] for name in ("equal", "equivalent", "overlap"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("2022-03-15", "2022-03-15", (True, True, 1.0)),
        ("2022-074", "2022-03-15", (False, True, 1.0)),
        ("P1W", "P7D", (False, True, 1.0)),
        ("2022", "2022-01-01", (False, False, 1 / 365)),
        ("PRESENT_REF", "PAST_REF", (False, False, 0.0)),
        ("no value", "2022", (False, False, 0.0)),
    ],
)
def test_values_are_compared_on_three_levels(
    gold: str, predicted: str, expected: tuple[bool, bool, float]
) -> None:
    equal, equivalent, overlap = judge(gold, predicted)
    assert (equal, equivalent) == expected[:2]
    assert overlap == pytest.approx(expected[2])


@pytest.mark.parametrize(
    ("gold_type", "value", "accepted"),
    [
        ("DATE", "2022", ("DATE",)),
        ("date", "2022", ("DATE",)),
        ("TIME", "T14:30", ("TIME",)),
        ("TIME", "2013-03-19TMO", ("TIME", "DATETIME")),
        ("DATETIME", "2013-03-19TMO", ("DATETIME",)),
        ("DURATION", "P1W", ("DURATION",)),
        ("DURATION", "2013-01/2013-03", ("DURATION", "INTERVAL")),
        ("DATE", "2013-01/2013-03", ("DATE", "INTERVAL")),
        ("TIME", "T09:00/T17:00", ("TIME", "INTERVAL")),
        ("SET", "R/2013-01/2013-03", ("SET",)),
        ("INTERVAL", "2013-01/2013-03", ("INTERVAL",)),
        ("SET", "P1D", ("SET",)),
    ],
)
def test_the_four_types_of_timex3_are_mapped(
    gold_type: str, value: str, accepted: tuple[str, ...]
) -> None:
    assert accepted_types(TemporalMention("x", value, gold_type)) == accepted


@pytest.mark.parametrize(
    ("gold", "predicted", "equal"),
    [("DATE", "date", True), ("DATE", "TIME", False), ("DATE", None, False), (None, "DATE", None)],
)
def test_types_are_compared_without_case_and_only_where_the_gold_has_one(
    gold: str | None, predicted: str | None, equal: bool | None
) -> None:
    judgement = DIMENSIONS["temporal"].judge(
        TemporalMention("x", "2022", gold), TemporalMention("x", "2022", predicted)
    )
    assert judgement["type_equal"] is equal


@pytest.mark.parametrize(
    ("text", "value", "slices"),
    [
        ("March 2012", "2012-03", ("explicit",)),
        ("44 BC", "BC0044", ("explicit",)),
        ("the 1990s", "199", ("explicit",)),
        ("two weeks", "P2W", ("explicit",)),
        ("every Monday", "XXXX-WXX-1", ("explicit",)),
        ("at noon", "T12:00", ("explicit",)),
        ("yesterday", "2026-03-03", ("relative",)),
        ("3 March", "2026-03-03", ("relative",)),
        ("now", "PRESENT_REF", ("relative",)),
        ("today", "2026-03-04", ("relative", "equals_reference_date")),
        ("4 March 2026", "2026-03-04", ("explicit", "equals_reference_date")),
        ("whenever", "", ("relative",)),
    ],
)
def test_gold_is_sliced_by_what_its_words_say(
    text: str, value: str, slices: tuple[str, ...]
) -> None:
    assert slices_of(TemporalMention(text, value), "2026-03-04") == slices


def test_slices_have_metrics_of_their_own() -> None:
    text = "today, in 2012 and yesterday"
    gold = (
        TemporalMention("today", "2026-03-04", "DATE", 0, 5),
        TemporalMention("2012", "2012", "DATE", 10, 14),
        TemporalMention("yesterday", "2026-03-03", "DATE", 19, 28),
    )
    wrong = TemporalMention("yesterday", "2026-03-04", "DATE", 19, 28)
    sample = Sample("a", text, {"temporal": GoldLayer(gold)}, reference_date="2026-03-04")
    score = score_sample(sample, Prediction({"temporal": (gold[0], wrong)}), Outcome.OK)
    slices = aggregate([score])["temporal"]["slices"]
    assert slices["explicit"]["recall"] == 0
    assert slices["explicit"]["normalization_accuracy"] is None
    assert slices["relative"]["recall"] == 1
    assert slices["relative"]["normalization_accuracy"] == 0.5
    assert slices["equals_reference_date"]["gold"] == 1
