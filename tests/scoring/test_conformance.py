"""The numbers of the field's own scorers, case by case.

Where a scorer differs on purpose the difference is a named convention of this file, and the test
shows that nothing but the convention separates the two.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from stindex.schema import (
    GoldLayer,
    Outcome,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import JudgedPair, Metrics, SampleScore, aggregate, score_sample, spatial
from stindex.scoring.dimension import Measure, Totals
from stindex.scoring.matching import assign
from stindex.scoring.rates import error_curve_auc, mean, median, ratio

OWN = Path(__file__).parent / "fixtures"
OTHERS = os.environ.get("STINDEX_FIXTURES", "")

Case = dict[str, Any]


def fixture(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((OWN / f"{name}.json").read_text(encoding="utf-8"))
    return content


def cases(name: str, third_party: str = "") -> list[Any]:
    """Return the project's own cases, and those with third-party text where they are at hand."""
    found = fixture(name)["cases"]
    if OTHERS and third_party:
        more = json.loads((Path(OTHERS) / f"{name}.json").read_text(encoding="utf-8"))["cases"]
        found += [case for case in more if case["name"].startswith(third_party)]
    return [pytest.param(case, id=case["name"]) for case in found]


def printed(value: float | None, *, undefined: float) -> float:
    """Convention `undefined is a number`: what a scorer prints where nothing is defined."""
    return undefined if value is None else value


# ── TempEval-3 ───────────────────────────────────────────────────────────────────────────────


def timex(mention: Case) -> TemporalMention:
    return TemporalMention(
        mention["text"], mention["value"], mention["type"], mention["start"], mention["end"]
    )


def score_tempeval(document: Case) -> tuple[Sample, Prediction, SampleScore]:
    gold = tuple(timex(mention) for mention in document["gold"])
    sample = Sample(document["id"], document["text"], {"temporal": GoldLayer(gold)})
    prediction = Prediction({"temporal": tuple(timex(m) for m in document["system"])})
    return sample, prediction, score_sample(sample, prediction, Outcome.OK)


def equal_texts(sample: Sample, prediction: Prediction, score: SampleScore) -> int:
    """Convention `equal texts`: TempEval-3 calls a match strict if the two texts are equal."""
    gold, predicted = sample.gold["temporal"].mentions, prediction.mentions["temporal"]
    pairs = score.dimensions["temporal"].pairs
    return sum(gold[pair.gold].text == predicted[pair.predicted].text for pair in pairs)


def percent(value: float | None, *, undefined: float = 100) -> float:
    return round(printed(value, undefined=undefined / 100) * 100, 2)


@pytest.mark.parametrize("case", cases("tempeval3", third_party="meantime_"))
def test_tempeval3(case: Case) -> None:
    scored = [score_tempeval(document) for document in case["documents"]]
    metrics = aggregate(score for *_, score in scored)["temporal"]
    expected = case["expected"]
    strict = sum(equal_texts(*each) for each in scored)
    assert strict == expected["strict_matched_gold"]
    assert metrics["relaxed_true_positives"] == expected["relaxed_matched_gold"]
    assert (metrics["gold"], metrics["predicted"]) == (expected["gold"], expected["system"])
    counts = {"gold": metrics["gold"], "predicted": metrics["predicted"], "correct": strict}
    totals = Totals(counts, {}, True)
    rates = ("precision", totals.precision("correct")), ("recall", totals.recall("correct"))
    for key, value in rates:
        assert printed(value.value, undefined=0) == pytest.approx(
            expected["strict"][key], abs=1e-11
        )
        relaxed = printed(metrics[f"relaxed_{key}"], undefined=0)
        assert relaxed == pytest.approx(expected["relaxed"][key], abs=1e-11)
    assert percent(totals.f1("correct").value) == expected["strict"]["f1_percent"]
    assert percent(metrics["relaxed_f1_score"]) == expected["relaxed"]["f1_percent"]
    assert percent(metrics["type_f1"]) == expected["type_f1_percent"]
    assert percent(metrics["value_f1"]) == expected["value_f1_percent"]


@pytest.mark.parametrize("case", cases("tempeval3"))
def test_equal_texts_and_equal_spans_agree_where_no_text_comes_twice(case: Case) -> None:
    for document in case["documents"]:
        sample, prediction, score = score_tempeval(document)
        spans = score.dimensions["temporal"].counts["true_positives"]
        assert equal_texts(sample, prediction, score) == spans


# ── SemEval-2013 task 9.1 ────────────────────────────────────────────────────────────────────

