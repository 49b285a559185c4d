"""Several runs ranked: which differences are real."""

from __future__ import annotations

import pytest

from stindex.comparison.leaderboard import leaderboard
from stindex.comparison.stored_scores import StoredScores
from stindex.errors import UserError

from .building import place_score, score, stored

F1 = "temporal.f1_score"


def _run(name: str, wrong: int, count: int = 80) -> StoredScores:
    """Return a run that misses a date in so many of its samples."""
    return stored([score(f"s{n}", *((1, 1) if n < wrong else (2, 0))) for n in range(count)], name)


def test_runs_stand_in_order_and_share_a_rank_where_no_difference_is_real() -> None:
    board = leaderboard([_run("bad", 70), _run("good", 10), _run("nearly", 12)], F1)
    assert [place.run.run_id for place in board.places] == ["good", "nearly", "bad"]
    assert [(place.best, place.worst) for place in board.places] == [(1, 2), (1, 2), (3, 3)]
    assert [place.better_than for place in board.places] == [(0,), (0,), ()]
    assert {(pair.first, pair.second) for pair in board.pairs if pair.real} == {(0, 1), (0, 2)}


def test_every_value_lies_in_its_interval() -> None:
    for place in leaderboard([_run("a", 10), _run("b", 30)], F1).places:
        assert place.interval is not None
        assert place.value is not None
        assert place.interval[0] <= place.value <= place.interval[1]


def test_many_runs_of_the_same_quality_have_no_real_differences() -> None:
    runs = [
        stored([score(f"s{n}", *((1, 1) if n % 7 == k else (2, 0))) for n in range(70)], f"r{k}")
        for k in range(5)
    ]
    board = leaderboard(runs, F1)
    assert len(board.pairs) == 10
    assert not [pair for pair in board.pairs if pair.real]
    assert {(place.best, place.worst) for place in board.places} == {(1, 5)}


def test_only_shared_samples_count() -> None:
    board = leaderboard([_run("a", 0, 40), _run("b", 0, 30), _run("c", 0, 20)], F1)
    assert board.n == 20
    with pytest.raises(UserError, match="no sample in common"):
        leaderboard([_run("a", 0), stored([score("z", 1, 0)], "b"), _run("c", 0)], F1)


def test_of_distances_the_smallest_is_first() -> None:
    runs = [
        stored([place_score(f"s{n}", [km + n]) for n in range(30)], f"{km}") for km in (50, 5, 500)
    ]
    board = leaderboard(runs, "spatial.median_distance_error_km")
    assert [place.run.run_id for place in board.places] == ["5", "50", "500"]
    assert board.places[0].better_than == (0, 2)


def test_the_json_names_runs_by_their_ids() -> None:
    found = leaderboard([_run("a", 0), _run("b", 60)], F1).to_json()
    assert [run["id"] for run in found["runs"]] == ["a", "b"]
    assert found["runs"][0]["better_than"] == ["b"]
    assert found["pairs"][0]["real"]
    assert found["runs"][1]["rank"] == [2, 2]
