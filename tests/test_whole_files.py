"""A file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.whole_files import write_whole


class FailingError(Exception):
    """An error of a writer's own."""


def test_a_failing_writer_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def pieces() -> Iterator[str]:
        yield "new"
        raise FailingError

    with pytest.raises(FailingError):
        write_whole(path, pieces())
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.md"
    path.write_text("old", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match=r"report\.md.*No space left on device.*--output-dir"):
        write_whole(path, ["new"])
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.md"]


def test_what_is_written_in_pieces_or_at_once_is_the_same_in_a_directory_that_is_made(
    tmp_path: Path,
) -> None:
    write_whole(tmp_path / "new" / "pieces", iter(["Köln\n", "Rome"]))
    write_whole(tmp_path / "new" / "once", "Köln\nRome")
    written = [path.read_bytes() for path in (tmp_path / "new").iterdir()]
    assert written == ["Köln\nRome".encode()] * 2


def test_what_to_do_is_what_the_caller_says(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written \(.*\); name another file\.$"):
        write_whole(tmp_path, "text", remedy="name another file")
