"""Evaluations come back from the file as they were; no report holds many of them at a time."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.evaluation import Evaluation
from stindex.reporting import RunReport, SampleReport
from stindex.reporting.markdown import markdown_report
from stindex.reporting.page import html_report
from stindex.reporting.results import detailed_results
from stindex.runs.evaluations import RECENT, Evaluations, RecentEvaluations, StoredReports
from stindex.schema import Outcome
from stindex.scoring import aggregate
from tests.reporting.building import Draft, run_report

MANY = RECENT + 300


def _evaluation(number: int) -> Evaluation:
    draft = Draft(id=f"s{number}", raw_text=f"answer {number}", thought="hm " * number)
    if number % 7 == 3:
        draft = draft.but(outcome=Outcome.INVALID, reason="no object", raw_text="\ud800 alone")
    return draft.evaluation()


def _stored(count: int) -> Evaluations:
    stored = Evaluations(at_hand=RECENT)
    for number in range(count):
        stored.add(_evaluation(number))
    return stored


def test_each_comes_back_as_it_was_the_oldest_too() -> None:
    stored = _stored(MANY)
    for number in (0, 1, 3, RECENT, MANY - 1):
        expected = _evaluation(number)
        assert expected.sample in stored
        assert stored.get(expected.sample) == expected
    assert stored.get(replace(expected.sample, id="unknown")) is None
    assert list(stored.scores) == [f"s{number}" for number in range(MANY)]


def test_a_process_that_writes_no_reports_keeps_the_last_ones_only() -> None:
    recent = RecentEvaluations()
    evaluations = [_evaluation(number) for number in range(RECENT + 1)]
    for evaluation in evaluations:
        recent.add(evaluation)
    assert evaluations[0].sample not in recent
    assert recent.get(evaluations[0].sample) is None
    assert recent.get(evaluations[1].sample) == evaluations[1]


def test_reports_come_in_the_order_of_the_selection_with_what_was_missed() -> None:
    stored = _stored(3)
    samples = [_evaluation(number).sample for number in (2, 5, 0)]
    reports = StoredReports(samples, stored, {"s5": ["too low"]})
    expected = [(_evaluation(2), ()), (None, ("too low",)), (_evaluation(0), ())]
    for _ in range(2):  # they can be read again
        assert [(one.evaluation, one.missed) for one in reports] == expected


@dataclass
class _Counted:
    """Reports that count, while they are read, how many evaluations are alive."""

    reports: StoredReports
    alive: list[int] = field(default_factory=list)

    def __iter__(self) -> Iterator[SampleReport]:
        for number, report in enumerate(self.reports):
            if number % 50 == 49:
                self.alive.append(sum(type(one) is Evaluation for one in gc.get_objects()))
            yield report


@pytest.mark.parametrize("writer", [detailed_results, markdown_report, html_report])
def test_no_report_holds_the_evaluations(writer: Callable[[RunReport], Iterator[str]]) -> None:
    stored = _stored(MANY)
    reports = StoredReports([_evaluation(n).sample for n in range(MANY)], stored, {})
    counted = _Counted(reports)
    metrics = aggregate(stored.scores.values())
    report = replace(run_report([Draft()]), samples=counted, metrics=metrics)
    gc.collect()
    before = sum(type(one) is Evaluation for one in gc.get_objects())

    assert "".join(writer(report))

    assert len(counted.alive) == MANY // 50
    assert max(counted.alive) < before + 20  # the ten worst, and the one in hand


def test_a_full_temporary_directory_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(UserError, match=r"No space left.*TMPDIR.*all answers are kept"):
        _stored(RECENT + 1)


def test_the_file_has_no_name_and_is_closed_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stored = _stored(RECENT + 2)
    descriptor = stored._descriptor
    assert os.fstat(descriptor).st_size > 0
    assert list(tmp_path.iterdir()) == []
    del stored
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
