"""A metric between what frames it: the floor of the rules, and the ceiling of the geocoder."""

from __future__ import annotations

from stindex.reporting.run_report import RunReport
from stindex.reporting.wording.numbers import (
    Interval,
    Unit,
    interval,
    interval_text,
    lookup,
    number_text,
)

# What the names of metrics of coordinates have in common.
_LOCATION = ("accuracy_at_", "distance_error", "geocoding", "auc")


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
