"""What the reports call metrics: the tables of a dimension, and the words for a dotted name.

A metric that has no words here, such as one of a user's own, stands under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from stindex.reporting.wording.numbers import Unit, unit_of
from stindex.scoring import DIMENSIONS, metric_names


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
    "spatial.accuracy_at_161km": "within 161 km, of what was found",
    "spatial.accuracy_at_161km_end_to_end": "within 161 km, of all gold",
    "spatial.median_distance_error_km": "median distance error, km",
    "complete": "coverage",
}
# Of every dimension.
_F1_LABELS = {"f1_score": "F1 (strict)", "relaxed_f1_score": "F1 (relaxed)"}
_SPANS = {"relaxed": "relaxed", "text": "words only"}


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


def metric_label(dotted: str) -> str:
    """Return words for a dotted metric name; the name itself where there are none."""
    name, _, key = dotted.partition(".")
    if key in _F1_LABELS:
        return f"{name} {_F1_LABELS[key]}"
    return _LABELS.get(dotted) or _row_labels().get(dotted, dotted)


def slice_label(name: str, key: str) -> str:
    """Return a metric's words at the head of a column of slices."""
    words = {row.key: row.label for group in metric_groups()[name] for row in group.rows}
    kinds = {"relaxed_f1_score": "F1, spans overlap", "f1_score": "F1, equal spans"}
    label = kinds.get(key) or words.get(key, key)
    return f"{name.capitalize()}: {_uncapitalized(label)}"


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


def _uncapitalized(words: str) -> str:
    """Return words as they stand within a sentence: `F1` stays as it is."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words
