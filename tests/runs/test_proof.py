"""Coverage is counted on disk: nothing missing, nothing twice, whatever was set aside."""

from __future__ import annotations

from pathlib import Path

from stindex.gates import coverage
from stindex.llm.base import Request
from stindex.runs.identity import digest
from stindex.runs.journal import JournalWriter, read_journal
from stindex.runs.proof import Coverage, prove_coverage, without_doubles
from stindex.runs.record import Record, SetAside
from stindex.schema import Generation, Sample

REQUESTS = [Request(digest(n), Sample(f"s{n}", "", {}), ()) for n in range(4)]


def _record(number: int, attempt: int = 1, text: str = "") -> Record:
    key = REQUESTS[number].key
    return Record(key, f"s{number}", Generation(text, "stop"), attempt=attempt)


def test_missing_and_doubled_answers_are_found(tmp_path: Path) -> None:
    JournalWriter(tmp_path).append(_record(0), _record(1), _record(2))
    JournalWriter(tmp_path).append(_record(1))
    assert prove_coverage(REQUESTS, tmp_path) == Coverage(("s3",), ("s1",))
    twice = read_journal(tmp_path).twice
    assert twice == {REQUESTS[1].key}
    assert prove_coverage(REQUESTS, tmp_path, twice) == Coverage(("s3",), ())


def test_a_later_attempt_is_no_double_and_what_was_set_aside_is_missing(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.append(*(_record(n) for n in range(4)), _record(0, attempt=2))
    writer.append(SetAside(REQUESTS[1].key, "s1", 1))
    assert prove_coverage(REQUESTS, tmp_path) == Coverage(("s1",), ())


def test_an_answer_that_looks_like_a_field_counts_as_what_it_is(tmp_path: Path) -> None:
    JournalWriter(tmp_path).append(*(_record(n, text='"attempt": 7, ') for n in range(4)))
    JournalWriter(tmp_path).append(_record(2, attempt=2))
    assert prove_coverage(REQUESTS, tmp_path) == Coverage((), ())


def test_a_torn_line_is_no_answer(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path)
    writer.append(*(_record(n) for n in range(4)))
    writer.path.write_bytes(writer.path.read_bytes()[:-1])
    assert prove_coverage(REQUESTS, tmp_path).missing == ("s3",)


def test_the_gate_of_coverage_names_what_was_answered_twice() -> None:
    whole = coverage(4, ())
    assert without_doubles(whole, Coverage((), ())) == whole
    verdict = without_doubles(whole, Coverage((), ("s1", "s2")))
    assert not verdict.passed
    assert "2 samples were answered twice: s1, s2" in verdict.reason
