"""A plugin that kills its own process with SIGKILL at a chosen point of a run.

Told by `STINDEX_CHAOS`: `{"who": "rank1", "point": "journal", "after": 3, "group": false}`. It also
makes the rules take their time, so that there is something to interrupt.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from stindex import whole_files
from stindex.pytest_plugin.fixtures import SUITE
from stindex.rules.reader import RulesReader
from stindex.runs import evaluation_run, proof
from stindex.runs.journal import JournalWriter
from stindex.runs.record import JournalLine, encode
from stindex.runs.stored_records import Place

SECONDS_PER_ANSWER = 0.02
REPORTS = {"metrics_summary.json", "detailed_results.json", "report.md", "report.html"}
STRUCK = "struck"  # a file in the directory of the session that tells that somebody was killed


class Saboteur:
    """Counts how often a point is reached, and kills at the chosen time."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._point = plan["point"]
        self._left = int(plan["after"])
        self._group = bool(plan.get("group"))

    def strikes(self, point: str) -> bool:
        if point != self._point:
            return False
        self._left -= 1
        return self._left < 0

    def reached(self, point: str) -> None:
        if self.strikes(point):
            self.kill()

    def kill(self) -> None:
        Path(STRUCK).touch()
        if self._group:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    _slow_down()
    plan = json.loads(os.environ.get("STINDEX_CHAOS", "null"))
    if plan and config.stash[SUITE].role.name == plan["who"]:
        _sabotage(Saboteur(plan))


def _slow_down() -> None:
    answers = RulesReader.answers

    def slow(*given: object, **named: object) -> Iterator[object]:
        for answer in answers(*given, **named):  # type: ignore[arg-type]  # handed on as it came
            time.sleep(SECONDS_PER_ANSWER)
            yield answer

    vars_of(RulesReader, answers=slow)


def _sabotage(saboteur: Saboteur) -> None:
    append, prove, write = JournalWriter.append, proof.prove_coverage, whole_files._write

    def append_half(writer: JournalWriter, *lines: JournalLine) -> list[Place]:
        saboteur.reached("answer")
        if saboteur.strikes("journal"):
            content = encode(lines[0])
            os.write(writer._open(), content[: len(content) // 2])
            saboteur.kill()
        return append(writer, *lines)

    def prove_less(*given: object) -> object:
        saboteur.reached("merge")
        return prove(*given)  # type: ignore[arg-type]  # handed on as it came

    def write_less(handle: TextIO, pieces: Iterable[str], path: Path, remedy: str) -> None:
        is_report = path.name in REPORTS
        write(handle, _cut(pieces, saboteur) if is_report else pieces, path, remedy)

    vars_of(JournalWriter, append=append_half)
    vars_of(evaluation_run, prove_coverage=prove_less)
    vars_of(whole_files, _write=write_less)


def vars_of(owner: object, **replaced: object) -> None:
    """Replace attributes of a class or module."""
    for name, value in replaced.items():
        setattr(owner, name, value)


def _cut(pieces: Iterable[str], saboteur: Saboteur) -> Iterator[str]:
    for piece in pieces:
        yield piece
        saboteur.reached("report")
