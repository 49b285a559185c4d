"""Repeats: the noise of the model's sampling is told apart from that of the data."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from statistics import fmean, stdev

import numpy as np
import pytest

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, TemporalMention
from stindex.scoring import SampleScore, aggregate, score_sample
from stindex.scoring.dimension import Measure
from stindex.scoring.intervals import run_metrics
from stindex.scoring.repeats import all_of, any_of, noise, repeat_metrics, sentence, spread
from tests.scoring.corpora import scored

GOLD = tuple(TemporalMention("May", "2001-05", "DATE", 9 * i, 9 * i + 3) for i in range(4))


def answer(sample: int, right: int, outcome: Outcome = Outcome.OK) -> SampleScore:
    """Return the score of an answer that finds some of a sample's four mentions."""
    layers = {"temporal": GoldLayer(GOLD)}
    prediction = Prediction({"temporal": GOLD[:right]})
    return score_sample(Sample(f"{sample:04}", "", layers), prediction, outcome)


def simulated(
    chance: random.Random, samples: int, repeats: int, *, fickle: bool, varied: bool
) -> list[list[SampleScore]]:
    """Return repeats of a run by a model that is fickle or not, on data that vary or not."""
    ease = [chance.choice((0.2, 0.9)) if varied else 0.5 for _ in range(samples)]
    fixed = [round(4 * each) for each in ease]

    def right(sample: int) -> int:
        if not fickle:
            return fixed[sample]
        return sum(chance.random() < ease[sample] for _ in range(4))

    return [[answer(sample, right(sample)) for sample in range(samples)] for _ in range(repeats)]


def test_the_mean_is_that_of_the_repeats() -> None:
    chance = random.Random(1)
    runs = [[scored(chance, number) for number in range(30)] for _ in range(4)]
    found = repeat_metrics(runs, resamples=200)
    json.dumps(found, allow_nan=False)
    for name in ("temporal.f1_score", "spatial.auc", "overall.success_rate"):
        block, key = name.split(".")
        values = [aggregate(run)[block][key] for run in runs]
        assert found["metrics"][name]["mean"] == pytest.approx(fmean(values))
        assert found["metrics"][name]["sd_of_one_run"] == pytest.approx(stdev(values))
        low, high = found["metrics"][name]["mean_ci95"]
        assert low < fmean(values) < high
    assert (found["repeats"], found["samples"]) == (4, 30)


def test_a_model_without_chance_has_only_the_noise_of_the_data() -> None:
    runs = simulated(random.Random(2), 60, 3, fickle=False, varied=True)
    metric = repeat_metrics(runs)["metrics"]["temporal.f1_score"]
    assert metric["sd_of_one_run"] == metric["sd_sampling"] == 0.0
    assert metric["sd_data"] == metric["sd"] > 0.0
    low, high = metric["mean_ci95"]
    alone = run_metrics(runs[0])["temporal"]["f1_score_ci95"]
    # Three times the same answers are no more data than one.
    assert (low, high) == pytest.approx(tuple(alone))


def test_data_without_variety_have_only_the_noise_of_the_model() -> None:
    runs = simulated(random.Random(3), 400, 8, fickle=True, varied=False)
    found = repeat_metrics(runs)
    metric = found["metrics"]["temporal.f1_score"]
    assert metric["sd_data"] < 0.6 * metric["sd"]
    assert metric["sd_sampling"] == pytest.approx(metric["sd_of_one_run"] / math.sqrt(8))
    within = found["within_samples"]["temporal_f1_score"]
    assert within["sd_between"] < 0.4 * within["sd_within"]


def test_more_repeats_make_the_interval_shorter_down_to_the_noise_of_the_data() -> None:
    def width(repeats: int) -> float:
        runs = simulated(random.Random(4), 200, repeats, fickle=True, varied=True)
        low, high = repeat_metrics(runs, resamples=400)["metrics"]["temporal.f1_score"]["mean_ci95"]
        return float(high - low)

    once, often = width(1), width(12)
    assert often < once
    floor = simulated(random.Random(4), 200, 1, fickle=False, varied=True)
    low, high = run_metrics(floor[0])["temporal"]["f1_score_ci95"]
    assert often > 0.7 * (high - low)


def test_pooled_answers_are_drawn_with_their_samples() -> None:
    runs = simulated(random.Random(5), 50, 4, fickle=False, varied=True)
    pooled = run_metrics([score for run in runs for score in run])
    alone = run_metrics(runs[0])
    assert pooled["temporal"]["f1_score_ci95"] == pytest.approx(alone["temporal"]["f1_score_ci95"])


def test_spread_within_and_between_samples_is_found_again() -> None:
    generator = np.random.default_rng(6)
    means = generator.normal(0.5, 0.2, 4000)
    values: Sequence[Sequence[float]] = [
        [float(x) for x in generator.normal(mean, 0.1, 5)] for mean in means
    ]
    found = spread(values)
    assert found["mean"] == pytest.approx(0.5, abs=0.01)
    assert found["sd_within"] == pytest.approx(0.1, abs=0.005)
    assert found["sd_between"] == pytest.approx(0.2, abs=0.01)


