"""Metrics of a run ─▶ verdicts of its gates; metrics of a sample ─▶ what it falls short of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stindex.gates.kinds import GATE_KINDS, Measured
from stindex.gates.thresholds import Bound, Gate, Thresholds, exact
from stindex.gates.verdict import COMPLETE, GateVerdict
from stindex.scoring import SampleScore, metric_n, metric_value, sample_metrics

if TYPE_CHECKING:
    from stindex.comparison.verdicts import ComparedRuns

# Whoever names a baseline wants to know of a loss.
COMPARED_BY_DEFAULT = (
    Gate(metric="overall.combined_f1", not_worse=True),
    Gate(metric="overall.success_rate", not_worse=True),
)

MetricsOfSlice = Callable[[Mapping[str, str]], Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What the gates of a run can be compared with.

    Attributes:
        runs: `baseline` and `anchor`, where they were named.
        ids_of_slice: the samples with the given metadata.
        strict: an inconclusive gate does not pass.
    """

    runs: Mapping[str, ComparedRuns]
    ids_of_slice: Callable[[Mapping[str, str]], Collection[str]]
    strict: bool = False


def coverage(selected: int, unanswered: Sequence[str]) -> GateVerdict:
    """Return the gate that always stands: every selected sample is answered."""
    answered = selected - len(unanswered)
    shown = ", ".join(unanswered[:5]) + (", …" if len(unanswered) > 5 else "")
    reason = (
        f"{len(unanswered)} of {selected} samples without an answer: {shown}" if unanswered else ""
    )
    share = answered / selected if selected else None
    return GateVerdict(
        "every sample answered",
        COMPLETE,
        share,
        None,
        ">=",
        selected,
        not unanswered,
        reason,
        kind="coverage",
    )


def judge(
    gates: Sequence[Gate],
    metrics: Mapping[str, Mapping[str, Any]],
    metrics_of_slice: MetricsOfSlice,
    comparisons: Comparisons | None = None,
) -> list[GateVerdict]:
    """Hold the metrics of a run against its gates, in the order of the file.

    Those that compare are decided together, so that the false alarm is that of the run. Where a
    baseline is named and no gate compares, `COMPARED_BY_DEFAULT` stand at the end.
    """
    named = comparisons is not None and "baseline" in comparisons.runs
    if named and not any(gate.compares for gate in gates):
        gates = [*gates, *COMPARED_BY_DEFAULT]
    compared = iter(_compared([gate for gate in gates if gate.compares], comparisons))
    return [
        next(compared)
        if gate.compares
        else _judged(gate, metrics_of_slice(gate.slice) if gate.slice else metrics)
        for gate in gates
    ]


def _compared(gates: Sequence[Gate], comparisons: Comparisons | None) -> list[GateVerdict]:
    if not gates:
        return []
    from stindex.gates.comparing import judge_together  # noqa: PLC0415 (only where it is asked)

    return judge_together(gates, comparisons or Comparisons({}, lambda _: ()))


def _judged(gate: Gate, metrics: Mapping[str, Mapping[str, Any]]) -> GateVerdict:
    value, n = metric_value(metrics, gate.metric), metric_n(metrics, gate.metric)
    if gate.own is not None:
        return _judged_by_its_kind(
            gate, gate.own, Measured(value, n, _interval(metrics, gate.metric))
        )
    bound, reason = gate.bound, ""
    if value is None:
        reason = f"{gate.metric} is undefined here: nothing was measured"
    elif n < gate.minimum_n:
        reason = f"n is {n}, the gate needs at least {gate.minimum_n}"
    elif not bound.holds(value):
        needed = f"needs {bound.direction} {exact(bound.threshold)}"
        reason = f"{_apart(value, bound.threshold)}, {needed}"
    return GateVerdict(
        gate.name,
        gate.metric,
        value,
        bound.threshold,
        bound.direction,
        n,
        not reason,
        reason,
        interval=_interval(metrics, gate.metric),
    )


def _judged_by_its_kind(gate: Gate, own: tuple[str, Any], measured: Measured) -> GateVerdict:
    name, asked = own
    reason = GATE_KINDS[name](asked, measured)
    if measured.n < gate.minimum_n:
        reason = f"n is {measured.n}, the gate needs at least {gate.minimum_n}"
    threshold = float(asked) if isinstance(asked, int | float) else None
    return GateVerdict(
        gate.name,
        gate.metric,
        measured.value,
        threshold,
        "",
        measured.n,
        not reason,
        reason,
        kind="own",
        interval=measured.interval,
    )


def _interval(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> tuple[float, float] | None:
    """Return the interval that stands beside a metric."""
    *path, key = dotted.split(".")
    block: Any = metrics
    for name in path:
        block = block[name]
    found = block.get(f"{key}_ci95")
    return None if found is None else (float(found[0]), float(found[1]))


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
            found.append(f"{name} is {shown}, needs {bound.direction} {exact(bound.threshold)}")
    return found


def _apart(value: float, threshold: float) -> str:
    """Return `value` with as many digits as it takes to differ from the threshold."""
    for digits in range(3, 17):
        shown = f"{value:.{digits}g}"
        if float(shown) != threshold:
            return shown
    return repr(value)
