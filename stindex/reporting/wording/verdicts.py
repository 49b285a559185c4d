"""Gates and a run's verdict in words: what each needs, how it failed, and the first sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stindex.gates import GateVerdict
from stindex.reporting.run_report import RunReport
from stindex.reporting.wording.metrics import metric_label
from stindex.reporting.wording.names import STATUS_GLYPHS
from stindex.reporting.wording.numbers import UNDEFINED, counted, number_text


def gate_value_text(gate: GateVerdict) -> str:
    """Return a gate's value with as many digits as it takes to differ from its threshold.

    Of a gate that compares it is the difference, with its sign.
    """
    if gate.value is None:
        return UNDEFINED
    if gate.compares:
        sign = "+" if gate.value > 0 else "−" if gate.value < 0 else "±"
        return sign + number_text(abs(gate.value), "km" if "_km" in gate.metric else "share")
    if gate.threshold is None or gate.value == gate.threshold:
        return number_text(gate.value)
    for digits in range(3, 12):
        text = f"{gate.value:.{digits}f}"
        if float(text) != gate.threshold:
            return text
    return repr(gate.value)


def threshold_text(gate: GateVerdict) -> str:
    """Return what a gate needs: `≥ 0.5`, `not worse`, `drop ≤ 0.02`; `all` for coverage."""
    if gate.kind == "not worse":
        return "not worse"
    if gate.kind == "own":
        return gate.name.removeprefix(gate.metric).strip()
    if gate.kind == "drop" and gate.threshold is not None:
        return f"drop ≤ {_trimmed(abs(gate.threshold))}"
    if gate.threshold is None:
        return "all"
    sign = {">=": "≥", "<=": "≤"}.get(gate.direction, gate.direction)
    return f"{sign} {_trimmed(gate.threshold)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, a few words beside it, and the sentences below it."""

    word: str
    glyph: str
    beside: str
    sentences: tuple[str, ...]


def verdict(report: RunReport, samples: int, outcomes: Mapping[str, int]) -> Verdict:
    """Put a run's verdict into words.

    Args:
        samples: how many the selection has.
        outcomes: outcome (or `missing`) to the number of samples.
    """
    failed = [gate for gate in report.gates if not gate.passed]
    unsure = [gate for gate in report.gates if gate.passed and gate.inconclusive]
    beside = _gate_count(report.gates, failed, unsure)
    unmeasured = max(len(report.missing), outcomes.get("error", 0) + outcomes.get("missing", 0))
    sentences = []
    if report.status in ("INCOMPLETE", "RUNNING"):
        beside = f"{samples - unmeasured} of {counted(samples, 'sample')} measured"
        sentences.append(_incomplete(report, samples, unmeasured))
    sentences += [_failure(gate) for gate in failed if not _is_coverage(gate, report)]
    sentences += [_failure(gate) for gate in unsure]
    if not failed and report.gates and report.status == "PASSED":
        measured = counted(samples, "sample")
        whole = f"All {measured} were" if samples != 1 else "The one sample was"
        holds = "no gate fails" if unsure else "every gate holds"
        sentences.append(f"{whole} measured and {holds}.")
    if report.partial:
        sentences.append(
            f"This is a selection of the data set ({counted(samples, 'sample')}): complete in"
            " itself, it says nothing about the rest."
        )
    return Verdict(report.status, STATUS_GLYPHS[report.status], beside, tuple(sentences))


def _gate_count(
    gates: Sequence[GateVerdict], failed: Sequence[GateVerdict], unsure: Sequence[GateVerdict]
) -> str:
    if not gates:
        return "no gate was set"
    all_of_them = counted(len(gates), "gate")
    beside = f", {len(unsure)} inconclusive" if unsure else ""
    if failed:
        return f"{len(failed)} of {all_of_them} failed{beside}"
    return f"{len(gates) - len(unsure)} of {all_of_them} passed{beside}"


def _is_coverage(gate: GateVerdict, report: RunReport) -> bool:
    # An incomplete run has said so already, in its first sentence.
    return gate.metric == "complete" and report.status == "INCOMPLETE"


def _incomplete(report: RunReport, samples: int, unmeasured: int) -> str:
    if report.status == "RUNNING":
        return "The run has not ended; the figures are those of the answers so far."
    if not unmeasured:
        return "The run was stopped before it ended: there is no verdict."
    verb = "was" if unmeasured == 1 else "were"
    return (
        f"{unmeasured} of {counted(samples, 'sample')} {verb} not measured: there is no verdict."
        f" The figures cover {counted(samples - unmeasured, 'sample')} and are provisional."
    )


def _failure(gate: GateVerdict) -> str:
    if gate.compares:
        said = "inconclusive: " if gate.inconclusive else ""
        return _sentence(f"{metric_label(gate.metric)}: {said}{gate.reason}")
    if gate.threshold is None or needs_reason(gate):
        return _sentence(gate.reason or f"{metric_label(gate.metric)}: the gate does not hold")
    label = metric_label(gate.metric)
    need = "at least" if gate.direction == ">=" else "at most"
    return (
        f"{label[:1].upper()}{label[1:]} is {gate_value_text(gate)} and has to be {need}"
        f" {_trimmed(gate.threshold)} (n = {gate.n})."
    )


def needs_reason(gate: GateVerdict) -> bool:
    """Return whether a gate failed for something that its value and threshold do not show."""
    if gate.compares:
        return bool(gate.reason)
    return not gate.passed and (gate.value is None or gate.threshold is None or _holds(gate))


def _holds(gate: GateVerdict) -> bool:
    if gate.value is None or gate.threshold is None:
        return False
    return gate.value >= gate.threshold if gate.direction == ">=" else gate.value <= gate.threshold


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _trimmed(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
