"""What passes a gate and what does not, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stindex.errors import UserError
from stindex.gates import (
    Bound,
    Gate,
    GateVerdict,
    Thresholds,
    coverage,
    judge,
    load_thresholds,
    sample_shortfalls,
)
from stindex.gates.kinds import GATE_KINDS, Measured
from stindex.schema import GoldLayer, Outcome, Prediction, Sample, TemporalMention
from stindex.scoring import SampleScore, aggregate, score_sample


def _score(right: int, wrong: int) -> SampleScore:
    """Return the score of a sample with so many dates found and so many missed."""
    text = " ".join(f"{2000 + n}" for n in range(right + wrong))
    dates = tuple(
        TemporalMention(f"{2000 + n}", f"{2000 + n}", "DATE", 5 * n, 5 * n + 4)
        for n in range(right + wrong)
    )
    sample = Sample("s", text, {"temporal": GoldLayer(dates)})
    return score_sample(sample, Prediction({"temporal": dates[:right]}), Outcome.OK)


METRICS = aggregate([_score(3, 1)])  # temporal: recall 0.75 of 4, precision 1.0 of 3


def _no_slice(_: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
    raise AssertionError("no slice was asked for")


def _verdict(**gate: object) -> GateVerdict:
    (verdict,) = judge([Gate.model_validate(gate)], METRICS, _no_slice)
    return verdict


def _thresholds(directory: Path, content: str) -> Thresholds:
    path = directory / "thresholds.yaml"
    path.write_text(content, encoding="utf-8")
    return load_thresholds(path)


@pytest.mark.parametrize(
    ("bound", "passed"),
    [
        ({"at_least": 0.74}, True),
        ({"at_least": 0.75}, True),
        ({"at_least": 0.76}, False),
        ({"at_most": 0.76}, True),
        ({"at_most": 0.75}, True),
        ({"at_most": 0.74}, False),
        ({"at_most": 0}, False),
        ({"at_least": 0}, True),
    ],
    ids=str,
)
def test_a_gate_has_a_direction_and_its_threshold_is_inside(
    bound: dict[str, float], passed: bool
) -> None:
    verdict = _verdict(metric="temporal.recall", **bound)
    assert verdict.passed is passed
    assert bool(verdict.reason) is not passed
    assert (verdict.value, verdict.n) == (0.75, 4)


def test_fewer_than_the_minimum_fails_however_good_the_value(tmp_path: Path) -> None:
    verdict = _verdict(metric="temporal.recall", at_least=0.1, minimum_n=5)
    assert not verdict.passed
    assert verdict.reason == "n is 4, the gate needs at least 5"
    assert _verdict(metric="temporal.recall", at_least=0.1, minimum_n=4).passed


@pytest.mark.parametrize(
    ("asked", "minimum_n", "reason"),
    [
        (0.7, 1, ""),
        (0.8, 1, "0.75 of 4 is below 0.8"),
        (0.7, 5, "n is 4, the gate needs at least 5"),
    ],
)
def test_a_kind_of_ones_own_judges_what_was_measured(
    asked: float, minimum_n: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged(wanted: float, measured: Measured) -> str:
        assert measured.value is not None
        low = measured.value < wanted
        return f"{measured.value} of {measured.n} is below {wanted}" if low else ""

    monkeypatch.setitem(GATE_KINDS, "surely", judged)
    verdict = _verdict(metric="temporal.recall", surely=asked, minimum_n=minimum_n)
    assert (verdict.passed, verdict.reason) == (not reason, reason)
    assert (verdict.value, verdict.n, verdict.threshold) == (0.75, 4, asked)


@pytest.mark.parametrize("bound", [{"at_least": 0.0}, {"at_most": 1e9}], ids=str)
def test_an_undefined_metric_fails(bound: dict[str, float]) -> None:
    verdict = _verdict(metric="spatial.median_distance_error_km", **bound)
    assert not verdict.passed
    assert verdict.value is None
    assert "undefined" in verdict.reason


def test_a_slice_is_judged_by_its_own_metrics() -> None:
    asked = []

    def of_slice(wanted: Mapping[str, str]) -> Mapping[str, Mapping[str, Any]]:
        asked.append(dict(wanted))
        return aggregate([_score(1, 1)])

    gate = Gate(metric="temporal.recall", at_least=0.6, slice={"language": "de"})
    (verdict,) = judge([gate], METRICS, of_slice)
    assert asked == [{"language": "de"}]
    assert (verdict.value, verdict.passed) == (0.5, False)
    assert verdict.name == "temporal.recall >= 0.6 [language=de]"


@pytest.mark.parametrize("threshold", [0.7500001, 0.75000000000001])
def test_a_failing_value_is_shown_so_that_it_differs_from_the_threshold(threshold: float) -> None:
    verdict = _verdict(metric="temporal.recall", at_least=threshold)
    value, _, needed = verdict.reason.partition(", needs >= ")
    assert float(value) < float(needed) == threshold


def test_as_many_digits_as_it_takes_and_no_more() -> None:
    found = _verdict(metric="temporal.recall", at_least=0.8).reason
    assert found == "0.75, needs >= 0.8"
    third = aggregate([_score(2, 1)])
    (verdict,) = judge([Gate(metric="temporal.recall", at_least=0.667)], third, _no_slice)
    assert verdict.reason == "0.6667, needs >= 0.667"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("run: [{metric: temporal.f1, at_least: 1}]", "`temporal.f1` is no metric .*temporal.*f1"),
        ("sample: {temporal_f1: 1}", "`temporal_f1` is no metric .*`temporal_.*f1"),
        ("run: [{metric: temporal.recall}]", "exactly one of `at_least` and `at_most`"),
        ("run: [{metric: temporal.recall, at_least: 1, at_most: 2}]", "exactly one of"),
        ("run: [{metric: temporal.recall, at_leats: 1}]", "did you mean `at_least`"),
        ("run: [{metric: temporal.recall, at_least: 1, minimum_n: 0}]", "greater than or equal"),
        ("run: [{metric: temporal.recall, at_least: 1, max_drop: 0.1}]", "exactly one of"),
        ("run: [{metric: temporal.recall, max_drop: 0}]", "greater than 0"),
        ("run: [{metric: temporal.recall, max_drop: -0.1}]", "greater than 0"),
        ("run: [{metric: temporal.recall, not_worse: false}]", "`run.0.not_worse`: should be True"),
        ("run: [{metric: temporal.recall, max_drop: 1, noticeable: 1}]", "belongs to `not_worse`"),
        ("run: [{metric: temporal.recall, at_least: 1, against: anchor}]", "`against` belongs to"),
        (
            "run: [{metric: temporal.recall, not_worse: true, against: yesterday}]",
            "`run.0.against`",
        ),
        ("run: [{metric: temporal.gold, not_worse: true}]", "`temporal.gold` is a count or a time"),
        (
            "run: [{metric: overall.p50_processing_time_seconds, max_drop: 1}]",
            "is a count or a time, which two runs are not compared in",
        ),
        ("run: [", "not valid YAML"),
    ],
)
def test_a_broken_thresholds_file_is_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        _thresholds(tmp_path, content)
    assert "thresholds.yaml" in str(raised.value)


def test_a_missing_thresholds_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such file; check the path"):
        load_thresholds(tmp_path / "none.yaml")


def test_the_file_that_comes_with_the_project_is_sound() -> None:
    thresholds = load_thresholds(Path(__file__).parents[2] / "cfg" / "thresholds.yaml")
    assert thresholds.run
    assert not thresholds.sample


def test_coverage_stands_whatever_the_gates_and_names_the_samples() -> None:
    whole = coverage(3, [])
    assert (whole.passed, whole.value, whole.reason) == (True, 1.0, "")
    assert (whole.kind, whole.direction, whole.n) == ("coverage", ">=", 3)
    verdict = coverage(9, list("abcdefg"))
    assert not verdict.passed
    assert verdict.reason == "7 of 9 samples without an answer: a, b, c, d, e, …"
    assert verdict.metric == "complete"


def test_a_sample_falls_short_of_a_plain_number_and_of_a_bound(tmp_path: Path) -> None:
    content = "sample: {temporal_recall: 0.8, temporal_predicted: {at_most: 2}}"
    assert sample_shortfalls(_thresholds(tmp_path, content), _score(3, 1)) == [
        "temporal_recall is 0.75, needs >= 0.8",
        "temporal_predicted is 3, needs <= 2",
    ]
    assert sample_shortfalls(_thresholds(tmp_path, content), _score(2, 0)) == []


def test_an_undefined_metric_of_a_sample_meets_its_threshold(tmp_path: Path) -> None:
    thresholds = _thresholds(tmp_path, "sample: {spatial_f1_score: 1.0}")
    assert sample_shortfalls(thresholds, _score(0, 2)) == []


@pytest.mark.parametrize(
    ("gate", "name"),
    [
        ({"max_drop": 0.02}, "temporal.recall drops at most 0.02 against the baseline"),
        (
            {"max_drop": 0.02, "against": "anchor"},
            "temporal.recall drops at most 0.02 against the anchor",
        ),
        (
            {"not_worse": True, "slice": {"language": "de"}},
            "temporal.recall not worse than the baseline [language=de]",
        ),
    ],
)
def test_a_gate_that_compares_is_named_by_what_it_asks(gate: dict[str, Any], name: str) -> None:
    assert Gate.model_validate({"metric": "temporal.recall", **gate}).name == name


def test_the_interval_of_a_metric_stands_beside_the_value() -> None:
    metrics = {"temporal": {"recall": 0.75, "recall_ci95": [0.5, 0.9], "n": {"recall": 4}}}
    (verdict,) = judge([Gate(metric="temporal.recall", at_least=0.7)], metrics, _no_slice)
    assert verdict.interval == (0.5, 0.9)
    assert verdict.to_json()["interval"] == (0.5, 0.9)
    bare = {"temporal": {"recall": 0.75, "recall_ci95": None, "n": {"recall": 4}}}
    (verdict,) = judge([Gate(metric="temporal.recall", at_least=0.7)], bare, _no_slice)
    assert verdict.interval is None


def test_a_verdict_says_its_state_in_json() -> None:
    assert _verdict(metric="temporal.recall", at_least=0.7).to_json()["state"] == "passed"
    assert _verdict(metric="temporal.recall", at_least=0.8).to_json()["state"] == "failed"


def test_a_bound_needs_exactly_one_side() -> None:
    assert Bound(at_least=0.0).direction == ">="
    assert Bound(at_most=0.0).direction == "<="
    with pytest.raises(ValueError, match="exactly one"):
        Bound()
