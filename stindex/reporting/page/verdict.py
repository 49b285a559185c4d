"""Gates and comparison ─▶ what stands at the head of the page.

Verdicts and differences go in; rows with their texts, marks and places on an axis come out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from stindex.gates import GateVerdict
from stindex.reporting import wording
from stindex.reporting.page import drawings
from stindex.reporting.run_report import RunReport

# The order in which a reader wants them, with a glyph and a class for each.
VERDICTS = {
    "worse": ("▼", "worse"),
    "better": ("▲", "better"),
    "inconclusive": ("?", "unclear"),
    "not distinguishable": ("○", "unclear"),
}


# State and `passed` of a gate: glyph, class, word. One that cannot tell fails with `--strict`.
STATES = {
    ("passed", True): (wording.PASS, "good", "pass"),
    ("failed", False): (wording.FAIL, "bad", "fail"),
    ("inconclusive", True): (wording.UNSURE, "unclear", "inconclusive"),
    ("inconclusive", False): (wording.FAIL, "bad", "inconclusive"),
}


@dataclass(frozen=True, slots=True)
class GateView:
    """One row of the table of gates; `state` is glyph, class and word."""

    gate: GateVerdict
    state: tuple[str, str, str]
    label: str
    value: str
    interval: str
    need: str
    plot: Markup
    reason: str
    is_close: bool


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One row of the table of differences."""

    label: str
    baseline: str
    current: str
    difference: str
    interval: str
    plot: Markup
    verdict: str
    glyph: str
    state: str
    remark: str
    n: int


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """This run against a baseline.

    Attributes:
        role: `baseline` or `anchor`.
        summary: verdict, glyph, class and the metrics that it holds for, in words.
        axis: what stands over the column of plots.
    """

    role: str
    name: str
    summary: tuple[tuple[str, str, str, str], ...]
    rows: tuple[DifferenceView, ...]
    axis: Markup
    has_allowed_drop: bool
    fixed: int
    broken: int
    warnings: tuple[str, ...]


def gate_views(report: RunReport) -> list[GateView]:
    """Return the rows of the table of gates."""
    return [_gate_view(gate, report.metrics) for gate in report.gates]


def comparison_view(report: RunReport) -> ComparisonView | None:
    """Return this run against its baseline; None where there is none."""
    return None if report.comparison is None else _comparison_view("baseline", report.comparison)


def anchor_view(report: RunReport) -> ComparisonView | None:
    """Return this run against its anchor, whose samples are not on the page."""
    anchor = (report.comparison or {}).get("anchor")
    return (
        None if anchor is None else replace(_comparison_view("anchor", anchor), fixed=0, broken=0)
    )


def _comparison_view(role: str, comparison: Mapping[str, Any]) -> ComparisonView:
    # What changed comes first, in the order of `VERDICTS`.
    rows = sorted(comparison.get("metrics") or (), key=lambda row: _rank(row["verdict"]))
    domain = _domain(rows)
    views = tuple(_difference_view(row, domain) for row in rows)
    return ComparisonView(
        role=role,
        name=_baseline_name(comparison.get("baseline") or {}),
        summary=_summary(views),
        rows=views,
        axis=drawings.difference_axis(domain),
        has_allowed_drop=any(row.get("allowed_drop") is not None for row in rows),
        fixed=len(comparison.get("fixed") or ()),
        broken=len(comparison.get("broken") or ()),
        warnings=tuple(str(one) for one in comparison.get("warnings") or ()),
    )


def _rank(verdict: str) -> int:
    return list(VERDICTS).index(verdict) if verdict in VERDICTS else len(VERDICTS)


def _gate_view(gate: GateVerdict, metrics: Mapping[str, Mapping[str, Any]]) -> GateView:
    interval = _gate_interval(gate, metrics)
    threshold = gate.threshold
    unit = wording.unit_of(gate.metric)
    return GateView(
        gate,
        STATES.get((gate.state, gate.passed), STATES["failed", False]),
        wording.metric_label(gate.metric),
        wording.gate_value_text(gate),
        _difference_text(interval, unit)
        if gate.compares
        else wording.interval_text(interval, unit),
        wording.threshold_text(gate),
        # A difference does not lie on the axis from 0 to 1; it is drawn with the baseline.
        Markup()
        if gate.compares
        else drawings.threshold_plot(gate.value, gate.threshold, interval),
        gate.reason if wording.needs_reason(gate) else "",
        is_close=interval is not None
        and not gate.compares
        and threshold is not None
        and interval[0] <= threshold <= interval[1],
    )


