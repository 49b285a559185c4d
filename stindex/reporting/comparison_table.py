"""A comparison of two runs as text: a table for the terminal, and one in Markdown.

The comparison is that of `RunReport.comparison`; `docs/baselines.md` names its keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stindex.reporting.visible import fitted, one_line, shortened
from stindex.reporting.wording import UNDEFINED, metric_label, number_text

WIDTH = 100
MOST_WARNINGS = 6

_VERDICT_GLYPHS = {"better": "▲", "worse": "▼", "not distinguishable": "=", "inconclusive": "?"}
_LABEL = 34


def comparison_lines(comparison: Mapping[str, Any] | None) -> list[str]:
    """Return a comparison in lines of at most 100 columns; no lines where there is none."""
    if comparison is None:
        return []
    lines = ["", f"against {_name(comparison)}", _head()]
    lines += [_row(metric) for metric in comparison["metrics"]]
    lines += _flips(comparison)
    lines += _warnings(comparison["warnings"])
    anchor = comparison.get("anchor")
    if anchor is not None:
        lines += comparison_lines(anchor)
    return [fitted(line, WIDTH).rstrip() for line in lines]


def interval_text(interval: Sequence[float] | None, metric: str) -> str:
    """Return the interval of a difference: `−0.031 to +0.004`."""
    if interval is None:
        return UNDEFINED
    return f"{_signed(interval[0], metric)} to {_signed(interval[1], metric)}"


def _name(comparison: Mapping[str, Any]) -> str:
    baseline = comparison["baseline"]
    names = " ".join(dict.fromkeys((str(baseline["model"]), f"({baseline['id']})")))
    return f"{one_line(names)}, {baseline['paired']} paired samples"


def _head() -> str:
    cells = f"{'before':>8}{'now':>8}{'diff.':>9}  {'95 %':17}"
    return f"{'':{_LABEL}}{cells}"


def _row(metric: Mapping[str, Any]) -> str:
    name = metric["name"]
    before, now = _number(metric["baseline"], name), _number(metric["current"], name)
    difference, interval = _signed(metric["difference"], name), interval_text(metric["ci95"], name)
    glyph = _VERDICT_GLYPHS.get(metric["verdict"], "")
    cells = f"{before:>8}{now:>8}{difference:>9}  {interval:17} {glyph} {metric['verdict']}"
    return f"{fitted(metric_label(name), _LABEL - 1)} {cells}"


def _flips(comparison: Mapping[str, Any]) -> Iterator[str]:
    for kind in ("fixed", "broken"):
        ids = comparison[kind]
        if ids:
            shown = ", ".join(shortened(one_line(one), 24) for one in ids[:3])
            noun = "sample" if len(ids) == 1 else "samples"
            yield f"{len(ids)} {noun} {kind}: {shown}" + (", …" if len(ids) > 3 else "")


def _warnings(warnings: Sequence[str]) -> Iterator[str]:
    for sentence in warnings[:MOST_WARNINGS]:
        yield f"differs too: {one_line(sentence)}"
    if len(warnings) > MOST_WARNINGS:
        yield f"and {len(warnings) - MOST_WARNINGS} more differences; see the report"


def _number(value: float | None, metric: str) -> str:
    return number_text(value, "km" if "_km" in metric else "share")


def _signed(value: float | None, metric: str) -> str:
    if value is None:
        return UNDEFINED
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return sign + _number(abs(value), metric)
