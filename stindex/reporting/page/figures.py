"""Metrics ─▶ the tables of the page: by dimension, by slice, and every figure under its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from stindex.reporting import wording
from stindex.reporting.page import drawings
from stindex.reporting.run_report import RunReport

# Slices smaller than this are set in grey: their numbers say little.
FEW_SAMPLES = 15
_NOT_FIGURES = ("n", "combined_of", "errors", "place_errors", "confusions")
# Of each list the first that a slice has.
_SLICE_COLUMNS = (
    ("temporal", ("relaxed_f1_score", "f1_score")),
    ("temporal", ("normalization_accuracy_equivalent", "normalization_accuracy", "value_f1")),
    ("spatial", ("relaxed_f1_score", "f1_score")),
    ("spatial", ("accuracy_at_161km", "accuracy_at_161km_end_to_end")),
)


class Printed(NamedTuple):
    """A number and its interval as printed."""

    number: str
    interval: str


@dataclass(frozen=True, slots=True)
class MetricView:
    """One row of a table of metrics; `n` where it is not that of its group."""

    label: str
    n: str
    floor: Printed
    value: Printed
    ceiling: Printed
    plot: Markup


@dataclass(frozen=True, slots=True)
class MetricBlock:
    """The metrics of one dimension: groups of rows, each with a title and the n of most rows.

    `emptiness` says why there is nothing to measure; empty where there is something.
    """

    title: str
    counts: str
    groups: tuple[tuple[str, str, tuple[MetricView, ...]], ...]
    has_ceiling: bool
    has_intervals: bool
    emptiness: str


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One slice: its value, how many samples, and a value, an interval and a plot a column."""

    value: str
    samples: int
    cells: tuple[tuple[str, str, Markup], ...]
    is_small: bool


@dataclass(frozen=True, slots=True)
class SliceTable:
    """The slices under the keys that they are cut by."""

    columns: tuple[str, ...]
    groups: tuple[tuple[str, tuple[SliceRow, ...]], ...]


def metric_block(report: RunReport, name: str) -> MetricBlock:
    """Return the table of one dimension."""
    block = report.metrics.get(name, {})
    groups = tuple(_group(report, name, group) for group in wording.metric_groups()[name])
    rows = [row for _, _, views in groups for row in views]
    return MetricBlock(
        name.capitalize(),
        wording.count_words(report, name),
        groups,
        has_ceiling=report.reference.get("ceiling") is not None and name == "spatial",
        has_intervals=any(row.value.interval for row in rows),
        emptiness=_emptiness(block),
    )


def slice_table(slices: Sequence[Mapping[str, Any]]) -> SliceTable | None:
    """Return the table of slices; None where there are none."""
    columns = [
        (name, key)
        for name, keys in _SLICE_COLUMNS
        if (key := _first_key(slices, name, keys)) is not None
    ]
    if not slices or not columns:
        return None
    groups: dict[str, list[SliceRow]] = {}
    for one in slices:
        groups.setdefault(str(one["by"]), []).append(_slice_row(one, columns))
    return SliceTable(
        tuple(wording.slice_label(name, key) for name, key in columns),
        tuple((by, tuple(rows)) for by, rows in groups.items()),
    )


def every_figure(report: RunReport) -> list[tuple[str, list[Printed]]]:
    """Return every number of the metrics under its key: of floor, this run and ceiling."""
    found = []
    for key in _keys(report.metrics, ""):
        values = map(_digits, wording.framed_values(report, key))
        ends = map(_ends, wording.framed_intervals(report, key))
        found.append((key, list(map(Printed, values, ends))))
    return found


def costs(report: RunReport) -> list[tuple[str, str]]:
    """Return what an answer cost in time, and all of them in money."""

    def seconds(key: str) -> str:
        value = wording.lookup(report.metrics, f"overall.{key}")
        return wording.UNDEFINED if value is None else f"{value:.3g} s"

    tokens = wording.lookup(report.metrics, "overall.tokens_per_second")
    price = wording.cost_words(report.run)
    return [
        ("A sample, on average", seconds("average_processing_time_seconds")),
        ("Latency, median", seconds("p50_processing_time_seconds")),
        ("Latency, 95th percentile", seconds("p95_processing_time_seconds")),
        ("Tokens a second", f"{tokens:.0f}" if tokens else wording.UNDEFINED),
        *([("All answers", price)] if price else []),
    ]


def _emptiness(block: Mapping[str, Any]) -> str:
    if block.get("gold") or block.get("predicted"):
        return ""
    if not block.get("samples"):
        return "Not annotated in these samples, so there is nothing to measure."
    return "Nothing was annotated and nothing was found, so there is nothing to measure."


def _group(
    report: RunReport, name: str, group: wording.MetricGroup
) -> tuple[str, str, tuple[MetricView, ...]]:
    known = report.metrics.get(name, {}).get("n", {})
    numbers = [known[row.key] for row in group.rows if row.key in known]
    most = max(numbers, key=numbers.count, default=None)
    views = tuple(
        _metric_view(report, name, row, "" if n in (None, most) else _n_words(n))
        for row in group.rows
        for n in [known.get(row.key)]
    )
    return group.title, _n_words(most), views


def _n_words(n: int | None) -> str:
    return "" if n is None else f"n = {n}"


def _metric_view(report: RunReport, name: str, row: wording.MetricRow, n: str) -> MetricView:
    dotted = f"{name}.{row.key}"
    intervals = wording.framed_intervals(report, dotted)
    plot = Markup()
    if row.unit != "km":
        plot = drawings.dot_plot(*wording.framed_values(report, dotted), intervals[1])
    floor, value, ceiling = (
        Printed(text, wording.interval_text(found, row.unit))
        for text, found in zip(
            wording.framed_texts(report, dotted, row.unit), intervals, strict=True
        )
    )
    return MetricView(row.label, n, floor, value, ceiling, plot)


def _first_key(slices: Sequence[Mapping[str, Any]], name: str, keys: Sequence[str]) -> str | None:
    for key in keys:
        if any(wording.lookup(one["metrics"], f"{name}.{key}") is not None for one in slices):
            return key
    return None


def _slice_row(one: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> SliceRow:
    cells = []
    for name, key in columns:
        value = wording.lookup(one["metrics"], f"{name}.{key}")
        interval = wording.interval(one["metrics"], f"{name}.{key}")
        cells.append(
            (
                wording.number_text(value),
                wording.interval_text(interval),
                drawings.dot_plot(None, value, None, interval),
            )
        )
    samples = int(one.get("samples") or 0)
    label = str(one["value"])
    if one["by"] == "temporal reference":  # our own words, not those of the data
        label = label.replace("_", " ")
    return SliceRow(label, samples, tuple(cells), samples < FEW_SAMPLES)


def _ends(interval: wording.Interval) -> str:
    return "" if interval is None else f"{_digits(interval[0])} – {_digits(interval[1])}"


def _digits(value: float | None) -> str:
    if value is None:
        return wording.UNDEFINED
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _keys(block: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in block.items():
        if name in _NOT_FIGURES or name.endswith("_ci95"):
            continue
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{name}.")
        elif not isinstance(value, list | tuple):
            yield f"{prefix}{name}"
