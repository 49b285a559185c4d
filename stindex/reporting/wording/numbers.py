"""Figures ─▶ text: numbers, intervals and differences, in the digits that all reports print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from stindex.scoring import metric_value

Unit = Literal["share", "error", "km"]
Interval = tuple[float, float] | None
UNDEFINED = "—"


def lookup(metrics: Mapping[str, Mapping[str, Any]] | None, dotted: str) -> float | None:
    """Return a metric, or None where it is undefined, not computed or no number."""
    if metrics is None:
        return None
    try:
        value = metric_value(metrics, dotted)
    except (KeyError, TypeError):
        return None
    return None if isinstance(value, bool | str) else value


def interval(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> Interval:
    """Return the 95 % interval of a metric, which stands beside it as `…_ci95`."""
    block: Any = metrics
    for part in f"{dotted}_ci95".split("."):
        block = block.get(part) if isinstance(block, Mapping) else None
    if not isinstance(block, Sequence) or isinstance(block, str) or len(block) != 2:
        return None
    low, high = block
    return None if low is None or high is None else (float(low), float(high))


def number_text(value: float | None, unit: Unit = "share") -> str:
    """Return a number as the reports print it: three decimals, or km in sensible digits."""
    if value is None:
        return UNDEFINED
    if unit == "km":
        return f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return f"{value:.3f}"


def interval_text(found: Interval, unit: Unit = "share") -> str:
    """Return an interval as printed; empty where there is none."""
    return "" if found is None else f"{number_text(found[0], unit)}–{number_text(found[1], unit)}"


def signed_text(value: float | None, unit: Unit = "share") -> str:
    """Return a difference as printed, with its sign."""
    if value is None:
        return UNDEFINED
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return sign + number_text(abs(value), unit)


def unit_of(dotted: str) -> Unit:
    """Return the unit of a metric."""
    if dotted.endswith("_km"):
        return "km"
    return "error" if dotted.endswith("auc") or "second" in dotted else "share"


def counted(number: int, noun: str) -> str:
    """Return `1 sample`, `2 samples`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
