"""What the page draws from numbers: differences, curve, map, and names of mistakes."""

from __future__ import annotations

import re

import pytest

from stindex.reporting.page.distances import Distances, curve_drawing, share_within
from stindex.reporting.page.drawings import difference_axis, difference_plot, dot_plot
from stindex.reporting.page.mistakes import what_went_wrong
from stindex.reporting.page.places import (
    CLASSES,
    Arc,
    great_circle,
    land_paths,
    project,
)

PARIS, SYDNEY, TOKYO, SEATTLE = (48.9, 2.3), (-33.9, 151.2), (35.7, 139.7), (47.6, -122.3)


def _numbers(drawing: str, pattern: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, drawing)]


def test_a_difference_stands_left_of_zero_where_it_is_a_loss() -> None:
    drawing = difference_plot(-0.1, (-0.15, -0.05), 0.02, 0.2, "worse")
    (zero,) = _numbers(drawing, r'class="zero" x1="([\d.]+)"')
    (drop,) = _numbers(drawing, r'class="threshold" x1="([\d.]+)"')
    (dot,) = _numbers(drawing, r'cx="([\d.]+)"')
    low, high = re.search(r'class="whisker worse" x1="([\d.]+)" x2="([\d.]+)"', drawing).groups()  # type: ignore[union-attr]  # it is there
    assert float(low) < dot < float(high) < drop < zero
    # The same axis for all: a tenth is half of the way from zero to the end.
    assert zero - dot == pytest.approx((168 - 16) / 4, abs=0.2)


@pytest.mark.parametrize(
    ("domain", "labels"),
    [
        (0.0108, ["−0.01", "0", "+0.01"]),
        (0.19, ["−0.1", "0", "+0.1"]),
        (0.06, ["−0.05", "0", "+0.05"]),
        (1.08, ["−1", "0", "+1"]),
    ],
)
def test_an_axis_of_differences_has_round_labels(domain: float, labels: list[str]) -> None:
    assert re.findall(r">([^<]+)</text>", difference_axis(domain)) == labels


def test_an_interval_is_drawn_around_the_value() -> None:
    drawing = dot_plot(0.2, 0.5, 0.9, (0.4, 0.7))
    low, high = re.search(r'class="whisker" x1="([\d.]+)" x2="([\d.]+)"', drawing).groups()  # type: ignore[union-attr]  # it is there
    (value,) = _numbers(drawing, r'class="value" cx="([\d.]+)"')
    assert float(low) < value < float(high)
    assert "whisker" not in dot_plot(0.2, 0.5, 0.9)


def test_the_curve_ends_below_one_by_the_share_without_coordinates() -> None:
    distances = Distances()
    distances.km.extend([0.5, 20.0, 100.0])
    distances.unresolved = 1
    assert share_within(distances, 25) == 0.5
    path = re.search(r'class="this" d="M([^"]*)"', curve_drawing([("this", distances)]))
    assert path is not None
    heights = [float(point.split()[1]) for point in path[1].split("L")]
    assert heights == sorted(heights, reverse=True)  # it only ever rises
    top, bottom = 24, 270 - 38
    assert heights[-1] == pytest.approx(bottom - 0.75 * (bottom - top), abs=0.1)
    assert heights[0] == pytest.approx(bottom - 0.25 * (bottom - top), abs=0.1)


def test_the_median_is_of_the_distances_that_are_known() -> None:
    distances = Distances()
    assert distances.median_km() is None
    assert share_within(distances, 25) is None
    distances.km.extend([1.0, 3.0, 8.0])
    assert distances.median_km() == 3.0


def test_the_projection_is_equal_earth() -> None:
    # The ratio of width and height of the whole globe: 2.05458 (Šavrič and others, 2018).
    width = project(180, 0)[0] - project(-180, 0)[0]
    height = project(0, -90)[1] - project(0, 90)[1]
    assert width / height == pytest.approx(2.05458, abs=1e-4)
    assert project(0, 0) == pytest.approx((500, 238))


