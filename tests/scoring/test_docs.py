"""Every figure of `docs/metrics.md`: its worked example is scored and held against its tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stindex.postprocess import place_mentions
from stindex.schema import (
    GoldLayer,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import (
    ERROR_KINDS,
    Metrics,
    SampleScore,
    Timing,
    aggregate,
    mention_errors,
    metric_names,
    metric_value,
    score_sample,
)

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
ROWS = re.findall(
    r"^\| `((?:temporal|spatial|overall)\.[\w.]+)` \|(?:.*\|)? ([^|]+) \|$",
    PAGE,
    flags=re.MULTILINE,
)


def temporal(mention: dict[str, Any]) -> TemporalMention:
    return TemporalMention(**mention)


def spatial(mention: dict[str, Any]) -> SpatialMention:
    place = mention.pop("place", None)
    found = SpatialMention(**mention)
    if place is None or found.latitude is None or found.longitude is None:
        return found
    resolved = Place(found.text, found.latitude, found.longitude, **place)
    return SpatialMention(**mention, place=resolved)


def placed(layers: dict[str, list[dict[str, Any]]], text: str) -> dict[str, Any]:
    return {
        "temporal": place_mentions([temporal(m) for m in layers["temporal"]], text),
        "spatial": place_mentions([spatial(m) for m in layers["spatial"]], text),
    }


def score(entry: dict[str, Any]) -> SampleScore:
    text = entry["text"]
    gold = {name: GoldLayer(layer) for name, layer in placed(entry["gold"], text).items()}
    prediction = entry.get("prediction")
    timing = Timing(entry["seconds"], 0, entry["completion_tokens"], entry["batch_size"])
    return score_sample(
        Sample(entry["id"], text, gold, entry.get("reference_date")),
        None if prediction is None else Prediction(placed(prediction, text)),
        Outcome(entry["outcome"]),
        timing=timing,
    )


@pytest.fixture(scope="module")
def scores() -> list[SampleScore]:
    return [score(entry) for entry in json.loads(EXAMPLE)]


@pytest.fixture(scope="module")
def metrics(scores: list[SampleScore]) -> Metrics:
    return aggregate(scores)


@pytest.mark.parametrize(("name", "figure"), ROWS)
def test_a_figure_of_the_page_is_what_the_example_scores(
    name: str, figure: str, metrics: Metrics
) -> None:
    value = metric_value(metrics, name)
    if figure == "undefined":
        assert value is None
    else:
        decimals = len(figure.partition(".")[2])
        assert value is not None
        assert f"{value:.{decimals}f}" == figure


def test_every_metric_is_on_the_page() -> None:
    documented = {name for name, _ in ROWS}
    shared = {name.removeprefix("temporal.") for name in documented}
    for name in metric_names():
        group = re.sub(r"^spatial\.(point|area)\.", "spatial.", name)
        slice_ = re.sub(r"\.slices\.\w+\.", ".slices.relative.", group)
        assert slice_ in documented or slice_.removeprefix("spatial.") in shared, name


def test_the_errors_of_the_example_are_those_on_the_page(scores: list[SampleScore]) -> None:
    counted = dict.fromkeys(ERROR_KINDS, 0)
    for error in (error for each in scores for error in mention_errors(each)):
        counted[error.kind] += 1
    on_the_page = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", PAGE, flags=re.MULTILINE))
    assert on_the_page == {kind: str(number) for kind, number in counted.items()}
