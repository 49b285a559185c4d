"""What the reports call things: metrics, gates, numbers, and the sentence of the verdict.

One place for all of them, so that page, Markdown and terminal say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from stindex.gates import GateVerdict
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome
from stindex.scoring import COMMON_ERRORS, DIMENSIONS, metric_names, metric_value

Unit = Literal["share", "error", "km"]
Interval = tuple[float, float] | None

UNDEFINED = "—"
PASS, FAIL, UNSURE = "✓", "✗", "?"
STATUS_GLYPHS = {"PASSED": PASS, "FAILED": FAIL, "INCOMPLETE": "◐", "RUNNING": "…"}
OUTCOME_GLYPHS = {"ok": PASS, "invalid": FAIL, "truncated": "✂", "error": "!", "missing": "○"}
OUTCOME_WORDS = {
    "ok": "valid answer",
    "invalid": "no valid object in the answer",
    "truncated": "cut off by the token limit",
    "error": "not measured (our side)",
    "missing": "no answer yet",
}
ERROR_WORDS = {
    "missed": "in the gold, not found",
    "spurious": "found, not in the gold",
    "hallucinated": "words that are not in the text",
    "boundary": "found with another extent",
    "type": "found with another type",
    "value": "found with another value",
    "place": "no coordinates, or the wrong ones",
}
# One and several of them, as a list of samples prints them.
MISTAKE_WORDS = {
    ("temporal", "missed"): ("time missed", "times missed"),
    ("temporal", "spurious"): ("time too many", "times too many"),
    ("temporal", "hallucinated"): ("time not in the text", "times not in the text"),
    ("temporal", "boundary"): ("time with another extent", "times with another extent"),
    ("temporal", "type"): ("time of another type", "times of another type"),
    ("temporal", "value"): ("wrong value", "wrong values"),
    ("spatial", "missed"): ("place missed", "places missed"),
    ("spatial", "spurious"): ("place too many", "places too many"),
    ("spatial", "hallucinated"): ("place not in the text", "places not in the text"),
    ("spatial", "boundary"): ("place with another extent", "places with another extent"),
    ("spatial", "type"): ("place of another type", "places of another type"),
    ("spatial", "place"): ("place put wrong", "places put wrong"),
}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric as the reports show it; `unit` `share` is a number from 0 to 1."""

    key: str
    label: str
    unit: Unit = "share"


@dataclass(frozen=True, slots=True)
class MetricGroup:
    """Metrics that stand together."""

    title: str
    rows: tuple[MetricRow, ...]


def _rates(prefix: str) -> tuple[MetricRow, ...]:
    return (
        MetricRow(f"{prefix}precision", "Precision"),
        MetricRow(f"{prefix}recall", "Recall"),
        MetricRow(f"{prefix}f1_score", "F1"),
    )


_FOUND = (
    MetricGroup("Strict: equal spans", _rates("")),
    MetricGroup("Relaxed: spans overlap", _rates("relaxed_")),
    MetricGroup("Words only, wherever they stand", _rates("text_")),
)
_VALUES = MetricGroup(
    "Values and types of what was found",
    (
        MetricRow("normalization_accuracy", "Value, equal string"),
        MetricRow("normalization_accuracy_equivalent", "Value, equal meaning"),
        MetricRow("normalization_overlap", "Value, overlap in time"),
        MetricRow("type_accuracy", "Type"),
    ),
)
_VALUE_F1 = MetricGroup(
    "Found and right",
    (
        MetricRow("value_f1", "F1 with equal string"),
        MetricRow("value_f1_equivalent", "F1 with equal meaning"),
        MetricRow("type_f1", "F1 with equal type"),
    ),
)
_PLACES = MetricGroup(
    "Places and types of what was found",
    (
        MetricRow("geocoding_success_rate", "Has coordinates"),
        MetricRow("accuracy_at_25km", "Within 25 km"),
        MetricRow("accuracy_at_161km", "Within 161 km"),
        MetricRow("accuracy_at_161km_areal", "Within 161 km or area"),
        MetricRow("type_accuracy", "Type"),
    ),
)
_PLACES_END_TO_END = MetricGroup(
    "Found and right, of all gold with coordinates",
    (
        MetricRow("accuracy_at_25km_end_to_end", "Within 25 km"),
        MetricRow("accuracy_at_161km_end_to_end", "Within 161 km"),
        MetricRow("accuracy_at_161km_areal_end_to_end", "Within 161 km or area"),
    ),
)
_DISTANCES = MetricGroup(
    "Distance error (lower is better)",
    (
        MetricRow("median_distance_error_km", "Median, km", "km"),
        MetricRow("mean_distance_error_km", "Mean, km", "km"),
        MetricRow("auc", "Area under the log-error curve", "error"),
    ),
)
_METRIC_GROUPS: Mapping[str, Sequence[MetricGroup]] = {
    "temporal": (*_FOUND, _VALUES, _VALUE_F1),
    "spatial": (*_FOUND, _PLACES, _PLACES_END_TO_END, _DISTANCES),
}
# Figures of a dimension that its tables leave out, whoever wrote it.
_NOT_SHOWN = re.compile(
    r"\.|macro_|type_f1$|_(positives|negatives)$|^(gold|predicted|hallucinated|.*samples)$"
)
_LABELS = {
    "overall.success_rate": "success rate",
    "overall.combined_f1": "combined F1 (strict)",
    "overall.combined_relaxed_f1": "combined F1 (relaxed)",
    "overall.combined_text_f1": "combined F1 (words only)",
    "temporal.f1_score": "temporal F1 (strict)",
    "temporal.relaxed_f1_score": "temporal F1 (relaxed)",
    "temporal.normalization_accuracy": "temporal value accuracy (equal string)",
    "spatial.f1_score": "spatial F1 (strict)",
    "spatial.relaxed_f1_score": "spatial F1 (relaxed)",
    "spatial.accuracy_at_161km_end_to_end": "share of all gold places put within 161 km",
    "complete": "coverage",
}


