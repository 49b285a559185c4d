"""The F1 that a running evaluation shows is the one of the samples so far."""

from __future__ import annotations

import random

from stindex.scoring import SampleScore, aggregate
from stindex.scoring.running import RunningF1
from tests.scoring.corpora import scored


def _scores() -> list[SampleScore]:
    chance = random.Random(20240506)
    return [scored(chance, number) for number in range(30)]


def test_it_is_the_f1_of_the_metrics_after_each_sample() -> None:
    running, seen = RunningF1(), []
    for score in _scores():
        running.add(score)
        seen.append(score)
        metrics = aggregate(seen)
        for name in ("temporal", "spatial"):
            assert running.value(name) == metrics[name]["f1_score"]


def test_it_shows_three_digits_and_a_dash_where_nothing_was_seen() -> None:
    running = RunningF1()
    assert str(running) == "temporal -, spatial -"
    for score in _scores():
        running.add(score)
    shown = [f"{name} {running.value(name):.3f}" for name in ("temporal", "spatial")]
    assert str(running) == ", ".join(shown)
