"""Numbers ─▶ small inline SVG drawings. No text of a sample or a model ever comes in here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

PLOT_WIDTH = 168
_MARGIN = 8
_HEIGHT = 24

Interval = tuple[float, float] | None


def axis() -> Markup:
    """Draw the axis from 0 to 1 that stands over a column of dot plots."""
    labels = ((0.0, "0"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1.0, "1"))
    return _svg("plot", PLOT_WIDTH, 15, "".join(_axis_tick(_x(at), text) for at, text in labels))


def dot_plot(
    floor: float | None, value: float | None, ceiling: float | None, interval: Interval = None
) -> Markup:
    """Draw floor (ring), value (dot), its interval and the ceiling (bar) on an axis from 0 to 1."""
    marks = [_vertical("grid", _x(at)) for at in (0.0, 0.5, 1.0)]
    marks.append(_horizontal("rule", _x(0), _x(1)))
    if ceiling is not None:
        marks.append(
            f'<rect class="ceiling" x="{_x(ceiling) - 1.5:.1f}" y="4" width="3" height="16"/>'
        )
    if floor is not None:
        marks.append(f'<circle class="floor" cx="{_x(floor)}" cy="12" r="4.6"/>')
    marks += _value_marks(value, interval)
    return _svg("plot", PLOT_WIDTH, _HEIGHT, "".join(marks))


def threshold_plot(
    value: float | None, threshold: float | None, interval: Interval = None
) -> Markup:
    """Draw a gate: value, interval, and the threshold as a dashed line; empty outside 0 to 1."""
    known = [number for number in (value, threshold) if number is not None]
    if value is None or not all(0 <= number <= 1 for number in known):
        return Markup()
    marks = [_horizontal("rule", _x(0), _x(1))]
    if threshold is not None:
        marks.append(_vertical("threshold", _x(threshold)))
    marks += _value_marks(value, interval)
    return _svg("plot", PLOT_WIDTH, _HEIGHT, "".join(marks))


def difference_axis(domain: float) -> Markup:
    """Draw the axis over a column of differences, from -domain to +domain."""
    step = _difference_step(domain)
    ticks = (-step, 0.0, step)
    drawn = "".join(_axis_tick(_signed_x(at, domain), _signed(at)) for at in ticks)
    return _svg("plot", PLOT_WIDTH, 15, drawn)


def difference_plot(
    difference: float | None,
    interval: Interval,
    allowed_drop: float | None,
    domain: float,
    verdict: str,
) -> Markup:
    """Draw a difference and its interval against zero (line) and the allowed drop (dashed).

    `verdict` is a class name. Small labels below are for narrow screens, which have no column
    with an axis over it.
    """
    marks = [_vertical("zero", _signed_x(0.0, domain))]
    if allowed_drop is not None:
        marks.append(_vertical("threshold", _signed_x(-allowed_drop, domain)))
    if interval is not None:
        low, high = (_signed_x(end, domain) for end in interval)
        marks.append(_horizontal(f"whisker {verdict}", low, high))
    if difference is not None:
        x = _signed_x(difference, domain)
        marks.append(f'<circle class="dot {verdict}" cx="{x}" cy="12" r="4.2"/>')
    step = _difference_step(domain)
    marks += [
        f'<text class="ph" x="{_signed_x(at, domain)}" y="34" text-anchor="middle">{_signed(at)}'
        "</text>"
        for at in (-step, 0.0, step)
    ]
    return _svg("plot difference", PLOT_WIDTH, _HEIGHT, "".join(marks))


def share_bar(parts: Sequence[tuple[str, int]]) -> Markup:
    """Draw one bar of class names and counts, as wide as its container."""
    total = sum(count for _, count in parts)
    position = 0.0
    pieces = []
    for name, count in parts:
        width = 1000 * count / total
        if count:
            shown = max(3.0, width - 2)
            pieces.append(
                f'<rect class="o-{name}" x="{position:.1f}" y="0" width="{shown:.1f}" height="16"/>'
            )
        position += width
    return Markup(  # noqa: S704 - numbers and our own class names
        '<svg class="bar" viewBox="0 0 1000 16" preserveAspectRatio="none" height="16"'
        f' aria-hidden="true">{"".join(pieces)}</svg>'
    )


def count_bar(count: int, largest: int, baseline: int | None = None) -> Markup:
    """Draw a count as a bar in proportion to the largest one, the baseline's as a thin one."""
    bars = f'<rect class="o-ok" x="0" y="2" width="{_length(count, largest):.1f}" height="8"/>'
    if baseline is not None:
        width = _length(baseline, largest)
        bars += f'<rect class="base" x="0" y="12" width="{width:.1f}" height="3"/>'
    return _svg("count", 120, 16, bars)


def key_mark(kind: str) -> Markup:
    """Draw one mark as it stands in the legend."""
    drawings = {
        "floor": '<circle class="floor" cx="8" cy="8" r="4.6"/>',
        "value": '<line class="whisker" x1="0" x2="16" y1="8" y2="8"/>'
        '<circle class="value" cx="8" cy="8" r="4"/>',
        "point": '<circle class="value" cx="8" cy="8" r="4"/>',
        "ceiling": '<rect class="ceiling" x="6.5" y="1" width="3" height="14"/>',
        "threshold": '<line class="threshold" x1="8" x2="8" y1="0" y2="16"/>',
        "zero": '<line class="zero" x1="8" x2="8" y1="0" y2="16"/>',
        "this": '<path class="this" d="M0 8L16 8"/>',
        "baseline": '<path class="baseline" d="M0 8L16 8"/>',
    }
    return _svg("mark", 16, 16, drawings[kind])


def arc_mark(level: int) -> Markup:
    """Draw a piece of an arc of the map as it stands in the legend."""
    line = '<path class="ln" d="M1 8L15 8" stroke-width="2.4"/>'
    return _svg("mark", 16, 16, f'<g class="arc k{level}">{line}</g>')


def _value_marks(value: float | None, interval: Interval) -> list[str]:
    marks = []
    if interval is not None:
        marks.append(_horizontal("whisker", _x(interval[0]), _x(interval[1])))
    if value is not None:
        marks.append(f'<circle class="value" cx="{_x(value)}" cy="12" r="4"/>')
    return marks


def _vertical(name: str, x: float) -> str:
    return f'<line class="{name}" x1="{x}" x2="{x}" y1="1" y2="23"/>'


def _horizontal(name: str, x1: float, x2: float) -> str:
    return f'<line class="{name}" x1="{x1}" x2="{x2}" y1="12" y2="12"/>'


def _axis_tick(x: float, label: str) -> str:
    return (
        f'<text x="{x}" y="9" text-anchor="middle">{label}</text>'
        f'<line class="tick" x1="{x}" x2="{x}" y1="12" y2="15"/>'
    )


def _difference_step(domain: float) -> float:
    """Return 1, 2 or 5 times a power of ten: the smallest above half of the domain."""
    half = domain / 2
    power = 10.0 ** math.floor(math.log10(half))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power > half)


def _signed(value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{abs(value):g}"


def _length(count: int, largest: int) -> float:
    return 0.0 if not largest else max(2.0 if count else 0.0, 120 * count / largest)


def _x(value: float) -> float:
    inside = min(1.0, max(0.0, value))
    return round(_MARGIN + (PLOT_WIDTH - 2 * _MARGIN) * inside, 1)


def _signed_x(value: float, domain: float) -> float:
    return _x((value + domain) / (2 * domain))


def _svg(name: str, width: int, height: int, content: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own class names
        f'<svg class="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' aria-hidden="true">{content}</svg>'
    )
