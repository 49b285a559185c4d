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
from typing import Any

import pytest

from stindex import reporting
from stindex.pytest_plugin.suite import SUITE
from stindex.reporting import files
from stindex.rules.reader import RulesReader
from stindex.runs import evaluation_run
from stindex.runs.journal import JournalWriter
from stindex.runs.record import encode

SECONDS_PER_ANSWER = 0.02


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

    def slow(self: RulesReader, *arguments: Any) -> Iterator[Any]:
        for answer in answers(self, *arguments):
            time.sleep(SECONDS_PER_ANSWER)
            yield answer

    RulesReader.answers = slow  # type: ignore[assignment, method-assign]


def _sabotage(saboteur: Saboteur) -> None:
    append, prove, write = JournalWriter.append, evaluation_run.prove_coverage, files._write

    def append_half(self: JournalWriter, *lines: Any) -> None:
        saboteur.reached("answer")
        if saboteur.strikes("journal"):
            content = encode(lines[0])
            os.write(self._open(), content[: len(content) // 2])
            saboteur.kill()
        append(self, *lines)

    def prove_less(*arguments: Any) -> Any:
        saboteur.reached("merge")
        return prove(*arguments)

    def write_less(handle: Any, pieces: Iterable[str], path: Any) -> None:
        write(handle, _cut(pieces, saboteur), path)

    JournalWriter.append = append_half  # type: ignore[method-assign]
    evaluation_run.prove_coverage = prove_less
    files._write = write_less
    assert reporting.write_reports


def _cut(pieces: Iterable[str], saboteur: Saboteur) -> Iterator[str]:
    for piece in pieces:
        yield piece
        saboteur.reached("report")
