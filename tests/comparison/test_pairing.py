"""Which samples and which mentions two runs are compared on."""

from __future__ import annotations

from dataclasses import replace

from stindex.comparison.differences import comparable_metrics, compared
from stindex.comparison.pairing import Pairing, paired
from stindex.comparison.quantities import HEADLINE, is_share, lower_is_better, over_pairs
from stindex.schema import Outcome
from stindex.scoring import SampleScore, aggregate, metric_names, metric_value

from .building import place_score, score


def _paired(before: list[SampleScore], now: list[SampleScore]) -> Pairing:
    return paired({one.sample_id: one for one in before}, {one.sample_id: one for one in now})


def test_samples_are_paired_by_id_whatever_their_order() -> None:
    pairing = _paired([score("a", 1, 0), score("b", 2, 0)], [score("b", 1, 1), score("c", 1, 0)])
    assert [s.sample_id for s in pairing.baseline] == ["b"]
    assert [s.sample_id for s in pairing.current] == ["b"]


def test_what_was_found_is_compared_on_what_both_found() -> None:
    # The baseline finds both places, one of them far off; the current run only the easy one.
    before, now = place_score("a", [10.0, 4000.0]), place_score("a", [10.0, None])
    assert metric_value(aggregate([before]), "spatial.accuracy_at_161km") == 0.5
    assert metric_value(aggregate([now]), "spatial.accuracy_at_161km") == 1.0
    found = compared(_paired([before], [now]).on_common_gold(), resamples=10)
    assert found["spatial.accuracy_at_161km"].baseline == 1.0
    assert found["spatial.accuracy_at_161km"].current == 1.0
    end_to_end = compared(_paired([before], [now]), resamples=10)
    assert end_to_end["spatial.accuracy_at_161km_end_to_end"].observed == 0.0


def test_a_reduced_score_gives_the_metrics_of_its_pairs() -> None:
    scores = [score("a", 3, 0, values=["1999", "2001", "2002"]), score("b", 2, 1)]
    own = _paired(scores, scores).on_common_gold()
    whole, reduced = aggregate(scores), aggregate(own.current)
    for metric in comparable_metrics():
        if over_pairs(metric):
            assert metric_value(reduced, metric) == metric_value(whole, metric), metric


def test_a_sample_in_which_nothing_is_common_takes_no_part() -> None:
    pairing = _paired([score("a", 0, 2), score("b", 1, 0)], [score("a", 2, 0), score("b", 1, 0)])
    assert [one.sample_id for one in pairing.on_common_gold().current] == ["b"]


def test_n_counts_the_samples_that_are_annotated() -> None:
    bare = replace(score("x", 0, 0), dimensions={}, outcome=Outcome.OK)
    pairing = _paired([score("a", 1, 0), bare], [score("a", 1, 0), bare])
    assert pairing.taking_part("temporal.f1_score") == 1
    assert pairing.taking_part("spatial.f1_score") == 0
    assert pairing.taking_part("overall.success_rate") == 2


def test_every_metric_that_can_be_compared_exists_and_the_headline_can_be() -> None:
    assert set(comparable_metrics()) <= set(metric_names())
    assert set(HEADLINE) <= set(comparable_metrics())


def test_errors_and_times_are_better_when_lower_and_no_shares_but_auc_is_one() -> None:
    assert lower_is_better("spatial.point.median_distance_error_km")
    assert lower_is_better("spatial.auc")
    assert not lower_is_better("spatial.accuracy_at_161km_areal_end_to_end")
    assert is_share("spatial.auc")
    assert not is_share("spatial.mean_distance_error_km")