_SPANS = {"relaxed": "relaxed", "text": "words only"}
# What the names of metrics of coordinates have in common.
_LOCATION = ("accuracy_at_", "distance_error", "geocoding", "auc")


@cache
def metric_groups() -> Mapping[str, Sequence[MetricGroup]]:
    """Return the tables of metrics by dimension; what has no words stands under its own name."""
    return {
        name: (*known, *_nameless(name, known))
        for name in DIMENSIONS
        for known in [_METRIC_GROUPS.get(name, _FOUND)]
    }


def _nameless(name: str, known: Sequence[MetricGroup]) -> Iterator[MetricGroup]:
    """Yield a table of the metrics of a dimension that nobody has put into words."""
    shown = {row.key for group in known for row in group.rows}
    keys = [one.removeprefix(f"{name}.") for one in metric_names() if one.startswith(f"{name}.")]
    rows = [
        MetricRow(key, key.replace("_", " ").capitalize().replace(" f1", " F1"), unit_of(key))
        for key in keys
        if key not in shown and not _NOT_SHOWN.search(key)
    ]
    if rows:
        yield MetricGroup("Beside them", tuple(rows))


def mistake_words(dimension: str, kind: str) -> tuple[str, str] | None:
    """Return the words for one and for several mistakes; None where there is no such mistake."""
    known = MISTAKE_WORDS.get((dimension, kind))
    if known is not None or dimension in _METRIC_GROUPS:
        return known
    kinds = (*COMMON_ERRORS, *DIMENSIONS[dimension].own_errors)
    words = f"{dimension}: {ERROR_WORDS[kind]}"
    return (words, words) if kind in kinds else None


def metric_label(dotted: str) -> str:
    """Return words for a dotted metric name; the name itself where there are none."""
    return _LABELS.get(dotted) or _row_labels().get(dotted, dotted)


def _uncapitalized(words: str) -> str:
    """Return words as they stand within a sentence: `F1` stays as it is."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


@cache
def _row_labels() -> Mapping[str, str]:
    """Return the words of the tables under the metrics' full names: `temporal: Precision`."""
    return {
        f"{name}.{row.key}": f"{name}: {_uncapitalized(row.label)}"
        + (f" ({_SPANS[prefix]})" if (prefix := row.key.rpartition("_")[0]) in _SPANS else "")
        for name, groups in metric_groups().items()
        for group in groups
        for row in group.rows
    }


def lookup(metrics: Mapping[str, Mapping[str, Any]] | None, dotted: str) -> float | None:
    """Return a metric, or None where it is undefined, not computed or no number."""
    if metrics is None:
        return None
    try:
        value = metric_value(metrics, dotted)
    except (KeyError, TypeError):
        return None
    return None if isinstance(value, bool | str) else value


def framed_values(
    report: RunReport, dotted: str
) -> tuple[float | None, float | None, float | None]:
    """Return floor, value and ceiling of a metric.

    The ceiling is told the gold's mentions, so that it says something about coordinates only; and
    times of the floor are those of another machine or day.
    """
    floor, ceiling = report.reference.get("floor"), report.reference.get("ceiling")
    return (
        None if "second" in dotted else lookup(floor, dotted),
        lookup(report.metrics, dotted),
        lookup(ceiling, dotted) if has_ceiling(dotted) else None,
    )


def framed_texts(report: RunReport, dotted: str, unit: Unit) -> tuple[str, str, str]:
    """Return floor, value and ceiling as printed; empty where a ceiling does not apply."""
    floor, value, ceiling = framed_values(report, dotted)
    limit = number_text(ceiling, unit) if has_ceiling(dotted) else ""
    return number_text(floor, unit), number_text(value, unit), limit


def framed_intervals(report: RunReport, dotted: str) -> tuple[Interval, Interval, Interval]:
    """Return the 95 % intervals of floor, value and ceiling, of what has one and is shown."""
    values = framed_values(report, dotted)
    metrics = (report.reference.get("floor"), report.metrics, report.reference.get("ceiling"))
    low, own, high = (
        None if value is None or block is None else interval(block, dotted)
        for value, block in zip(values, metrics, strict=True)
    )
    return low, own, high


