"""The run that another is compared with when nothing of it could be used again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stindex.runs.identity import RunIdentity
from stindex.runs.run_file import RunFile, nearest_run

from .test_identity import IDENTITY


def _stored(output: Path, identity: RunIdentity) -> None:
    facts = {"id": identity.run_id, "partial": False, "identity": identity.to_json()}
    directory = output / identity.run_id
    directory.mkdir(parents=True)
    RunFile(directory / "run.json", facts).write()


def test_the_nearest_run_is_the_one_with_the_fewest_changes(tmp_path: Path) -> None:
    near = replace(IDENTITY, dtype="bfloat16")
    _stored(tmp_path, near)
    _stored(tmp_path, replace(near, quantization="4bit"))
    found = nearest_run(tmp_path, IDENTITY)
    assert found is not None
    assert found[0] == near.run_id
    assert len(found[1]) == 1
    assert "bfloat16" in found[1][0]


def test_a_run_over_another_data_set_is_never_the_nearest(tmp_path: Path) -> None:
    _stored(tmp_path, replace(IDENTITY, dataset="another.json"))
    assert nearest_run(tmp_path, IDENTITY) is None


def test_a_damaged_run_file_is_passed_over(tmp_path: Path) -> None:
    near = replace(IDENTITY, dtype="bfloat16")
    _stored(tmp_path, near)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{", encoding="utf-8")
    found = nearest_run(tmp_path, IDENTITY)
    assert found is not None
    assert found[0] == near.run_id
