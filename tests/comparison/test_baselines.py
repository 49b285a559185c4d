"""Baselines: what is kept, what is read back, and what is refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stindex.comparison.baselines import BASELINE_FILE, find_baseline, save_baseline
from stindex.comparison.content import answer_hash, gold_hash
from stindex.comparison.stored_scores import run_head
from stindex.errors import UserError
from stindex.schema import Outcome

from .building import IDENTITY, score, stored

SECRET = "a secret of the text"
GOLD = {"temporal_mentions": [{"text": "2000", "normalized": "2000", "start_char": 0}]}


def _detail(sample_id: str, **changed: object) -> dict[str, object]:
    one = score(sample_id, 1, 0)
    return {
        "id": sample_id,
        "content": "c",
        "outcome": "ok",
        "gold": GOLD,
        "raw_text": SECRET,
        "score": one.to_json(),
        **changed,
    }


def _run_json(**changed: object) -> dict[str, object]:
    return {
        "schema_version": 1,
        "id": "tiny-1",
        "status": "PASSED",
        "identity": IDENTITY,
        "settings": {"batch_size": {"value": 4, "source": "default"}, "dataset": {"value": "/x/y"}},
        "provenance": {"command": "pytest /home/me", "host": "mine", "python": "3.11"},
        **changed,
    }


def _write_run(directory: Path, details: list[dict[str, object]], **run: object) -> Path:
    directory.mkdir(parents=True)
    (directory / "run.json").write_text(json.dumps(_run_json(**run)), encoding="utf-8")
    rows = ",\n".join(json.dumps(detail) for detail in details)
    head = '{"schema_version": 1, "run_id": "tiny-1", "samples": [\n'
    (directory / "detailed_results.json").write_text(f"{head}{rows}\n]}}\n", encoding="utf-8")
    return directory


def _saved(directory: Path) -> Path:
    run = stored([score("a", 1, 1), score("b", 0, 1, outcome=Outcome.INVALID)])
    return save_baseline(run, {"temporal": {"f1_score": 0.5}}, directory / "b.jsonl")


def test_a_run_is_found_by_directory_and_by_id(tmp_path: Path) -> None:
    _write_run(tmp_path / "reports" / "tiny-1", [_detail("a"), _detail("b")])
    for named in ("reports/tiny-1", "tiny-1", str(tmp_path / "reports" / "tiny-1")):
        found = find_baseline(named, tmp_path, tmp_path / "reports")
        assert (found.run_id, found.model, list(found.samples)) == ("tiny-1", "tiny", ["a", "b"])
        assert found.details["b"]["raw_text"] == SECRET
        assert found.samples["a"].gold == gold_hash(GOLD)
        assert found.samples["a"].answer == answer_hash(SECRET)


def test_a_selection_is_found_where_there_is_no_whole(tmp_path: Path) -> None:
    _write_run(tmp_path / "tiny-1" / "partial", [_detail("a")])
    assert list(find_baseline("tiny-1", tmp_path, tmp_path).samples) == ["a"]


def test_what_was_saved_comes_back_and_holds_no_text(tmp_path: Path) -> None:
    _write_run(tmp_path / "tiny-1", [_detail("a"), _detail("ü\n")])
    run = find_baseline("tiny-1", tmp_path, tmp_path)
    path = save_baseline(run, {"temporal": {"f1_score": 1.0}}, tmp_path / "kept" / "b.jsonl")
    again = find_baseline("kept/b.jsonl", tmp_path, tmp_path)
    assert again.samples == run.samples
    assert again.run == run.run
    assert not again.details
    content = path.read_text(encoding="ascii")
    for private in (SECRET, "2000", "/home/me", 'mine"', "/x/y"):
        assert private not in content.replace("mine.json", "")


def test_the_same_run_is_saved_as_the_same_bytes(tmp_path: Path) -> None:
    assert _saved(tmp_path).read_bytes() == _saved(tmp_path).read_bytes()


def test_a_directory_gets_a_file_of_the_usual_name(tmp_path: Path) -> None:
    run = stored([score("a", 1, 1)])
    assert save_baseline(run, {}, tmp_path) == tmp_path / BASELINE_FILE
    assert save_baseline(run, {}, tmp_path / "new") == tmp_path / "new" / BASELINE_FILE
    assert find_baseline("new", tmp_path, tmp_path).run_id == "run"


def test_a_baseline_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be written .* name another file"):
        save_baseline(stored([score("a", 1, 1)]), {}, tmp_path / "file" / "b.jsonl")


def test_a_head_keeps_settings_as_values_and_nothing_private() -> None:
    head = run_head(_run_json())
    assert head["settings"] == {"batch_size": 4, "device": None}
    assert head["provenance"] == {"python": "3.11", "source": {}}


@pytest.mark.parametrize(
    ("details", "run", "said"),
    [
        ([_detail("a")], {"status": "INCOMPLETE"}, "this run is INCOMPLETE; finish it"),
        ([_detail("a")], {"status": "RUNNING"}, "this run is RUNNING"),
        ([_detail("a", outcome=None)], {}, "sample 'a' was not measured"),
        ([_detail("a", outcome="error")], {}, "sample 'a' was not measured"),
        ([_detail("a", score={"version": 99})], {}, "sample 'a' cannot be read .*--rescore"),
        ([_detail("a", score=None)], {}, "sample 'a' cannot be read"),
        ([_detail("a", score=score("b", 1, 0).to_json())], {}, "that of another sample"),
        ([_detail("a", gold=[])], {}, "sample 'a' cannot be read"),
        ([], {}, "has no samples|not as stindex writes"),
        ([_detail("a")], {"schema_version": 99}, "99"),
    ],
)
def test_a_run_that_is_no_baseline_is_refused(
    tmp_path: Path, details: list[dict[str, object]], run: dict[str, object], said: str
) -> None:
    _write_run(tmp_path / "tiny-1", details, **run)
    with pytest.raises(UserError, match=said):
        find_baseline("tiny-1", tmp_path, tmp_path)


def test_nothing_of_that_name_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing: neither the directory of a run nor an id"):
        find_baseline("nothing", tmp_path, tmp_path)


def _cut(lines: list[str]) -> list[str]:
    return lines[:-1]


def _torn(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-1][:40]]


def _twice(lines: list[str]) -> list[str]:
    return [*lines[:-1], lines[-2]]


def _with(path: list[str], value: object) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        content: Any = json.loads(lines[1])
        inner = content
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
        return [lines[0], json.dumps(content), *lines[2:]]

    return change


COUNTS = ["score", "dimensions", "temporal", "counts"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_cut, "2 samples are announced and 1 are there"),
        (_torn, "line 3: is no JSON object"),
        (_twice, "stands there twice"),
        (lambda _: [], "line 1: is no JSON object"),
        (lambda lines: ["[]", *lines[1:]], "line 1: is no JSON object"),
        (lambda lines: ["{}", *lines[1:]], "is no saved baseline"),
        (lambda lines: [lines[0].replace('version": 1', 'version": 9', 1), *lines[1:]], "9"),
        (lambda lines: [lines[0].replace("PASSED", "INCOMPLETE"), *lines[1:]], "INCOMPLETE"),
        (lambda lines: [lines[0], "[" * 100_000, lines[2]], "line 2: is no JSON object"),
        (_with(["id"], "z"), "line 2: cannot be read .*another sample"),
        (_with(["id"], ["a"]), "line 2: cannot be read"),
        (_with(["score"], []), "line 2: cannot be read"),
        (_with([*COUNTS, "gold"], "many"), "a count of temporal is no whole number"),
        (_with([*COUNTS, "gold"], -1), "a count of temporal is no whole number"),
        (_with([*COUNTS, "gold"], 1.5), "a count of temporal is no whole number"),
        (_with(["score", "dimensions", "temporal", "pairs"], [{}]), "line 2: cannot be read"),
        (_with(["score", "dimensions", "moral"], {}), "line 2: cannot be read"),
        (_with(["score", "outcome"], "splendid"), "line 2: cannot be read"),
    ],
)
def test_a_damaged_baseline_is_refused_and_never_read_in_part(
    tmp_path: Path, change: Callable[[list[str]], list[str]], said: str
) -> None:
    path = _saved(tmp_path)
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with pytest.raises(UserError, match=said) as raised:
        find_baseline("b.jsonl", tmp_path, tmp_path)
    assert "b.jsonl" in str(raised.value)