def test_an_arc_runs_from_gold_to_prediction_along_the_great_circle() -> None:
    path = great_circle(PARIS, TOKYO)
    points = [tuple(map(float, point.split())) for point in path[1:].split("L")]
    assert points[0] == pytest.approx(project(PARIS[1], PARIS[0]), abs=0.6)
    assert points[-1] == pytest.approx(project(TOKYO[1], TOKYO[0]), abs=0.6)
    assert min(y for _, y in points) < points[0][1] - 20  # over Siberia, and not straight


def test_an_arc_over_the_antimeridian_leaves_the_map_and_comes_back() -> None:
    assert great_circle(TOKYO, SEATTLE).count("M") == 2
    assert great_circle(PARIS, SYDNEY).count("M") == 1


@pytest.mark.parametrize("end", [PARIS, (-48.9, -177.7), (90.0, 0.0), (-90.0, 0.0)])
def test_an_arc_to_the_same_place_the_antipode_or_a_pole_is_an_arc(
    end: tuple[float, float],
) -> None:
    assert re.fullmatch(r"(?:[ML]-?\d+ -?\d+)+", great_circle(PARIS, end))


def test_arcs_are_classed_by_how_far_off_they_are() -> None:
    levels = [Arc("x", PARIS, TOKYO, km, 1).level for km in (10, 500, 501, 5000, 19_000)]
    assert levels == [0, 0, 1, 2, 3]
    assert len(CLASSES) == 4


def test_the_land_is_land() -> None:
    land, borders = land_paths()
    assert land.count("z") > 100
    assert set(land + borders) <= set("Mlz0123456789.- ")
    x, y = project(2.3, 48.9)  # Paris lies on it, by the rule of even and odd crossings
    assert _crossings(land, x, y) % 2 == 1
    assert _crossings(land, *project(-30, 40)) % 2 == 0  # and the Atlantic does not


def _crossings(path: str, x: float, y: float) -> int:
    count = 0
    for ring in path.split("z"):
        if not ring:
            continue
        start, steps = ring[1:].split("l")
        numbers = [float(one) for one in re.findall(r"-?[\d.]+", steps)]
        px, py = first = tuple(map(float, re.findall(r"-?[\d.]+", start)))
        points = [first]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            px, py = px + dx, py + dy
            points.append((px, py))
        for (ax, ay), (bx, by) in zip(points, [*points[1:], first], strict=True):
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                count += 1
    return count


@pytest.mark.parametrize(
    ("gold", "predicted", "words"),
    [
        ("2024-05-06", "2023-05-06", "wrong year, the rest is right"),
        ("2024-05", "2023-05", "wrong year, the rest is right"),
        ("2024-05-06", "2024-06-05", "day and month swapped"),
        ("2024-05-06", "2024-05-07", "right month, wrong day"),
        ("2024-05-06", "2024-07-09", "another date"),
        ("2024-05-06T09:00", "2024-05-06T21:00", "right day, wrong time"),
        ("2024-05", "2024-05-06", "finer than the gold"),
        ("2024-05-06", "2024-05", "coarser than the gold"),
        ("2024-05-06", "XXXX-05-06", "left unresolved"),
        ("PT30M", "P30M", "right amount, wrong unit"),
        ("P3D", "P5D", "wrong amount, right unit"),
        ("P3D", "P1W", "another duration"),
        ("P1D", "2024-05-06", "date for a duration"),
        ("2024-05-06", "2024-05-06/2024-05-08", "interval for a date"),
        ("PRESENT_REF", "PAST_REF", "another word"),
        ("2024", "", "no value"),
    ],
)
def test_a_wrong_value_is_named_by_what_went_wrong(gold: str, predicted: str, words: str) -> None:
    assert what_went_wrong(gold, predicted) == words