# nervaluate takes the first prediction that overlaps; the best matching takes the exact one.
GREEDY_ORDER = {"greedy_order_bad"}


def labelled(entity: Case) -> TemporalMention:
    start, end = entity["start"], entity["end"] + 1
    return TemporalMention("x" * (end - start), "", entity["label"], start, end)


def score_semeval(case: Case, *, reverse: bool = False) -> Metrics:
    scores = []
    for number, (gold, system) in enumerate(zip(case["gold"], case["system"], strict=True)):
        sample = Sample(str(number), "x" * 60, {"temporal": GoldLayer(tuple(map(labelled, gold)))})
        predicted = tuple(map(labelled, reversed(system) if reverse else system))
        scores.append(score_sample(sample, Prediction({"temporal": predicted}), Outcome.OK))
    return aggregate(scores)


@pytest.mark.parametrize(
    "case", [case for case in cases("nervaluate") if case.id not in GREEDY_ORDER]
)
def test_nervaluate(case: Case) -> None:
    semeval = score_semeval(case)["temporal"]["semeval"]
    for view, expected in case["expected"]["overall"].items():
        for key in ("precision", "recall", "f1"):
            assert printed(semeval[view][key], undefined=0) == pytest.approx(
                expected[key], rel=1e-9
            ), (view, key)


@pytest.mark.parametrize("reverse", [False, True])
def test_where_nervaluate_depends_on_the_order_the_exact_prediction_is_matched(
    reverse: bool,
) -> None:
    (case,) = (case for case in fixture("nervaluate")["cases"] if case["name"] in GREEDY_ORDER)
    assert case["expected"]["overall"]["strict"]["correct"] == 0
    strict = score_semeval(case, reverse=reverse)["temporal"]["semeval"]["strict"]
    assert (strict["precision"], strict["recall"]) == (0.5, 1.0)


# ── EUPEG ────────────────────────────────────────────────────────────────────────────────────

