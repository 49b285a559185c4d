"""Distance errors ─▶ their cumulative curve: which share of places lies within how many km."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from markupsafe import Markup

from stindex.reporting.readings import PairReading
from stindex.schema import SpatialMention

WIDTH, HEIGHT = 560, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 24, 38
# Half of the earth's circumference: nothing is farther.
_FARTHEST_KM = 20_038.0
_STEPS = 160
_LIMITS_KM = (25, 161)


@dataclass(slots=True)
class Distances:
    """Distances of matched places whose gold has coordinates; `unresolved` have none themselves."""

    km: array[float] = field(default_factory=lambda: array("d"))
    unresolved: int = 0

    def add(self, pairs: Iterable[PairReading]) -> None:
        """Add the pairs of a sample."""
        for pair in pairs:
            if pair.km is not None:
                self.km.append(pair.km)
            elif _is_unresolved(pair):
                self.unresolved += 1

    @property
    def total(self) -> int:
        """Return how many places there are, those without coordinates included."""
        return len(self.km) + self.unresolved

    def median_km(self) -> float | None:
        """Return the median of the distances that are known."""
        return median(self.km) if self.km else None


def curve_drawing(runs: Sequence[tuple[str, Distances]]) -> Markup:
    """Draw the curves of runs (class name and distances) on a logarithmic axis."""
    content = _grid() + _ticks() + "".join(_limit(km) for km in _LIMITS_KM)
    # The first run is drawn last, so that it lies on top.
    content += "".join(_curve(name, distances) for name, distances in reversed(runs))
    return Markup(  # noqa: S704 - numbers and our own class names
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-labelledby="curve-caption">{content}</svg>'
    )


def share_within(distances: Distances, km: float) -> float | None:
    """Return the share of all places that lie within a distance; None where there is none."""
    if not distances.total:
        return None
    return sum(one <= km for one in distances.km) / distances.total


def _is_unresolved(pair: PairReading) -> bool:
    gold, predicted = pair.gold, pair.predicted
    if not isinstance(gold, SpatialMention) or not isinstance(predicted, SpatialMention):
        return False
    return gold.latitude is not None and predicted.latitude is None


def _x(km: float) -> float:
    share = math.log10(max(1.0, km)) / math.log10(_FARTHEST_KM)
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * share, 1)


def _y(share: float) -> float:
    return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share, 1)


def _grid() -> str:
    return "".join(
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(share)}" y2="{_y(share)}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:g}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    )


def _ticks() -> str:
    bottom = HEIGHT - _BOTTOM
    ticks = "".join(
        f'<line class="tick" x1="{_x(km)}" x2="{_x(km)}" y1="{bottom}" y2="{bottom + 4}"/>'
        f'<text x="{_x(km)}" y="{bottom + 16}" text-anchor="middle">{label}</text>'
        for km, label in ((1, "≤ 1"), (10, "10"), (100, "100"), (1e3, "1 000"), (1e4, "10 000 km"))
    )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    return ticks + (
        f'<text x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">distance from the gold place'
        " (logarithmic)</text>"
    )


def _limit(km: int) -> str:
    at = _x(km)
    return (
        f'<line class="threshold" x1="{at}" x2="{at}" y1="{_TOP - 6}" y2="{HEIGHT - _BOTTOM}"/>'
        f'<text x="{at}" y="{_TOP - 10}" text-anchor="middle">{km} km</text>'
    )


def _curve(name: str, distances: Distances) -> str:
    if not distances.total:
        return ""
    ordered = sorted(distances.km)
    points = []
    for step in range(_STEPS + 1):
        km = _FARTHEST_KM ** (step / _STEPS)
        share = bisect_right(ordered, km) / distances.total
        points.append(f"{_x(km):g} {_y(share):g}")
    return f'<path class="{name}" d="M{"L".join(points)}"/>'