def test_spread_needs_two_of_what_it_is_of() -> None:
    nothing = {"mean": None, "sd_within": None, "sd_between": None}
    assert spread([]) == nothing
    assert spread([[0.5], [0.7]]) == {**nothing, "mean": pytest.approx(0.6)}
    assert spread([[0.5, 0.7]])["sd_between"] is None


@pytest.mark.parametrize("answers", range(1, 7))
def test_chances_are_those_of_all_selections(answers: int) -> None:
    for right in range(answers + 1):
        drawn = [1] * right + [0] * (answers - right)
        for k in range(1, answers + 1):
            selections = list(combinations(drawn, k))
            assert any_of(answers, right, k) == pytest.approx(fmean(map(max, selections)))
            assert all_of(answers, right, k) == pytest.approx(fmean(map(min, selections)))


def test_validity_is_told_for_one_answer_and_for_several() -> None:
    bad = Outcome.INVALID
    runs = [
        [answer(1, 4), answer(2, 4, bad), *(answer(n, 4) for n in range(3, 21))],
        [answer(1, 4), answer(2, 4), *(answer(n, 4, bad) for n in range(3, 21))],
    ]
    valid = repeat_metrics(runs, resamples=200)["valid_at"]
    assert valid["1"]["any"] == valid["1"]["all"] == pytest.approx((1 + 19 * 0.5) / 20)
    assert (valid["2"]["any"], valid["2"]["all"]) == (1.0, pytest.approx(1 / 20))
    assert valid["2"]["any_ci95"] == [pytest.approx(0.025 ** (1 / 20)), 1.0]


def test_chances_are_of_samples_and_their_intervals_of_documents() -> None:
    run = [replace(answer(n, 4), document_id=f"d{n % 2}") for n in range(8)]
    valid = repeat_metrics([run], resamples=50)["valid_at"]["1"]
    assert valid["any"] == valid["all"] == 1.0
    assert valid["any_ci95"] == [pytest.approx(0.025 ** (1 / 2)), 1.0]


def test_the_same_answers_always_have_the_same_intervals() -> None:
    bad = {5, 9, 11}
    run = [answer(n, n % 5, Outcome.INVALID if n in bad else Outcome.OK) for n in range(20)]
    found = [repeat_metrics([run, run[:15]], resamples=100, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1]
    assert found[0]["valid_at"] != found[2]["valid_at"]


def test_an_answer_that_was_not_measured_is_no_answer() -> None:
    runs = [[answer(1, 4), answer(2, 4)], [answer(1, 4), answer(2, 4, Outcome.ERROR)]]
    valid = repeat_metrics(runs, resamples=20)["valid_at"]
    assert valid["2"]["any"] == 1.0
    assert repeat_metrics(runs, resamples=20)["within_samples"]["valid"]["sd_within"] == 0.0


def test_one_run_has_no_noise_of_sampling() -> None:
    metric = repeat_metrics([[answer(n, n % 5) for n in range(20)]], resamples=50)["metrics"]
    assert metric["temporal.f1_score"]["sd_sampling"] is None
    assert "spatial.f1_score" not in metric
    with pytest.raises(ValueError, match="no repeats"):
        repeat_metrics([])


def test_a_metric_without_an_interval_still_has_its_noise() -> None:
    """Two documents bound no mean of distances."""
    resampled = [Measure(np.array(values), 2) for values in ([1.0, 3.0], [3.0, 5.0])]
    found = noise("spatial.mean_distance_error_km", [2.0, 4.0], resampled)
    assert found is not None
    assert "mean_ci95" not in found
    assert found["mean"] == 3
    assert found["sd_of_one_run"] == pytest.approx(math.sqrt(2))
    assert found["sd_sampling"] == pytest.approx(1)
    assert found["sd"] == pytest.approx(math.sqrt(2))
    assert found["sd_data"] == pytest.approx(1)


def test_a_metric_that_a_repeat_lacks_has_no_noise() -> None:
    resampled = [Measure(np.array([1.0, 3.0]), 2)] * 2
    assert noise("temporal.f1_score", [0.5, None], resampled) is None


def test_the_noise_is_told_in_words() -> None:
    runs = simulated(random.Random(9), 40, 3, fickle=True, varied=True)
    found = repeat_metrics(runs, resamples=50)
    said = sentence(found)
    assert said.startswith("3 answers to each of 40 samples: ")
    assert f"{found['metrics']['overall.combined_f1']['sd_of_one_run']:.3f}" in said
    nothing = repeat_metrics([[answer(1, 1)]], resamples=50)
    assert sentence(nothing) == "1 answers to each of 1 samples."
