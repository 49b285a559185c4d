"""How sure a difference is."""

from __future__ import annotations

import numpy as np
import pytest

from stindex.comparison.differences import Comparator, Difference
from stindex.comparison.pairing import Pairing, paired
from stindex.comparison.verdicts import compare_runs, difference_json, verdict_of
from stindex.schema import Outcome
from stindex.scoring import SampleScore

from .building import place_score, score, stored

F1 = "temporal.f1_score"


def _pairing(before: list[SampleScore], now: list[SampleScore]) -> Pairing:
    return paired({one.sample_id: one for one in before}, {one.sample_id: one for one in now})


def _runs(count: int, worse: int, better: int = 0) -> Pairing:
    """Return two runs over so many samples, of which some got worse and some better."""
    before, now = [], []
    for number in range(count):
        name = f"s{number}"
        first = (1, 1) if number >= count - better else (2, 0)
        second = (1, 1) if number < worse else (2, 0)
        before.append(score(name, *first))
        now.append(score(name, *second))
    return _pairing(before, now)


def _difference(pairing: Pairing, metric: str = F1) -> Difference:
    return Comparator(pairing).difference(metric)


def test_a_clear_loss_is_worse_and_the_other_way_round_better() -> None:
    assert verdict_of(_difference(_runs(40, worse=20))) == "worse"
    assert verdict_of(_difference(_runs(40, worse=0, better=20))) == "better"


def test_the_same_answers_are_not_distinguishable_if_there_are_enough() -> None:
    assert verdict_of(_difference(_runs(100, worse=0))) == "not distinguishable"
    few = _difference(_runs(10, worse=0))
    assert verdict_of(few) == "inconclusive"
    assert few.interval() == pytest.approx((-0.3085, 0.3085), abs=1e-4)


def test_four_samples_that_got_worse_are_not_enough_though_the_bootstrap_thinks_so() -> None:
    difference = _difference(_runs(200, worse=4))
    interval = difference.interval()
    assert interval is not None
    assert interval[1] <= 0
    assert difference.p_worse() == pytest.approx(2**-4, abs=0.02)
    assert verdict_of(difference) == "not distinguishable"


def test_the_interval_is_that_of_a_paired_difference() -> None:
    # Documents differ much from each other and little between the runs: pairing must see that.
    before = [score(f"s{n}", n % 8, 8 - n % 8) for n in range(80)]
    now = [score(f"s{n}", max(n % 8 - (n % 2), 0), 8 - max(n % 8 - (n % 2), 0)) for n in range(80)]
    low, high = _difference(_pairing(before, now), "temporal.recall").interval() or (0, 0)
    gains = np.array([-(n % 2) / 8 for n in range(80)])
    theory = 1.96 * gains.std() / np.sqrt(80)
    assert (high - low) / 2 == pytest.approx(theory, rel=0.1)
    assert (low + high) / 2 == pytest.approx(gains.mean(), abs=0.005)


def test_documents_are_drawn_not_samples() -> None:
    def runs(document: bool) -> Pairing:
        before, now = [], []
        for n in range(60):
            name, shared = f"s{n}", f"d{n // 6}" if document else None
            before.append(score(name, 2, 0, document=shared))
            now.append(score(name, *((1, 1) if n < 30 else (2, 0)), document=shared))
        return _pairing(before, now)

    alone, shared = _difference(runs(document=False)), _difference(runs(document=True))
    assert (alone.units, shared.units) == (60, 10)
    assert alone.n == shared.n == 60
    wide = np.subtract(*(shared.interval() or (0, 0)))
    narrow = np.subtract(*(alone.interval() or (0, 0)))
    assert wide < 2 * narrow < 0  # both are negative: low - high


def test_the_same_runs_always_give_the_same_figures() -> None:
    first, second = (_difference(_runs(30, worse=4)) for _ in range(2))
    assert first.interval() == second.interval()
    assert first.p_worse() == second.p_worse()


def test_a_distance_is_better_when_it_is_smaller() -> None:
    before = [place_score(f"s{n}", [5.0 + n]) for n in range(30)]
    now = [place_score(f"s{n}", [60.0 + n]) for n in range(30)]
    metric = "spatial.median_distance_error_km"
    assert verdict_of(_difference(_pairing(before, now), metric)) == "worse"
    assert verdict_of(_difference(_pairing(now, before), metric)) == "better"


def test_distances_that_did_not_change_say_something_only_if_there_are_many() -> None:
    metric = "spatial.median_distance_error_km"
    few = [place_score(f"s{n}", [5.0 + n]) for n in range(20)]
    many = [place_score(f"s{n}", [5.0 + n]) for n in range(100)]
    assert _difference(_pairing(few, few), metric).interval() is None
    assert verdict_of(_difference(_pairing(few, few), metric)) == "inconclusive"
    assert _difference(_pairing(many, many), metric).interval() == (0.0, 0.0)
    assert verdict_of(_difference(_pairing(many, many), metric)) == "not distinguishable"


def test_flipped_samples_are_named_for_each_metric_and_for_the_run() -> None:
    before = [score("a", 2, 0), score("b", 1, 1), score("c", 1, 0)]
    now = [score("a", 1, 1), score("b", 2, 0), score("c", 1, 0, values=["1999"])]
    compared = compare_runs(stored(before), stored(now))
    assert compared.fixed == ("b",)
    assert compared.broken == ("a", "c")
    flips = compared.comparator.flips(F1)
    assert (flips.improved, flips.worsened) == (("b",), ("a",))
    assert compared.comparator.flips("temporal.value_f1").worsened == ("a", "c")
    found = compared.comparator.flips("temporal.normalization_accuracy")
    assert found.worsened == ("c",)


def test_an_answer_that_is_not_valid_any_more_is_broken() -> None:
    before, now = score("a", 0, 0), score("a", 0, 0, outcome=Outcome.INVALID)
    assert compare_runs(stored([before]), stored([now])).broken == ("a",)


def test_undefined_metrics_are_left_out_of_the_comparison() -> None:
    shown = compare_runs(stored([score("a", 1, 0)]), stored([score("a", 1, 0)])).to_json()
    names = [metric["name"] for metric in shown["metrics"]]
    assert F1 in names
    assert not [name for name in names if name.startswith("spatial.")]


def test_a_difference_says_what_it_takes() -> None:
    found = difference_json(_difference(_runs(40, worse=3)), 0.1)
    assert found["allowed_drop"] == 0.1
    assert 0.05 < found["smallest_loss"] < 0.3
    assert found["needed_n"] > 40
    assert found["ci95"][0] < found["difference"] < found["ci95"][1]


def test_one_sample_alone_shows_nothing() -> None:
    found = difference_json(_difference(_runs(1, worse=1)))
    assert found["verdict"] == "inconclusive"
    assert found["smallest_loss"] == 1.0
    assert found["ci95"] == [-1.0, pytest.approx(0.642, abs=0.001)]


def test_where_every_sample_changed_alike_the_interval_is_exact() -> None:
    difference = _difference(_runs(20, worse=20))
    low, high = difference.interval() or (0.0, 0.0)
    assert high - (difference.observed or 0) == pytest.approx(1 - 0.025 ** (1 / 20))
    assert low == pytest.approx(2 * (difference.observed or 0) - high)
