"""Floor and ceiling: with the intervals of a model's metrics, computed once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stindex.evaluation import Evaluator, ceiling_scores
from stindex.reference import reference_metrics
from stindex.reporting.terminal import summary_lines
from stindex.schema import Extraction, GoldLayer, Place, Sample, SpatialMention, TemporalMention
from stindex.scoring.intervals import run_metrics

from .reporting.building import Draft, run_report

SCHEMA = Path(__file__).parents[1] / "docs" / "schemas" / "metrics_summary.schema.json"
POINTS = {"Lisbon": (38.72, -9.14), "Porto": (41.15, -8.61), "Perth": (56.4, -3.43)}
GOLD = {**POINTS, "Perth": (-31.95, 115.86)}


class Atlas:
    """Knows three cities, and takes Perth for the one in Scotland."""

    def geocode(self, mentions: Sequence[SpatialMention], text: str) -> list[Place | None]:
        return [Place(m.text, *POINTS[m.text], "city") for m in mentions]

    def identity(self) -> Mapping[str, Any]:
        return {"name": "atlas"}


def sample(number: int) -> Sample:
    name = list(GOLD)[number % 3]
    text = f"On 3 May 2021 the ship left {name}."
    date = TemporalMention("3 May 2021", "2021-05-03", "DATE", 3, 13)
    if number % 4 == 0:  # what no rule knows
        date = TemporalMention("the ship", "2021", "DATE", 14, 22)
    place = SpatialMention(name, "city", None, *GOLD[name], start_char=28, end_char=28 + len(name))
    return Sample(
        str(number),
        text,
        {"temporal": GoldLayer((date,)), "spatial": GoldLayer((place,))},
        document_id=str(number // 2),
    )


SAMPLES = [sample(number) for number in range(60)]
EVALUATOR = Evaluator(Atlas(), Extraction, constrained=False)


def without_overall(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {name: dict(block) for name, block in metrics.items() if name != "overall"}


def test_the_ceiling_has_the_intervals_of_a_model_that_reads_the_gold(tmp_path: Path) -> None:
    ceiling = reference_metrics(SAMPLES, "a", EVALUATOR, tmp_path)["ceiling"]
    assert ceiling is not None
    expected = run_metrics(list(ceiling_scores(SAMPLES, EVALUATOR.geocoder)))["spatial"]
    counted = ("errors", "place_errors", "confusions")
    assert ceiling == {"spatial": {k: v for k, v in expected.items() if k not in counted}}
    low, high = ceiling["spatial"]["accuracy_at_161km_ci95"]
    assert 0.5 < low < ceiling["spatial"]["accuracy_at_161km"] < high < 0.8


def test_the_floor_draws_documents_as_the_intervals_of_a_model_do(tmp_path: Path) -> None:
    floor = reference_metrics(SAMPLES, "a", EVALUATOR, tmp_path)["floor"]
    assert floor is not None
    low, high = floor["temporal"]["f1_score_ci95"]
    assert 0 <= low < floor["temporal"]["f1_score"] < high <= 1
    apart = [replace(one, document_id=one.id) for one in SAMPLES]
    other = reference_metrics(apart, "b", EVALUATOR, tmp_path)["floor"]
    assert other is not None
    assert without_overall(other) != without_overall(floor)
    assert other["temporal"]["f1_score"] == floor["temporal"]["f1_score"]


def test_what_is_kept_is_what_was_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = reference_metrics(SAMPLES, "a", EVALUATOR, tmp_path)
    monkeypatch.setattr("stindex.reference.with_intervals", None)
    assert reference_metrics(SAMPLES, "a", EVALUATOR, tmp_path) == json.loads(json.dumps(computed))


def test_their_intervals_are_as_the_schema_says_and_on_the_terminal(tmp_path: Path) -> None:
    reference = reference_metrics(SAMPLES, "a", EVALUATOR, tmp_path)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    part = {**schema["properties"]["reference"], "$defs": schema["$defs"]}
    assert not list(Draft202012Validator(part).iter_errors(json.loads(json.dumps(reference))))
    assert reference["ceiling"] is not None
    low, high = reference["ceiling"]["spatial"]["accuracy_at_161km_ci95"]
    report = run_report([Draft()], reference=reference)
    (line,) = [line for line in summary_lines(report) if line.startswith("within 161 km, of what")]
    assert line.endswith(f"0.667 {low:.3f}–{high:.3f}")