EUPEG_RADIUS_KM = 6371.0


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Convention `sphere`: EUPEG measures on a sphere."""
    (lat_a, lon_a), (lat_b, lon_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EUPEG_RADIUS_KM * math.atan2(math.sqrt(half), math.sqrt(1 - half))


def located(toponyms: list[Case]) -> list[SpatialMention]:
    """Convention `only located`: EUPEG drops toponyms without coordinates on both sides."""
    return [
        SpatialMention(
            t["text"],
            latitude=t["lat"],
            longitude=t["lon"],
            start_char=t["start"],
            end_char=t["end"],
        )
        for t in toponyms
        if t["lat"] is not None
    ]


def middles_match(
    gold: list[SpatialMention], system: list[SpatialMention]
) -> list[tuple[int, int]]:
    """Convention `mid-points`: under 10 characters apart, and the same text but for case."""
    edges = {
        (g, s): 0
        for g, a in enumerate(gold)
        for s, b in enumerate(system)
        if a.text.casefold() == b.text.casefold() and abs(middle(a) - middle(b)) < 10
    }
    return assign(edges)


def middle(mention: SpatialMention) -> float:
    return ((mention.start_char or 0) + (mention.end_char or 0)) / 2


def eupeg_auc(errors: list[float]) -> float:
    """Convention `AUC of one error`: EUPEG prints 0 where the curve is a point or empty."""
    return printed(error_curve_auc(errors), undefined=0) if len(errors) > 1 else 0.0


@pytest.mark.parametrize("case", cases("geoparsing_eupeg", third_party="geovirus_"))
def test_eupeg_under_its_conventions(case: Case) -> None:
    errors: list[float] = []
    counts = {"gold": 0, "predicted": 0}
    for document in case["documents"]:
        gold, system = located(document["gold"]), located(document["system"])
        counts["gold"] += len(gold)
        counts["predicted"] += len(system)
        errors += [
            haversine_km(point(gold[g]), point(system[s])) for g, s in middles_match(gold, system)
        ]
    expected = case["expected"]
    totals = Totals({**counts, "correct": len(errors)}, {}, True)
    assert (len(errors), counts["predicted"], counts["gold"]) == (
        expected["tp"],
        expected["tp"] + expected["fp"],
        expected["tp"] + expected["fn"],
    )
    assert totals.precision("correct").value == pytest.approx(expected["precision"])
    assert totals.recall("correct").value == pytest.approx(expected["recall"])
    f1 = printed(totals.f1("correct").value, undefined=0)
    assert f1 == pytest.approx(expected["f_score"])
    assert printed(mean(errors), undefined=0) == pytest.approx(expected["mean"], rel=1e-9)
    assert printed(median(errors), undefined=0) == pytest.approx(expected["median"], rel=1e-9)
    near = ratio(sum(error <= spatial.FAR_KM for error in errors), len(errors))
    assert printed(near, undefined=0) == pytest.approx(expected["accuracy_161"])
    assert eupeg_auc(errors) == pytest.approx(expected["AUC"], rel=1e-9)


def point(mention: SpatialMention) -> tuple[float, float]:
    return mention.latitude or 0.0, mention.longitude or 0.0


@pytest.mark.parametrize("case", cases("geoparsing_eupeg"))
def test_eupeg_through_score_sample(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    # Spans and mid-points agree in these cases, so that only the other conventions remain.
    monkeypatch.setattr(spatial, "geodesic_km", haversine_km)
    scores = []
    for document in case["documents"]:
        gold = GoldLayer(tuple(located(document["gold"])))
        sample = Sample(document["id"], "", {"spatial": gold})
        prediction = Prediction({"spatial": tuple(located(document["system"]))})
        scores.append(score_sample(sample, prediction, Outcome.OK))
    metrics, expected = aggregate(scores)["spatial"], case["expected"]
    assert metrics["precision"] == pytest.approx(expected["precision"])
    assert metrics["recall"] == pytest.approx(expected["recall"])
    assert printed(metrics["f1_score"], undefined=0) == pytest.approx(expected["f_score"])
    for name, key in (
        ("mean_distance_error_km", "mean"),
        ("median_distance_error_km", "median"),
        ("accuracy_at_161km", "accuracy_161"),
    ):
        assert printed(metrics[name], undefined=0) == pytest.approx(expected[key], rel=1e-9)
    assert metrics["accuracy_at_161km_end_to_end"] == pytest.approx(
        None if expected["recall"] is None else expected["accuracy_161"] * expected["recall"]
    )


# ── Distances ────────────────────────────────────────────────────────────────────────────────


def metrics_of_errors(errors: list[float]) -> dict[str, float | None]:
    """Return the spatial metrics of matched places with these errors."""
    dimension = spatial.SpatialDimension()
    pairs = [JudgedPair(i, i, True, judgement(error)) for i, error in enumerate(errors)]
    sample = Sample("", "", {})
    totals = Totals(dimension.counts(sample, [], [], pairs), dimension.series(pairs), True)
    return {
        name: measure.value
        for name, measure in dimension.metrics(totals).items()
        if isinstance(measure, Measure)
    }


def judgement(error: float) -> dict[str, Any]:
    near = spatial.judge_distance(SpatialMention("", latitude=0.0, longitude=0.0), None, error)
    return {"type_equal": None, "located": True, "kind": None, "kind_from_gold": False, **near}


@pytest.mark.parametrize("case", cases("distance_metrics"))
def test_distance_metrics(case: Case) -> None:
    metrics = metrics_of_errors(case["errors_km"])
    camcoder, geoparser = case["camcoder_print_stats"], case["geoparser_evaluate"]
    assert metrics["mean_distance_error_km"] == pytest.approx(camcoder["mean_km"], rel=1e-9)
    assert metrics["median_distance_error_km"] == pytest.approx(camcoder["median_km"], rel=1e-9)
    assert metrics["accuracy_at_161km"] == pytest.approx(geoparser["accuracy_161"], rel=1e-9)
    assert metrics["accuracy_at_25km"] == pytest.approx(case["accuracy_25_le"], rel=1e-9)
    if case["name"] == "single":  # 0 / 0 as published; here the height of the one point
        assert (camcoder["auc_sorted"], geoparser["auc"]) == (None, None)
        assert metrics["auc"] == pytest.approx(math.log(51) / math.log(20039))
    else:
        assert metrics["auc"] == pytest.approx(camcoder["auc_sorted"], rel=1e-9)
        assert metrics["auc"] == pytest.approx(geoparser["auc"], rel=1e-9)


@pytest.mark.parametrize("pair", fixture("distance")["pairs"])
def test_distances_are_geodesic_on_wgs84(pair: dict[str, Any]) -> None:
    found = spatial.geodesic_km(tuple(pair["a"]), tuple(pair["b"]))
    assert found == pytest.approx(pair["geodesic_wgs84_km"], rel=1e-9, abs=1e-9)
    sphere = haversine_km(tuple(pair["a"]), tuple(pair["b"]))
    assert sphere == pytest.approx(pair["eupeg_haversine_km"], rel=1e-9, abs=1e-9)
