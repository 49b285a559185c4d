"""Thresholds over a whole run ─▶ verdicts.

`cfg/thresholds.yaml` is read into `Thresholds`; `judge` holds the metrics of a run against it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What became of one gate.

    Attributes:
        name: as printed and in JUnit, e.g. `temporal.f1_score >= 0.5`.
        metric: dotted key of `metrics_summary.json`, or `complete` for coverage.
        value: the measured value; None where it is undefined.
        threshold: what it was held against; None for coverage.
        direction: `>=` or `<=`.
        n: samples (or mentions) behind the value.
        passed: whether the gate holds.
        reason: one sentence; empty where it passed.
    """

    name: str
    metric: str
    value: float | None
    threshold: float | None
    direction: str
    n: int
    passed: bool
    reason: str = ""
