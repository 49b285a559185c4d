"""Thresholds ─▶ verdicts: over a whole run (gates), and on single samples.

`cfg/thresholds.yaml` is read into `Thresholds`; `judge` holds the metrics of a run against its
gates, `sample_shortfalls` one sample's metrics against the per-sample thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stindex.errors import UserError
from stindex.scoring import (
    SampleScore,
    metric_n,
    metric_names,
    metric_value,
    sample_metric_names,
    sample_metrics,
)
from stindex.settings_files import nearest, read_settings_file

COMPLETE = "complete"

MetricsOfSlice = Callable[[Mapping[str, str]], Mapping[str, Mapping[str, Any]]]


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


class Bound(BaseModel):
    """A value that must be reached, or must not be exceeded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Bound:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs exactly one of `at_least` and `at_most`")
        return self

    @property
    def direction(self) -> str:
        """`>=` or `<=`."""
        return ">=" if self.at_least is not None else "<="

    @property
    def threshold(self) -> float:
        """The value, whichever of the two it is."""
        return self.at_least if self.at_least is not None else self.at_most or 0.0

    def holds(self, value: float) -> bool:
        """Whether `value` is on the right side; the threshold itself is."""
        return value >= self.threshold if self.direction == ">=" else value <= self.threshold


class Gate(Bound):
    """A bound on one metric of the run, or of the samples with the given metadata."""

    metric: str
    minimum_n: Annotated[int, Field(ge=1)] = 1
    slice: dict[str, str] = {}

    @property
    def name(self) -> str:
        """As printed: metric, direction, threshold, slice."""
        where = ", ".join(f"{key}={value}" for key, value in self.slice.items())
        return f"{self.metric} {self.direction} {_exact(self.threshold)}" + (
            f" [{where}]" if where else ""
        )


class Thresholds(BaseModel):
    """The content of a thresholds file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: list[Gate] = []
    sample: dict[str, float | Bound] = {}


def load_thresholds(path: Path) -> Thresholds:
    """Read a thresholds file.

    Raises:
        UserError: it is missing or broken, or names a metric that does not exist.
    """
    thresholds = read_settings_file(path, Thresholds)
    for gate in thresholds.run:
        _check_name(path, gate.metric, list(metric_names()))
    for name in thresholds.sample:
        _check_name(path, name, list(sample_metric_names()))
    return thresholds


def _check_name(path: Path, name: str, known: list[str]) -> None:
    if name not in known:
        raise UserError(f"{path}: `{name}` is no metric{nearest(name, known)}.")


def coverage(selected: int, unanswered: Sequence[str]) -> GateVerdict:
    """Return the gate that always stands: every selected sample is answered."""
    answered = selected - len(unanswered)
    shown = ", ".join(unanswered[:5]) + (", …" if len(unanswered) > 5 else "")
    reason = (
        f"{len(unanswered)} of {selected} samples without an answer: {shown}" if unanswered else ""
    )
    share = answered / selected if selected else None
    return GateVerdict(
        "every sample answered", COMPLETE, share, None, ">=", selected, not unanswered, reason
    )


def judge(
    gates: Sequence[Gate],
    metrics: Mapping[str, Mapping[str, Any]],
    metrics_of_slice: MetricsOfSlice,
) -> list[GateVerdict]:
    """Hold the metrics of a run against its gates, in the order of the file."""
    return [
        _judged(gate, metrics_of_slice(gate.slice) if gate.slice else metrics) for gate in gates
    ]


def _judged(gate: Gate, metrics: Mapping[str, Mapping[str, Any]]) -> GateVerdict:
    value, n = metric_value(metrics, gate.metric), metric_n(metrics, gate.metric)
    reason = ""
    if value is None:
        reason = f"{gate.metric} is undefined here: nothing was measured"
    elif n < gate.minimum_n:
        reason = f"n is {n}, the gate needs at least {gate.minimum_n}"
    elif not gate.holds(value):
        reason = f"{_apart(value, gate.threshold)}, needs {gate.direction} {_exact(gate.threshold)}"
    return GateVerdict(
        gate.name, gate.metric, value, gate.threshold, gate.direction, n, not reason, reason
    )


def sample_shortfalls(thresholds: Thresholds, score: SampleScore) -> list[str]:
    """Return a sentence for each per-sample threshold that a sample does not meet.

    A metric that is undefined for the sample meets its threshold.
    """
    if not thresholds.sample:
        return []
    measured = sample_metrics(score)
    found = []
    for name, given in thresholds.sample.items():
        bound = given if isinstance(given, Bound) else Bound(at_least=given)
        value = measured[name]
        if value is not None and not bound.holds(value):
            shown = _apart(value, bound.threshold)
            found.append(f"{name} is {shown}, needs {bound.direction} {_exact(bound.threshold)}")
    return found


def _apart(value: float, threshold: float) -> str:
    """Return `value` with as many digits as it takes to differ from the threshold."""
    for digits in range(3, 17):
        shown = f"{value:.{digits}g}"
        if float(shown) != threshold:
            return shown
    return repr(value)


def _exact(threshold: float) -> str:
    """Return a threshold as short as it can be written without becoming another number."""
    short = f"{threshold:g}"
    return short if float(short) == threshold else repr(threshold)
