"""A gate's verdict ─▶ test reports of pytest: counted, printed, in JUnit, in the exit status.

Whoever owns the run sends them through `pytest_runtest_logreport`, as if a gate were a test.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from stindex.gates import GateVerdict

_PROPERTIES = (
    "metric",
    "kind",
    "state",
    "value",
    "threshold",
    "direction",
    "n",
    "against",
    "baseline",
    "current",
    "p_value",
    "level",
    "smallest_loss",
    "needed_n",
)


def gate_reports(verdict: GateVerdict, *, decides: bool) -> tuple[pytest.TestReport, ...]:
    """Return a gate as a call and a teardown, with which JUnit takes up the properties.

    A failed gate that does not decide the exit status is reported as missed; one that cannot tell
    as inconclusive, which fails where it was asked to.
    """
    call = _report(verdict, "call", inconclusive=verdict.passed and verdict.inconclusive)
    if not verdict.passed:
        call.outcome = "failed"
        call.longrepr = f"{verdict.name}: {verdict.reason}"
    if not verdict.passed and not decides:
        call.outcome = "skipped"
        call.wasxfail = f"missed: {verdict.reason}"
    teardown = _report(verdict, "teardown")
    teardown.user_properties.extend(_properties(verdict))
    return call, teardown


def is_inconclusive(report: pytest.TestReport) -> bool:
    """Return whether a report is that of a gate which passed because it cannot tell."""
    return bool(getattr(report, "inconclusive", False))


def _report(verdict: GateVerdict, when: str, *, inconclusive: bool = False) -> pytest.TestReport:
    now = time.time()
    return pytest.TestReport(
        nodeid=f"gates::{verdict.name}",
        location=("gates", None, verdict.name),
        keywords={},
        outcome="passed",
        longrepr=None,
        when="call" if when == "call" else "teardown",
        start=now,
        stop=now,
        duration=0.0,
        inconclusive=inconclusive,
    )


def _properties(verdict: GateVerdict) -> Iterator[tuple[str, object]]:
    for name in _PROPERTIES:
        value = getattr(verdict, name)
        if value is not None:
            yield name, value
    if verdict.interval is not None:
        yield "ci95_low", verdict.interval[0]
        yield "ci95_high", verdict.interval[1]
