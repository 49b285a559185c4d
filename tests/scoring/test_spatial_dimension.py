"""Whether a place is near enough: points, areas, and gold that does not say what it is."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from stindex.schema import GoldLayer, Outcome, Place, Prediction, Sample, SpatialMention
from stindex.scoring import aggregate, score_sample
from stindex.scoring.spatial import is_right_place


@pytest.fixture(autouse=True)
def shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Country CA has a shape north of 49°, US south of it; no other country has one."""

    def covers(country: str, latitude: float, longitude: float) -> bool | None:
        return {"CA": latitude >= 49, "US": latitude < 49}.get(country)

    module = ModuleType("stindex.geocoding.areas")
    module.covers = covers  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stindex.geocoding.areas", module)


def gold(kind: str | None, latitude: float = 60.0) -> SpatialMention:
    return SpatialMention("x", kind, latitude=latitude, longitude=0.0)


def place(kind: str, country: str = "", radius_km: float = 0.0) -> Place:
    return Place("x", 0.0, 0.0, kind, country=country, radius_km=radius_km)


CANADA = place("country", "CA", 1000.0)
SHAPELESS = place("country", "ZZ", 300.0)


@pytest.mark.parametrize("kind", ["country", "region", "city", "other", None])
def test_161_km_is_right_for_whatever_it_is(kind: str | None) -> None:
    assert is_right_place(gold(kind, 10.0), CANADA, 161.0)
    assert is_right_place(gold(kind), None, 161.0)


@pytest.mark.parametrize("kind", ["country", None, "COUNTRY"])
def test_a_country_is_right_where_the_point_lies_in_its_shape(kind: str | None) -> None:
    assert is_right_place(gold(kind, 60.0), CANADA, 2000.0)
    assert not is_right_place(gold(kind, 40.0), CANADA, 200.0)


def test_without_a_shape_the_circle_of_the_area_decides_up_to_500_km() -> None:
    assert is_right_place(gold("country"), SHAPELESS, 300.0)
    assert not is_right_place(gold("country"), SHAPELESS, 301.0)
    large = place("region", "CA", 900.0)
    assert is_right_place(gold("region"), large, 500.0)
    assert not is_right_place(gold("region"), large, 501.0)


@pytest.mark.parametrize("kind", ["city", "landmark", "feature", "other"])
def test_what_is_no_area_gets_no_allowance(kind: str) -> None:
    assert not is_right_place(gold(kind), CANADA, 162.0)


def test_a_region_is_not_right_because_it_lies_in_the_country_that_was_found() -> None:
    assert not is_right_place(gold("region", 60.0), CANADA, 162.0)


def test_untyped_gold_goes_by_the_kind_of_the_place_that_was_found() -> None:
    assert not is_right_place(gold(None), place("city", "CA", 400.0), 162.0)
    assert is_right_place(gold(None), place("region", "CA", 400.0), 399.0)
    assert not is_right_place(gold(None), None, 162.0)


# ── Metrics ──────────────────────────────────────────────────────────────────────────────────


def at(
    start: int, kind: str | None, degrees: float | None, found: Place | None = None
) -> SpatialMention:
    """A mention of 5 characters, `degrees` north of the equator (111 km each)."""
    longitude = None if degrees is None else 0.0
    return SpatialMention("x" * 5, kind, None, degrees, longitude, start, start + 5, found)


def metrics_of(gold: list[SpatialMention], predicted: list[SpatialMention]) -> dict[str, object]:
    sample = Sample("a", "x" * 99, {"spatial": GoldLayer(tuple(gold))})
    score = score_sample(sample, Prediction({"spatial": tuple(predicted)}), Outcome.OK)
    return aggregate([score])["spatial"]


def test_geocoding_success_is_over_predictions() -> None:
    metrics = metrics_of([at(0, "city", 1.0)], [at(0, "city", None), at(9, "city", 3.0)])
    assert metrics["geocoding_success_rate"] == 0.5


def test_an_unresolved_pair_is_wrong_at_any_distance_and_in_no_mean() -> None:
    metrics = metrics_of(
        [at(0, "city", 1.0), at(9, "city", 2.0)], [at(0, "city", 1.0), at(9, "city", None)]
    )
    assert metrics["mean_distance_error_km"] == metrics["median_distance_error_km"] == 0.0
    assert metrics["accuracy_at_161km"] == 0.5
    assert metrics["auc"] == pytest.approx(0.5, abs=1e-4)


def test_end_to_end_counts_missed_gold_and_leaves_out_gold_without_coordinates() -> None:
    metrics = metrics_of(
        [at(0, "city", 1.0), at(9, "city", 2.0), at(20, "city", None)],
        [at(0, "city", 1.0), at(20, "city", 7.0)],
    )
    assert metrics["accuracy_at_25km"] == 1.0
    assert metrics["accuracy_at_25km_end_to_end"] == 0.5
    assert metrics["accuracy_at_161km_areal_end_to_end"] == 0.5


def test_nothing_matched_is_undefined_and_never_perfect() -> None:
    metrics = metrics_of([at(0, "city", 1.0)], [at(9, "city", 1.0)])
    for name in ("mean_distance_error_km", "accuracy_at_161km", "auc", "type_accuracy"):
        assert metrics[name] is None
    assert metrics["accuracy_at_161km_end_to_end"] == 0.0


def test_points_and_areas_stand_apart() -> None:
    metrics = metrics_of(
        [at(0, "city", 1.0), at(9, "country", 60.0), at(20, "feature", 5.0)],
        [at(0, "city", 1.1), at(9, "country", 50.0, CANADA), at(20, "other", 5.0)],
    )
    point, area = metrics["point"], metrics["area"]
    assert isinstance(point, dict)
    assert isinstance(area, dict)
    assert point["mean_distance_error_km"] == pytest.approx(11.06, abs=0.01)
    assert (point["accuracy_at_161km"], point["n"]["accuracy_at_161km"]) == (1.0, 1)
    assert (area["accuracy_at_161km"], area["accuracy_at_161km_areal"]) == (0.0, 1.0)
    assert metrics["accuracy_at_161km"] == pytest.approx(2 / 3)
    assert metrics["accuracy_at_161km_areal"] == 1.0


def test_untyped_gold_is_grouped_by_the_gazetteer_but_not_end_to_end() -> None:
    metrics = metrics_of(
        [at(0, None, 1.0), at(9, None, 2.0)], [at(0, "city", 1.0, place("city", "FR"))]
    )
    point = metrics["point"]
    assert isinstance(point, dict)
    assert point["accuracy_at_161km"] == 1.0
    assert point["accuracy_at_161km_end_to_end"] is None
    assert metrics["accuracy_at_161km_end_to_end"] == 0.5
    assert metrics["type_accuracy"] is metrics["type_f1"] is None


def test_untyped_gold_that_was_found_does_not_make_up_for_typed_gold_that_was_missed() -> None:
    metrics = metrics_of(
        [at(0, None, 1.0), at(9, "city", 2.0)], [at(0, "city", 1.0, place("city", "FR"))]
    )
    point = metrics["point"]
    assert isinstance(point, dict)
    assert point["accuracy_at_161km_end_to_end"] == 0.0
