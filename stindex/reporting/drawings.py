"""Numbers ─▶ small inline SVG drawings. No text of a sample or a model ever comes in here."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

PLOT_WIDTH = 168
_MARGIN = 8


def axis() -> Markup:
    """Draw the axis from 0 to 1 that stands over a column of dot plots."""
    labels = "".join(
        f'<text x="{_x(value)}" y="9" text-anchor="middle">{label}</text>'
        f'<line class="tick" x1="{_x(value)}" x2="{_x(value)}" y1="12" y2="15"/>'
        for value, label in ((0.0, "0"), (0.25, ""), (0.5, "0.5"), (0.75, ""), (1.0, "1"))
    )
    return _svg("plot", PLOT_WIDTH, 15, labels)


def dot_plot(floor: float | None, value: float | None, ceiling: float | None) -> Markup:
    """Draw floor (ring), value (dot) and ceiling (bar) of one metric on the axis from 0 to 1."""
    grid = "".join(
        f'<line class="grid" x1="{_x(at)}" x2="{_x(at)}" y1="0" y2="24"/>' for at in (0.0, 0.5, 1.0)
    )
    rule = f'<line class="rule" x1="{_x(0)}" x2="{_x(1)}" y1="12" y2="12"/>'
    marks = []
    if ceiling is not None:
        marks.append(
            f'<rect class="ceiling" x="{_x(ceiling) - 1.5:.1f}" y="4" width="3" height="16"/>'
        )
    if floor is not None:
        marks.append(f'<circle class="floor" cx="{_x(floor)}" cy="12" r="4.6"/>')
    if value is not None:
        marks.append(f'<circle class="value" cx="{_x(value)}" cy="12" r="4"/>')
    return _svg("plot", PLOT_WIDTH, 24, grid + rule + "".join(marks))


def threshold_plot(value: float | None, threshold: float | None) -> Markup:
    """Draw a gate: the value as a dot, the threshold as a dashed line; empty outside 0 to 1."""
    known = [number for number in (value, threshold) if number is not None]
    if value is None or not all(0 <= number <= 1 for number in known):
        return Markup()
    rule = f'<line class="rule" x1="{_x(0)}" x2="{_x(1)}" y1="12" y2="12"/>'
    mark = ""
    if threshold is not None:
        mark = f'<line class="threshold" x1="{_x(threshold)}" x2="{_x(threshold)}" y1="2" y2="22"/>'
    dot = f'<circle class="value" cx="{_x(value)}" cy="12" r="4"/>'
    return _svg("plot", PLOT_WIDTH, 24, rule + mark + dot)


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


def count_bar(count: int, largest: int) -> Markup:
    """Draw a count as a bar in proportion to the largest one."""
    width = 0.0 if not largest else max(2.0 if count else 0.0, 120 * count / largest)
    return _svg(
        "count", 120, 10, f'<rect class="o-ok" x="0" y="0" width="{width:.1f}" height="10"/>'
    )


def key_mark(kind: str) -> Markup:
    """Draw one mark as it stands in the legend: `floor`, `value`, `ceiling` or `threshold`."""
    drawings = {
        "floor": '<circle class="floor" cx="8" cy="8" r="4.6"/>',
        "value": '<circle class="value" cx="8" cy="8" r="4"/>',
        "ceiling": '<rect class="ceiling" x="6.5" y="1" width="3" height="14"/>',
        "threshold": '<line class="threshold" x1="8" x2="8" y1="0" y2="16"/>',
    }
    return _svg("mark", 16, 16, drawings[kind])


def _x(value: float) -> float:
    inside = min(1.0, max(0.0, value))
    return round(_MARGIN + (PLOT_WIDTH - 2 * _MARGIN) * inside, 1)


def _svg(name: str, width: int, height: int, content: str) -> Markup:
    return Markup(  # noqa: S704 - numbers and our own class names
        f'<svg class="{name}" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' aria-hidden="true">{content}</svg>'
    )
