"""Gates that compare: what passes, what fails, what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from stindex.comparison.judging import Question, answer_all
from stindex.comparison.verdicts import ComparedRuns, compare_runs
from stindex.gates import Comparisons, Gate, GateVerdict, judge
from stindex.scoring import aggregate

from .building import place_score, score, stored

F1 = "temporal.f1_score"


def _runs(count: int, worse: int, better: int = 0) -> ComparedRuns:
    """Return two runs over so many samples, of which the first ones got worse, the last better."""
    before = [score(f"s{n}", *((1, 1) if n >= count - better else (2, 0))) for n in range(count)]
    now = [score(f"s{n}", *((1, 1) if n < worse else (2, 0))) for n in range(count)]
    return compare_runs(stored(before, "before"), stored(now, "now"))


def _judged(
    runs: ComparedRuns, *gates: Mapping[str, Any], strict: bool = False, against: str = "baseline"
) -> list[GateVerdict]:
    metrics = aggregate(sample.score for sample in runs.current.samples.values())
    comparisons = Comparisons({against: runs}, lambda _: {"s0", "s1"}, strict)
    asked = [Gate.model_validate({"metric": F1, **gate}) for gate in gates]
    return judge(asked, metrics, lambda _: metrics, comparisons)


def test_a_loss_that_is_shown_fails_and_says_how_large_it_is() -> None:
    (verdict,) = _judged(_runs(100, worse=30), {"not_worse": True})
    assert (verdict.state, verdict.passed, verdict.kind) == ("failed", False, "not worse")
    assert verdict.reason.startswith("worse by 0.0811 on 100 paired samples (p = ")
    assert verdict.value == pytest.approx(2 * 170 / 370 - 1)
    assert verdict.value == pytest.approx((verdict.current or 0) - (verdict.baseline or 0))
    assert (verdict.threshold, verdict.direction, verdict.against) == (0.0, ">=", "before")
    assert verdict.interval is not None
    assert verdict.value is not None
    assert verdict.interval[0] < verdict.value < verdict.interval[1] < 0


def test_the_same_answers_pass_if_there_are_enough() -> None:
    (verdict,) = _judged(_runs(100, worse=0), {"not_worse": True})
    assert (verdict.state, verdict.reason) == ("passed", "")


def test_a_clear_gain_passes_however_few_samples() -> None:
    (verdict,) = _judged(_runs(20, worse=0, better=15), {"not_worse": True})
    assert verdict.state == "passed"


def test_too_few_samples_are_inconclusive_and_say_how_many_it_takes() -> None:
    (verdict,) = _judged(_runs(20, worse=2), {"not_worse": True})
    assert (verdict.state, verdict.passed) == ("inconclusive", True)
    assert "20 samples would show a loss of" in verdict.reason
    assert f"0.05 would take about {verdict.needed_n}" in verdict.reason
    assert (verdict.smallest_loss or 0) > 0.05
    assert (verdict.needed_n or 0) > 20


def test_strict_lets_no_gate_pass_that_cannot_tell() -> None:
    (verdict,) = _judged(_runs(20, worse=2), {"not_worse": True}, strict=True)
    assert (verdict.state, verdict.passed) == ("inconclusive", False)


def test_what_matters_is_the_users_to_say() -> None:
    runs = _runs(60, worse=4)
    (strict,) = _judged(runs, {"not_worse": True, "noticeable": 0.001})
    (lenient,) = _judged(runs, {"not_worse": True, "noticeable": 0.2})
    assert (strict.state, lenient.state) == ("inconclusive", "passed")


@pytest.mark.parametrize(
    ("worse", "state"), [(0, "passed"), (3, "passed"), (28, "inconclusive"), (80, "failed")]
)
def test_a_drop_fails_only_where_it_is_shown_to_be_larger_than_allowed(
    worse: int, state: str
) -> None:
    (verdict,) = _judged(_runs(100, worse=worse), {"max_drop": 0.08})
    assert verdict.state == state
    assert verdict.threshold == -0.08
    assert verdict.kind == "drop"


def test_a_failing_drop_names_what_was_allowed() -> None:
    (verdict,) = _judged(_runs(100, worse=80), {"max_drop": 0.08})
    assert "more than the 0.08 allowed" in verdict.reason


def test_fewer_than_the_minimum_are_inconclusive_however_bad() -> None:
    (verdict,) = _judged(_runs(20, worse=20), {"not_worse": True, "minimum_n": 21})
    assert verdict.state == "inconclusive"
    assert verdict.reason.startswith("n is 20, the gate needs 21")


def test_gates_are_decided_together() -> None:
    # 5 of 5 got worse: 2^-5 = 0.031 is enough for one gate and not for the first of five.
    runs = _runs(60, worse=5)
    (alone,) = _judged(runs, {"not_worse": True})
    assert alone.state == "failed"
    five = _judged(runs, *[{"not_worse": True, "metric": m} for m in (F1, *_OTHERS)])
    assert [verdict.state for verdict in five] != ["failed"] * 5
    assert not [verdict for verdict in five if verdict.state == "failed"]
    assert five[0].level == pytest.approx(0.05 / 5)


_OTHERS = ("temporal.recall", "temporal.value_f1", "overall.combined_f1", "overall.success_rate")


def test_gates_that_do_not_compare_keep_their_place_and_their_meaning() -> None:
    verdicts = _judged(
        _runs(100, worse=0), {"at_least": 0.9}, {"not_worse": True}, {"at_least": 2.0}
    )
    assert [verdict.kind for verdict in verdicts] == ["bound", "not worse", "bound"]
    assert [verdict.passed for verdict in verdicts] == [True, True, False]


def test_a_slice_is_compared_on_its_own_samples() -> None:
    (verdict,) = _judged(_runs(100, worse=2), {"not_worse": True, "slice": {"language": "de"}})
    assert verdict.n == 2
    assert verdict.current == pytest.approx(2 / 3)


def test_without_a_run_to_compare_with_a_gate_is_inconclusive_never_green_in_strict() -> None:
    gates = [Gate(metric=F1, not_worse=True)]
    (verdict,) = judge(gates, {}, lambda _: {}, None)
    assert (verdict.state, verdict.passed) == ("inconclusive", True)
    assert verdict.reason == "there is nothing to compare with; name a run with --baseline"
    (strict,) = judge(gates, {}, lambda _: {}, Comparisons({}, lambda _: (), strict=True))
    assert not strict.passed


def test_an_anchor_is_compared_with_where_a_gate_asks_for_it() -> None:
    gate = {"not_worse": True, "against": "anchor"}
    (verdict,) = _judged(_runs(100, worse=30), gate, against="anchor")
    assert verdict.state == "failed"
    assert verdict.name == f"{F1} not worse than the anchor"
    (verdict,) = _judged(_runs(100, worse=30), gate)
    assert verdict.reason.endswith("name a run with --anchor")


def test_of_a_distance_more_is_worse() -> None:
    before = [place_score(f"s{n}", [5.0 + n]) for n in range(30)]
    now = [place_score(f"s{n}", [60.0 + n]) for n in range(30)]
    metric = "spatial.median_distance_error_km"
    runs = compare_runs(stored(before), stored(now))
    worse, allowed = _judged(
        runs, {"metric": metric, "not_worse": True}, {"metric": metric, "max_drop": 100}
    )
    assert (worse.state, worse.direction, worse.threshold) == ("failed", "<=", 0.0)
    assert (allowed.state, allowed.threshold) == ("passed", 100.0)
    assert worse.reason.startswith("worse by 55")


def test_a_metric_that_only_the_baseline_has_fails() -> None:
    before, now = score("a", 1, 0), score("a", 0, 1)  # nothing is predicted any more
    runs = compare_runs(stored([before]), stored([now]))
    (verdict,) = _judged(runs, {"metric": "temporal.precision", "not_worse": True})
    assert verdict.state == "failed"
    assert verdict.reason == "temporal.precision is undefined here and 1 in the baseline"


def test_a_metric_that_no_sample_has_is_inconclusive() -> None:
    runs = compare_runs(stored([score("a", 1, 0)]), stored([score("a", 1, 0)]))
    (verdict,) = _judged(runs, {"metric": "spatial.f1_score", "max_drop": 0.1})
    assert verdict.state == "inconclusive"
    assert "no sample has it in both runs" in verdict.reason


def test_a_baseline_turns_a_run_red_though_no_gate_compares() -> None:
    verdicts = _judged(_runs(100, worse=30), {"at_least": 0.5})
    assert [(verdict.metric, verdict.state) for verdict in verdicts] == [
        (F1, "passed"),
        ("overall.combined_f1", "failed"),
        ("overall.success_rate", "passed"),
    ]
    assert len(_judged(_runs(100, worse=30), {"at_least": 0.5}, against="anchor")) == 1


def test_no_questions_no_answers() -> None:
    assert answer_all([]) == []


def test_no_loss_at_all_would_have_been_shown_by_two_samples() -> None:
    runs = compare_runs(*(stored([score("a", 1, 0), score("b", 1, 0)]) for _ in range(2)))
    (answer,) = answer_all([Question(runs.comparator.difference(F1))])
    assert "2 samples would show no loss at all, 0.05 would take about" in answer.reason
