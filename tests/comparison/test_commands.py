"""`stindex compare` and `stindex baseline save`, called as a user does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stindex.cli import main
from stindex.comparison.baselines import save_baseline

from .building import score, stored

Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Return what calls a verb in a directory with three saved runs: good, fair and bad."""
    monkeypatch.chdir(tmp_path)
    for name, wrong in (("good", 0), ("fair", 20), ("bad", 60)):
        scores = [score(f"s{n}", *((1, 1) if n < wrong else (2, 0))) for n in range(60)]
        save_baseline(stored(scores, name), {}, tmp_path / f"{name}.jsonl")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["stindex", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_two_runs_are_a_table_of_differences(verb: Verb) -> None:
    status, out, _ = verb("compare", "good.jsonl", "bad.jsonl")
    assert status == 0
    assert out.startswith("against tiny (good), 60 paired samples\n")
    assert "▼ worse" in out
    assert "60 samples broken" in out


def test_two_runs_as_json_have_the_keys_of_the_reports(verb: Verb) -> None:
    status, out, _ = verb("compare", "bad.jsonl", "good.jsonl", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["baseline"]["id"] == "bad"
    verdicts = {metric["name"]: metric["verdict"] for metric in found["metrics"]}
    assert verdicts["temporal.f1_score"] == "better"
    assert len(found["fixed"]) == 60


def test_a_loss_is_status_1_where_asked_for(verb: Verb) -> None:
    assert verb("compare", "good.jsonl", "bad.jsonl", "--fail-on-worse")[0] == 1
    assert verb("compare", "bad.jsonl", "good.jsonl", "--fail-on-worse")[0] == 0


def test_several_runs_are_ranked(verb: Verb) -> None:
    status, out, _ = verb(
        "compare", "bad.jsonl", "good.jsonl", "fair.jsonl", "--metric", "temporal.recall"
    )
    assert status == 0
    rows = [line for line in out.splitlines() if "tiny (" in line]
    assert [row.split("(")[1].split(")")[0] for row in rows] == ["good", "fair", "bad"]
    assert rows[0].endswith("2., 3.")
    assert rows[2].endswith("none")
    _, out, _ = verb("compare", "bad.jsonl", "good.jsonl", "fair.jsonl", "--json")
    (board,) = json.loads(out)
    assert [run["rank"] for run in board["runs"]] == [[1, 1], [2, 2], [3, 3]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["good.jsonl"], "name two or more"),
        (["good.jsonl", "nothing"], "nothing: neither the directory"),
        (
            ["good.jsonl", "bad.jsonl", "--metric", "temporal.f1"],
            "or `temporal.f1_score`?",
        ),
        (["good.jsonl", "bad.jsonl", "fair.jsonl", "--html", "x.html"], "about two runs"),
        (["good.jsonl", "bad.jsonl", "fair.jsonl", "--fail-on-worse"], "about two runs"),
        (["good.jsonl", "other.jsonl"], "run good: is over another data set"),
        (["good.jsonl", "bad.jsonl", "--html", "x.html"], "--html needs a run's directory"),
    ],
)
def test_what_cannot_be_compared_is_status_4_and_a_sentence(
    verb: Verb, tmp_path: Path, arguments: list[str], said: str
) -> None:
    save_baseline(stored([score("z", 1, 0)], "other"), {}, tmp_path / "other.jsonl")
    status, _, err = verb("compare", *arguments)
    assert status == 4
    assert said in err
    assert err.count("\n") == 1


def test_help_has_an_example(verb: Verb) -> None:
    for arguments in (["compare"], ["baseline"], ["baseline", "save"]):
        status, out, _ = verb(*arguments, "--help")
        assert status == 0
        assert "Example: stindex" in out


def test_a_run_that_is_not_there_cannot_be_saved(verb: Verb) -> None:
    status, _, err = verb("baseline", "save", "nothing", "b.jsonl")
    assert status == 4
    assert "nothing" in err
