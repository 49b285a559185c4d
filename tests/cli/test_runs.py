"""`stindex runs`: every run a line, the latest first, damaged ones named and not fatal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Verb


def test_a_run_is_a_line_with_model_data_set_n_f1_verdict_and_date(
    verb: Verb, run_directory: Path
) -> None:
    status, out, _ = verb("runs")
    assert status == 0
    titles, line = out.splitlines()
    assert titles.split() == [
        *("run", "model", "data", "set", "n", "temporal", "F1", "spatial", "F1", "verdict"),
        *("finished", "(UTC)"),
    ]
    cells = line.split()
    assert cells[:4] == [run_directory.name, "rules", "mine.json", "4"]
    assert cells[4:7] == ["1.000", "1.000", "PASSED"]
    summary = json.loads((run_directory / "metrics_summary.json").read_text())
    assert " ".join(cells[7:]) == summary["run"]["finished_at"][:16].replace("T", " ")


def test_json_has_the_figures_unrounded(verb: Verb, run_directory: Path) -> None:
    _, out, _ = verb("runs", "--json")
    (row,) = json.loads(out)
    metrics = json.loads((run_directory / "metrics_summary.json").read_text())["metrics"]
    assert row["combined_f1"] == metrics["overall"]["combined_f1"]
    assert (row["partial"], row["problem"], row["n"]) == (False, None, 4)


def test_the_latest_is_first_and_damage_to_one_run_does_not_hide_the_others(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    for name in ("older", "newer", "broken", "of-the-future", "running"):
        shutil.copytree(run_directory, tmp_path / name)
    _edit(tmp_path / "older" / "run.json", started_at="2020-01-01T00:00:00+00:00")
    _edit(tmp_path / "newer" / "run.json", started_at="2999-01-01T00:00:00+00:00")
    (tmp_path / "broken" / "metrics_summary.json").write_text("{")
    _edit(tmp_path / "of-the-future" / "run.json", schema_version=99)
    (tmp_path / "running" / "metrics_summary.json").unlink()
    _edit(tmp_path / "running" / "run.json", status="RUNNING", finished_at=None)
    status, out, _ = verb("runs", "--output-dir", str(tmp_path))
    lines = out.splitlines()
    assert status == 0
    assert lines[1].startswith("newer")
    listed = {line.split()[0]: line for line in lines[1:] if not line.startswith("!")}
    assert set(listed) == {"older", "newer", "broken", "of-the-future", "running"}
    assert "RUNNING" in listed["running"]
    assert "damaged" in listed["broken"]
    problems = [line for line in lines if line.startswith("!")]
    assert len(problems) == 2
    assert any("schema version 99" in line and "update stindex" in line for line in problems)


def test_no_runs_are_no_error_but_a_missing_directory_is(verb: Verb, tmp_path: Path) -> None:
    assert verb("runs", "--output-dir", str(tmp_path)) == (0, f"No runs in {tmp_path}.\n", "")
    status, _, err = verb("runs", "--output-dir", str(tmp_path / "nowhere"))
    assert status == 4
    assert err == (
        f"stindex: {tmp_path / 'nowhere'}: no such directory; --output-dir says where the runs "
        "are.\n"
    )


def test_a_hostile_model_name_moves_no_cursor(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(run_directory, tmp_path / "one")
    run = json.loads((tmp_path / "one" / "run.json").read_text())
    run["identity"]["model"] = "evil\x1b[31m\nname"
    (tmp_path / "one" / "run.json").write_text(json.dumps(run))
    _, out, _ = verb("runs", "--output-dir", str(tmp_path))
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("verb_name", ["runs", "show", "report", "init"])
def test_help_has_an_example_and_the_exit_statuses(verb: Verb, verb_name: str) -> None:
    status, out, _ = verb(verb_name, "--help")
    assert status == 0
    assert f"Example: stindex {verb_name}" in out
    assert "Exit status:" in out
    assert "--json" in out


def _edit(path: Path, **changed: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_a_program_is_told_where_the_baseline_is(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    target = tmp_path / "mine.jsonl"
    status, out, err = verb("baseline", "save", "mine", str(target), "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {"file": str(target), "id": run_directory.name, "samples": 4}
    assert target.is_file()
