"""The rows that every report shows: which metrics, in which order, and how a number is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stindex.reporting.run_report import RunReport

UNDEFINED = "–"

_ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "temporal": (
        ("precision", "precision"),
        ("recall", "recall"),
        ("f1_score", "F1, equal spans"),
        ("relaxed_f1_score", "F1, overlapping spans"),
        ("text_f1_score", "F1, equal words"),
        ("type_accuracy", "type accuracy"),
        ("normalization_accuracy", "value, same string"),
        ("normalization_accuracy_equivalent", "value, same meaning"),
        ("value_f1", "value F1"),
    ),
    "spatial": (
        ("precision", "precision"),
        ("recall", "recall"),
        ("f1_score", "F1, equal spans"),
        ("relaxed_f1_score", "F1, overlapping spans"),
        ("text_f1_score", "F1, equal words"),
        ("type_accuracy", "type accuracy"),
        ("geocoding_success_rate", "geocoding success"),
        ("accuracy_at_161km", "within 161 km, of matched"),
        ("accuracy_at_161km_end_to_end", "within 161 km, of all gold"),
        ("median_distance_error_km", "median error, km"),
    ),
    "overall": (
        ("combined_f1", "combined F1"),
        ("success_rate", "valid answers"),
        ("average_processing_time_seconds", "seconds a sample"),
    ),
}
_CEILING_ROWS = {
    "geocoding_success_rate",
    "accuracy_at_161km",
    "accuracy_at_161km_end_to_end",
    "median_distance_error_km",
}


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric with what frames it; a value is None where it is undefined."""

    key: str
    label: str
    floor: float | None
    value: float | None
    ceiling: float | None

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1."""
        return not self.key.endswith(("_km", "_seconds"))


def metric_rows(report: RunReport) -> dict[str, list[MetricRow]]:
    """Return the rows of each block; the floor has no times, the ceiling only places."""
    return {
        block: [
            MetricRow(
                key,
                label,
                _value(report.reference.get("floor"), block, key),
                _value(report.metrics, block, key),
                _value(report.reference.get("ceiling"), block, key)
                if key in _CEILING_ROWS
                else None,
            )
            for key, label in rows
        ]
        for block, rows in _ROWS.items()
    }


def number(value: float | None) -> str:
    """Return a number with three decimals, or fewer where it is large."""
    if value is None:
        return UNDEFINED
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def verdict(report: RunReport) -> str:
    """Return the verdict in a sentence: which gate, its value, what it needs."""
    failed = [gate for gate in report.gates if not gate.passed]
    scope = " on a part of the data set" if report.partial else ""
    if not failed:
        if report.status == "INCOMPLETE":
            return f"The run was stopped{scope}; no gate was judged."
        count = len(report.gates)
        return f"All {count} gates hold{scope}." if count > 1 else f"The one gate holds{scope}."
    first = f"{failed[0].name}: {failed[0].reason}"
    more = f" {len(failed) - 1} more gates fail." if len(failed) > 1 else ""
    return f"{first}.{more}"


def _value(metrics: Mapping[str, Mapping[str, Any]] | None, block: str, key: str) -> float | None:
    if metrics is None or block not in metrics:
        return None
    value: float | None = metrics[block].get(key)
    return value