def framed_cells(report: RunReport, dotted: str, unit: Unit) -> tuple[str, ...]:
    """Return floor, value and ceiling as printed, each with its interval behind it."""
    texts, intervals = framed_texts(report, dotted, unit), framed_intervals(report, dotted)
    return tuple(
        f"{text} {interval_text(found, unit)}".rstrip()
        for text, found in zip(texts, intervals, strict=True)
    )


def has_ceiling(dotted: str) -> bool:
    """Return whether a metric is one of coordinates, which the geocoder alone can limit."""
    return dotted.startswith("spatial.") and any(part in dotted for part in _LOCATION)


def number_text(value: float | None, unit: Unit = "share") -> str:
    """Return a number as the reports print it: three decimals, or km in sensible digits."""
    if value is None:
        return UNDEFINED
    if unit == "km":
        return f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return f"{value:.3f}"


def interval(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> Interval:
    """Return the 95 % interval of a metric, which stands beside it as `…_ci95`."""
    block: Any = metrics
    for part in f"{dotted}_ci95".split("."):
        block = block.get(part) if isinstance(block, Mapping) else None
    if not isinstance(block, Sequence) or isinstance(block, str) or len(block) != 2:
        return None
    low, high = block
    return None if low is None or high is None else (float(low), float(high))


def interval_text(found: Interval, unit: Unit = "share") -> str:
    """Return an interval as printed; empty where there is none."""
    return "" if found is None else f"{number_text(found[0], unit)}–{number_text(found[1], unit)}"


def unit_of(dotted: str) -> Unit:
    """Return the unit of a metric."""
    if dotted.endswith("_km"):
        return "km"
    return "error" if dotted.endswith("auc") or "second" in dotted else "share"


def signed_text(value: float | None, unit: Unit = "share") -> str:
    """Return a difference as printed, with its sign."""
    if value is None:
        return UNDEFINED
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return sign + number_text(abs(value), unit)


def slice_label(name: str, key: str) -> str:
    """Return a metric's words at the head of a column of slices."""
    words = {row.key: row.label for group in metric_groups()[name] for row in group.rows}
    kinds = {"relaxed_f1_score": "F1, spans overlap", "f1_score": "F1, equal spans"}
    label = kinds.get(key) or words.get(key, key)
    return f"{name.capitalize()}: {_uncapitalized(label)}"


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


def _trimmed(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def model_name(run: Mapping[str, Any]) -> str:
    """Return the model as the user named it."""
    identity = run.get("identity")
    named = identity.get("model") if isinstance(identity, Mapping) else None
    return str(named or run.get("id") or "run")


def dataset_name(run: Mapping[str, Any]) -> str:
    """Return the data set as the user named it; empty where that is not known."""
    identity = run.get("identity")
    return str(identity.get("dataset") or "") if isinstance(identity, Mapping) else ""


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
        beside = f"{samples - unmeasured} of {_counted(samples, 'sample')} measured"
        sentences.append(_incomplete(report, samples, unmeasured))
    sentences += [_failure(gate) for gate in failed if not _is_coverage(gate, report)]
    sentences += [_failure(gate) for gate in unsure]
    if not failed and report.gates and report.status == "PASSED":
        measured = _counted(samples, "sample")
        whole = f"All {measured} were" if samples != 1 else "The one sample was"
        holds = "no gate fails" if unsure else "every gate holds"
        sentences.append(f"{whole} measured and {holds}.")
    if report.partial:
        sentences.append(
            f"This is a selection of the data set ({_counted(samples, 'sample')}): complete in"
            " itself, it says nothing about the rest."
        )
    return Verdict(report.status, STATUS_GLYPHS[report.status], beside, tuple(sentences))


def _gate_count(
    gates: Sequence[GateVerdict], failed: Sequence[GateVerdict], unsure: Sequence[GateVerdict]
) -> str:
    if not gates:
        return "no gate was set"
    all_of_them = _counted(len(gates), "gate")
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
        f"{unmeasured} of {_counted(samples, 'sample')} {verb} not measured: there is no verdict."
        f" The figures cover {_counted(samples - unmeasured, 'sample')} and are provisional."
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


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def overruled_sentence(constrained: int, overruled: int, tokens: int) -> str:
    """Say in how many answers the grammar overruled the model; empty for free decoding."""
    if not constrained:
        return ""
    if not overruled:
        return f"The grammar never had to step in, in {_counted(constrained, 'answer')}."
    return (
        f"In {overruled} of {_counted(constrained, 'answer')} the grammar had to step in, at"
        f" {_counted(tokens, 'token')} in all."
    )


def outcome_counts(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the outcomes as the metrics count them."""
    counted = metrics.get("overall", {}).get("outcomes", {})
    return {outcome.value: int(counted.get(outcome.value) or 0) for outcome in Outcome}


def count_words(report: RunReport, name: str) -> str:
    """Return the counts behind a dimension's metrics: `12 gold mentions, 9 predicted, …`."""
    block = report.metrics.get(name, {})
    counts = (
        ("gold", "gold mentions"),
        ("predicted", "predicted"),
        ("relaxed_true_positives", "matched"),
        ("hallucinated", "not in the text"),
    )
    return ", ".join(f"{block.get(key) or 0} {word}" for key, word in counts)
