"""The journal keeps every answer that was written, whatever happened to the process or the disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.errors import UserError
from stindex.runs.journal import JournalFollower, JournalWriter, read_journal
from stindex.runs.proof import answers_by_key
from stindex.runs.record import Record, SetAside, decode, encode
from stindex.schema import Generation


def _key(number: int) -> str:
    return f"{number:064x}"


def _record(number: int, text: str = "{}", attempt: int = 1) -> Record:
    return Record(_key(number), f"s{number}", Generation(text, "stop"), attempt=attempt)


def _written(directory: Path, *lines: Record | SetAside) -> Path:
    writer = JournalWriter(directory)
    writer.append(*lines)
    writer.close()
    return writer.path


WRITER = """
import sys
from pathlib import Path
from stindex.runs.journal import JournalWriter
from stindex.runs.record import Record
from stindex.schema import Generation
writer = JournalWriter(Path(sys.argv[1]))
for number in range(10**9):
    writer.append(Record(f"{number:064x}", f"s{number}", Generation("x" * 500, "stop")))
    print(number, flush=True)
"""


def test_every_line_is_there_after_sigkill(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    reported = [int(process.stdout.readline()) for _ in range(300)]
    process.send_signal(signal.SIGKILL)
    reported += [int(line) for line in process.stdout]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL

    journal = read_journal(tmp_path)

    assert {_key(number) for number in reported} <= journal.records.keys()
    assert journal.damage == ()


def test_a_torn_last_line_is_set_aside_without_a_word(tmp_path: Path) -> None:
    path = _written(tmp_path, _record(1), _record(2))
    path.write_bytes(path.read_bytes()[:-20])

    journal = read_journal(tmp_path)

    assert set(journal.records) == {_key(1)}
    assert journal.damage == ()


def test_a_line_that_lacks_only_its_end_is_torn_to_every_reader(tmp_path: Path) -> None:
    path = _written(tmp_path, _record(1), _record(2))
    path.write_bytes(path.read_bytes()[:-1])

    assert set(read_journal(tmp_path).records) == {_key(1)}
    assert answers_by_key(tmp_path, frozenset({_key(1), _key(2)})) == {_key(1): 1}


def test_records_are_read_again_from_where_they_were_written(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    records = [_record(n, "Zürich \U0001f30d " * n) for n in range(1, 6)]
    places = [*writer.append(records[0]), *writer.append(*records[1:4])]
    writer.close()
    places += writer.append(records[4])
    writer.close()

    assert [place.read() for place in places] == records
    assert dict(read_journal(tmp_path).records) == {r.key: r for r in records}


def test_a_journal_that_is_gone_during_the_run_is_one_sentence(tmp_path: Path) -> None:
    path = _written(tmp_path, _record(1))
    journal = read_journal(tmp_path)
    path.unlink()

    with pytest.raises(UserError, match=r"cannot be read again .*; check the disk and run"):
        journal.records[_key(1)]


@pytest.mark.parametrize(
    "noise",
    [b"\x00\xff garbage", b'{"key": "' + _key(2).encode() + b'", "kind": "answer"}', b"[" * 99999],
    ids=["bytes", "fields missing", "nested"],
)
@pytest.mark.parametrize("filtered", [False, True])
def test_damage_in_the_middle_is_one_sentence_and_costs_one_line(
    tmp_path: Path, noise: bytes, filtered: bool
) -> None:
    path = _written(tmp_path, _record(1), _record(2), _record(3))
    rows = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([rows[0], noise, *rows[2:]]))
    keys = frozenset(_key(n) for n in (1, 2, 3)) if filtered else None

    journal = read_journal(tmp_path, keys)

    assert set(journal.records) == {_key(1), _key(3)}
    (sentence,) = journal.damage
    assert path.name in sentence
    assert "line 2" in sentence


def test_the_latest_attempt_counts_in_whatever_order_the_lines_stand(tmp_path: Path) -> None:
    _written(tmp_path, _record(1, "second", attempt=2), _record(1, "first", attempt=1))

    journal = read_journal(tmp_path)

    assert journal.records[_key(1)].generation.raw_text == "second"
    assert journal.attempts == {_key(1): 2}


def test_answers_that_were_set_aside_do_not_count_until_there_is_a_later_one(
    tmp_path: Path,
) -> None:
    _written(tmp_path, _record(1, attempt=2), SetAside(_key(1), "s1", 2))
    aside = read_journal(tmp_path)
    assert dict(aside.records) == {}
    assert aside.attempts == {_key(1): 2}
    assert aside.set_aside == {_key(1)}

    _written(tmp_path, _record(1, "new", attempt=3))
    assert read_journal(tmp_path).records[_key(1)].generation.raw_text == "new"


def test_with_keys_only_their_lines_are_read(tmp_path: Path) -> None:
    _written(tmp_path, _record(1), _record(2))
    assert set(read_journal(tmp_path, frozenset({_key(2)})).records) == {_key(2)}


def _records(follower: JournalFollower) -> list[Record]:
    """Return what was added, having read each again from the place that was named."""
    added = list(follower.added())
    assert [place.read() for _, place in added] == [record for record, _ in added]
    return [record for record, _ in added]


def test_a_follower_reads_each_whole_line_of_its_keys_once_and_none_from_before(
    tmp_path: Path,
) -> None:
    _written(tmp_path, _record(1))
    follower = JournalFollower(tmp_path, frozenset({_key(1), _key(2), _key(4)}))
    assert _records(follower) == []
    path = _written(tmp_path, _record(2), _record(3))
    assert _records(follower) == [_record(2)]
    line = encode(_record(4))
    with path.open("ab") as file:
        file.write(line[:20])
    assert _records(follower) == []
    with path.open("ab") as file:
        file.write(line[20:])
    assert _records(follower) == [_record(4)]
    assert _records(follower) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "no journal line"),
        (b'{"key": "short"}', "no journal line"),
        (
            encode(_record(1)).replace(b'"version": ', b'"version": 9'),
            r"journal version 9\d* is not",
        ),
        (encode(_record(1)).replace(b'"raw_text"', b'"text"'), "text"),
    ],
    ids=["deep", "list", "key", "version", "field"],
)
def test_a_damaged_line_says_what_is_wrong(line: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(line)


@given(st.text(st.characters(codec=None, exclude_categories=[])))
def test_an_answer_comes_back_as_it_was_lone_surrogates_included(text: str) -> None:
    record = replace(_record(1, text), sample_id=text)
    line = encode(record)
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert decode(line[:-1]) == record


@given(st.binary())
def test_a_line_of_arbitrary_bytes_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (whatever it says)
        decode(line)


def test_a_line_of_a_later_version_is_damage(tmp_path: Path) -> None:
    _written(tmp_path, replace(_record(1), version=99), _record(2))
    journal = read_journal(tmp_path)
    assert set(journal.records) == {_key(2)}
    assert "version 99" in journal.damage[0]


def test_a_full_disk_is_one_sentence_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    writer = JournalWriter(tmp_path)
    writer.append(_record(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(UserError, match=r"No space left.*make room.*--output-dir"):
            writer.append(_record(2))
    writer.close()
    assert set(read_journal(tmp_path).records) == {_key(1)}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_that_is_really_full_is_the_same_sentence(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.path.parent.mkdir()
    writer.path.symlink_to("/dev/full")
    with pytest.raises(UserError, match="No space left"):
        writer.append(_record(1))
    writer.close()


def test_an_output_directory_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        JournalWriter(tmp_path / "reports" / "run").append(_record(1))
