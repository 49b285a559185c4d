"""Parts that several machines made become one run, or it is said what is missing or doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stindex.cli.merge import merge
from stindex.config import resolve_settings
from stindex.datasets import load_dataset
from stindex.errors import UserError
from stindex.llm import sources
from stindex.llm.base import Request
from stindex.llm.sources import Answerer
from stindex.runs.evaluation_run import Ending, EvaluationRun
from stindex.runs.merging import find_source, merge_runs
from stindex.runs.pulse import Pulse
from stindex.runs.sharding import shard_of
from stindex.schema import Generation

ANSWER = '{"temporal_mentions": [], "spatial_mentions": []}'


class EmptySource:
    """Finds nothing in any text."""

    def answers(self, requests: Any, *_: object) -> Iterator[tuple[Request, Generation]]:  # noqa: ANN401
        for request in requests:
            yield request, Generation(ANSWER, "stop", 3, 5, 0.1)

    def provenance(self) -> Mapping[str, Any]:
        return {"engine": "empty"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "find_answerer", lambda *_: Answerer("w", EmptySource))
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / "thresholds.yaml").write_text("run: []\n", encoding="utf-8")
    rows = [
        {"id": f"s{n}", "text": f"Text {n}.", "ground_truth": {"temporal": []}} for n in range(7)
    ]
    (tmp_path / "mine.json").write_text(json.dumps(rows), encoding="utf-8")
    return tmp_path


def _part(root: Path, shard: str | None, output: str, **settings: object) -> Path:
    given = {"model": "rules", "dataset": "mine.json", "geocoder": "none", "reference": False}
    if shard is not None:
        given["shard"] = shard
    resolved = resolve_settings({**given, "output_dir": output, **settings}, root)
    run = EvaluationRun(resolved, load_dataset(root / "mine.json"))
    pulse = Pulse()
    run.identify(shard_of(run.dataset, shard).samples, lambda _: None)
    run.own(lambda _: None, pulse)
    run.execute_alone()
    for sample in run.selected:
        run.evaluation(sample)
    run.finish(Ending())
    run.release()
    pulse.close()
    return root / output


def test_shards_hold_every_sample_once(root: Path) -> None:
    whole = load_dataset(root / "mine.json")
    parts = [shard_of(whole, f"{number}/3").samples for number in (1, 2, 3)]
    assert sorted(s.id for part in parts for s in part) == sorted(s.id for s in whole.samples)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_merged_shards_give_the_digits_of_the_whole(root: Path) -> None:
    whole = _part(root, None, "whole")
    parts = [_part(root, f"{number}/3", f"part{number}") for number in (1, 2, 3)]
    report, where = merge_runs(parts, root / "merged", root, lambda _: None)
    assert (report.status, report.partial, report.missing) == ("PASSED", False, ())
    expected = json.loads((find_source(whole).directory / "metrics_summary.json").read_text())
    merged = json.loads((where / "metrics_summary.json").read_text())
    assert merged["metrics"]["temporal"] == expected["metrics"]["temporal"]
    processes = merged["run"]["processes"]
    assert (processes["arrangement"], processes["count"]) == ("merged from 3 runs", 3)
    for number, part in enumerate(processes["merged"], 1):
        source = find_source(parts[number - 1]).run
        assert part == {
            "started_at": source["started_at"],
            "host": source["provenance"]["host"],
            "settings": {"shard": {"value": f"{number}/3", "source": "command line"}},
        }
    assert not (where / "lock").exists()


def test_a_missing_shard_and_a_doubled_one_are_incomplete(root: Path) -> None:
    parts = [_part(root, f"{number}/2", f"part{number}") for number in (1, 2)]
    report, _ = merge_runs(parts[:1], root / "missing", root, lambda _: None)
    assert (report.status, report.missing) == ("INCOMPLETE", ("s1", "s3", "s5"))
    again = _part(root, "2/2", "again")
    report, _ = merge_runs([*parts, again], root / "doubled", root, lambda _: None)
    assert report.status == "INCOMPLETE"
    assert "3 samples were answered twice: s1, s3, s5" in report.gates[0].reason


def test_the_verb_tells_programs_what_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    part = _part(root, "1/2", "part1")
    result = CliRunner().invoke(merge, [str(part), "--output-dir", "merged", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code, found["status"]) == (1, "INCOMPLETE")
    assert found["missing"] == ["s1", "s3", "s5"]
    assert Path(found["html"]).is_file()


def test_runs_of_different_identity_are_not_merged(root: Path) -> None:
    parts = [_part(root, "1/2", "one"), _part(root, "2/2", "two", max_tokens=7)]
    with pytest.raises(UserError, match=r"not a part of the same run.*max_tokens"):
        merge_runs(parts, root / "merged", root, lambda _: None)


def test_another_data_set_where_one_merges_is_refused(root: Path) -> None:
    part = _part(root, "1/2", "one")
    (root / "mine.json").write_text(
        json.dumps([{"id": "s0", "text": "Other.", "ground_truth": {"temporal": []}}])
    )
    with pytest.raises(UserError, match="dataset_hash"):
        merge_runs([part], root / "merged", root, lambda _: None)


def test_a_directory_without_a_run_is_one_sentence(root: Path) -> None:
    with pytest.raises(UserError, match="holds no run"):
        find_source(root / "cfg")


class Garbled:
    """Writes no JSON about the first sample, and finds nothing in the others."""

    def answers(self, requests: Any, *_: object) -> Iterator[tuple[Request, Generation]]:  # noqa: ANN401
        for request in requests:
            text = "none" if request.sample.id == "s0" else ANSWER
            yield request, Generation(text, "stop", 3, 5, 0.1)

    def provenance(self) -> Mapping[str, Any]:
        return {"engine": "garbled"}


def test_a_merged_run_says_which_samples_were_missed_and_why(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "find_answerer", lambda *_: Answerer("w", Garbled))
    _, where = merge_runs([_part(root, None, "whole")], root / "merged", root, lambda _: None)
    details = json.loads((where / "detailed_results.json").read_text())
    missed = {sample["id"]: sample["missed"] for sample in details["samples"]}
    assert missed.pop("s0")[0].startswith("invalid: ")
    assert set(map(tuple, missed.values())) == {()}