def _gate_interval(
    gate: GateVerdict, metrics: Mapping[str, Mapping[str, Any]]
) -> tuple[float, float] | None:
    if gate.interval is not None:
        return gate.interval
    # A gate over a slice has another value than the whole, and not the interval of the whole.
    if gate.value is None or wording.lookup(metrics, gate.metric) != gate.value:
        return None
    return wording.interval(metrics, gate.metric)


def _domain(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the largest distance from zero among the shares, so that all share one axis."""
    ends: list[float] = [
        abs(value)
        for row in rows
        if wording.unit_of(row["name"]) == "share"
        for value in (*(row.get("ci95") or ()), row.get("difference"), row.get("allowed_drop"))
        if value is not None
    ]
    return max([0.01, *ends]) * 1.08


def _difference_view(row: Mapping[str, Any], domain: float) -> DifferenceView:
    unit = wording.unit_of(row["name"])
    glyph, state = VERDICTS.get(row["verdict"], ("○", "unclear"))
    ci95 = row.get("ci95")
    interval = (ci95[0], ci95[1]) if ci95 else None
    plot = Markup()
    if unit == "share":
        plot = drawings.difference_plot(
            row.get("difference"), interval, row.get("allowed_drop"), domain, state
        )
    return DifferenceView(
        label=wording.metric_label(row["name"]),
        baseline=wording.number_text(row.get("baseline"), unit),
        current=wording.number_text(row.get("current"), unit),
        difference=wording.signed_text(row.get("difference"), unit),
        interval=_difference_text(interval, unit),
        plot=plot,
        verdict=row["verdict"],
        glyph=glyph,
        state=state,
        remark=_remark(row, unit),
        n=row.get("n") or 0,
    )


def _difference_text(interval: tuple[float, float] | None, unit: wording.Unit) -> str:
    return " to ".join(wording.signed_text(end, unit) for end in interval or ())


def _remark(row: Mapping[str, Any], unit: wording.Unit) -> str:
    parts = []
    drop, ci95 = row.get("allowed_drop"), row.get("ci95")
    if drop is not None and ci95 and row["verdict"] != "better" and unit == "share":
        ruled_out = ci95[0] >= -drop
        parts.append(
            f"a drop beyond the allowed {wording.number_text(drop)} is"
            f" {'ruled out' if ruled_out else 'not ruled out'}"
        )
    loss, needed = row.get("smallest_loss"), row.get("needed_n")
    if row["verdict"] in ("inconclusive", "not distinguishable") and loss:
        parts.append(_shown_loss(loss, unit))
    if row["verdict"] == "inconclusive" and needed:
        parts.append(f"n = {needed} would be needed")
    return "; ".join(parts)


def _shown_loss(loss: float, unit: wording.Unit) -> str:
    if unit == "share" and loss >= 1:
        return "this n would show no loss at all"
    return f"this n would show a loss of {wording.number_text(loss, unit)} or more"


def _summary(views: Sequence[DifferenceView]) -> tuple[tuple[str, str, str, str], ...]:
    lines = []
    for verdict, (glyph, state) in VERDICTS.items():
        with_it = [view for view in views if view.verdict == verdict]
        if with_it:
            is_told = verdict in ("worse", "better")
            words = [f"{v.label} {v.difference}" if is_told else v.label for v in with_it]
            alike = len(with_it) == len(views) > 2 and not is_told
            lines.append(
                (verdict, glyph, state, f"all {len(views)} metrics" if alike else _listed(words))
            )
    return tuple(lines)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _baseline_name(baseline: Mapping[str, Any]) -> str:
    named = [str(baseline[key]) for key in ("model", "id") if baseline.get(key)]
    return f"{named[0]} ({named[1]})" if len(named) == 2 else "".join(named) or "baseline"
