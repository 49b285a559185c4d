"""The benchmark of the gates: what it mixes, what it simulates, what its figures are."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gates import main, mixed_pair, without_repeats
from benchmarks.simulated_runs import Model, expected_f1, simulated_pair, with_loss
from stindex.scoring import aggregate

from .building import score


def test_mixed_runs_take_each_answer_from_two_different_runs() -> None:
    ids = [f"s{number}" for number in range(30)]
    # Of run k, k dates are right: the score says which run it comes from.
    runs = [{i: score(i, right, 3 - right) for i in ids} for right in range(3)]
    pairing = mixed_pair(runs, np.random.default_rng(1))
    chosen = [
        tuple(one.dimensions["temporal"].counts["true_positives"] for one in two)
        for two in zip(pairing.baseline, pairing.current, strict=True)
    ]
    assert all(before != now for before, now in chosen)
    assert {before for before, _ in chosen} == {now for _, now in chosen} == {0, 1, 2}


def test_a_run_with_repeats_is_as_many_runs() -> None:
    ids = ("a", "a#2", "b", "b#2", "c#7")
    runs = without_repeats({i: score(i, 1, 1) for i in ids})
    assert [sorted(run) for run in runs] == [["a", "b", "c#7"], ["a", "b"]]
    assert runs[1]["a"].sample_id == "a"


def test_a_model_that_has_lost_five_points_scores_five_points_less() -> None:
    same = Model()
    worse = with_loss(same, 0.05)
    assert expected_f1(same) - expected_f1(worse) == pytest.approx(0.05, abs=1e-6)
    pairing = simulated_pair(4_000, same, worse, np.random.default_rng(1))
    values = [aggregate(run)["temporal"]["f1_score"] for run in (pairing.baseline, pairing.current)]
    assert values[0] - values[1] == pytest.approx(0.05, abs=0.01)
    assert values[0] == pytest.approx(expected_f1(same), abs=0.01)


def test_a_single_run_makes_no_pair(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gates", "--repeats", "one"])
    monkeypatch.setattr("benchmarks.gates.stored_scores", lambda _: [{"a": score("a", 1, 1)}])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "name a run with repeats, or two" in capsys.readouterr().err
