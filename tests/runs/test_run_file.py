"""`run.json`: its status is never stale, and the run that another is compared with is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.runs import run_file
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


FACTS = {"id": "run", "partial": False, "settings": {"model": {"value": "rules"}}}


def _no_room(path: Path, _content: str) -> None:
    raise UserError(f"{path}: cannot be written (No space left on device).")


def test_a_run_that_ends_on_a_full_disk_is_not_called_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RunFile(tmp_path / "run.json", FACTS)
    file.write()
    monkeypatch.setattr(run_file, "write_whole", _no_room)
    file.close_if_running()
    stored = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert stored == file.content
    assert stored["status"] == "INCOMPLETE"


def test_a_run_file_that_is_gone_cannot_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RunFile(tmp_path / "run.json", FACTS)
    file.write()
    (tmp_path / "run.json").unlink()
    monkeypatch.setattr(run_file, "write_whole", _no_room)
    with pytest.raises(UserError, match="No space left"):
        file.close_if_running()
