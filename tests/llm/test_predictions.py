"""Predictions from a file: what is taken as it is, what is found, what is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from stindex.config import resolve_settings
from stindex.datasets import Dataset, load_dataset
from stindex.errors import UserError
from stindex.evaluation import Evaluator
from stindex.geocoding.none import NoGeocoder
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.predictions import GivenPredictions, open_predictions
from stindex.llm.sources import find_answerer
from stindex.runs.record import Record
from stindex.schema import GivenExtraction, Outcome, SpatialMention
from stindex.scoring import SampleScore, mention_errors

CORPORA = Path(__file__).parent.parent / "datasets" / "corpora"
GOLD: list[dict[str, Any]] = [
    {
        "id": "storm",
        "text": "Rain fell on Lyon on 5 May 2024, and on Paris two days later. Oslo and Rome, too.",
        "reference_date": "2024-05-06",
        "ground_truth": {
            "temporal": [
                {"text": "5 May 2024", "normalized": "2024-05-05", "temporal_type": "DATE"},
                {"text": "two days later", "normalized": "2024-05-07", "temporal_type": "DATE"},
            ],
            "spatial": [
                {"text": "Lyon", "location_type": "city", "latitude": 45.76, "longitude": 4.84},
                {"text": "Paris", "location_type": "city", "latitude": 48.85, "longitude": 2.35},
            ],
        },
    },
    {"id": "dry", "text": "Nothing.", "ground_truth": {"temporal": [], "spatial": []}},
]

Entry = dict[str, Any]
Plant = Callable[[Entry], object]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    path = tmp_path / "gold.json"
    path.write_text(json.dumps(GOLD), encoding="utf-8")
    return load_dataset(path)


def gold_as_predictions(dataset: Dataset) -> list[Entry]:
    """Return the gold in the exchange format, with its offsets."""
    keep = ("text", "normalized", "temporal_type", "location_type", "latitude", "longitude")
    return [
        {"id": sample.id}
        | {
            f"{name}_mentions": [
                {key: getattr(m, key) for key in keep if hasattr(m, key)}
                | {"start_char": m.start_char, "end_char": m.end_char}
                for m in layer.mentions
            ]
            for name, layer in sample.gold.items()
        }
        for sample in dataset.samples
    ]


def write(directory: Path, predictions: list[Entry] | str, name: str = "found.jsonl") -> Path:
    path = directory / name
    lines = predictions if isinstance(predictions, str) else "\n".join(map(json.dumps, predictions))
    path.write_text(lines, encoding="utf-8")
    return path


def scores(source: GivenPredictions, dataset: Dataset) -> list[SampleScore]:
    evaluator = Evaluator(NoGeocoder(), GivenExtraction, constrained=False)
    requests = [Request(s.id, s, ()) for s in dataset.samples]
    answers = source.answers(requests, GivenExtraction, DecodingSettings(), Event())
    return [evaluator.evaluate(r.sample, Record("", r.sample.id, g)).score for r, g in answers]


def errors(found: list[SampleScore]) -> Counter[tuple[str, str]]:
    return Counter((e.dimension, e.kind) for score in found for e in mention_errors(score))


def said_by(source: GivenPredictions, dataset: Dataset) -> list[str]:
    lines: list[str] = []
    source.check_samples(dataset, lines.append)
    return lines


# --- what is in the file counts


def test_gold_as_predictions_has_no_error(tmp_path: Path, dataset: Dataset) -> None:
    source = open_predictions(write(tmp_path, gold_as_predictions(dataset)))
    assert said_by(source, dataset) == []
    found = scores(source, dataset)
    assert errors(found) == {}
    assert sum(len(d.pairs) for score in found for d in score.dimensions.values()) == 4
    assert {p.judgement.get("distance_km") for p in found[0].dimensions["spatial"].pairs} == {0.0}


def _first(entry: Entry, layer: str) -> Entry:
    mention: Entry = entry[f"{layer}_mentions"][0]
    return mention


PLANTED: Mapping[tuple[str, str], Plant] = {
    ("temporal", "missed"): lambda e: e["temporal_mentions"].pop(),
    ("spatial", "missed"): lambda e: e["spatial_mentions"].pop(),
    ("temporal", "spurious"): lambda e: e["temporal_mentions"].append(
        {"text": "too", "normalized": "2024", "temporal_type": "DATE"}
    ),
    ("spatial", "spurious"): lambda e: e["spatial_mentions"].append({"text": "Oslo"}),
    ("temporal", "hallucinated"): lambda e: e["temporal_mentions"].append(
        {"text": "in 1999", "normalized": "1999", "temporal_type": "DATE"}
    ),
    ("spatial", "hallucinated"): lambda e: e["spatial_mentions"].append({"text": "Atlantis"}),
    ("temporal", "boundary"): lambda e: _first(e, "temporal").update(text="5 May", end_char=26),
    ("spatial", "boundary"): lambda e: _first(e, "spatial").update(start_char=10, text="on Lyon"),
    ("temporal", "type"): lambda e: _first(e, "temporal").update(temporal_type="TIME"),
    ("spatial", "type"): lambda e: _first(e, "spatial").update(location_type="region"),
    ("temporal", "value"): lambda e: _first(e, "temporal").update(normalized="2023-05-05"),
    ("spatial", "place"): lambda e: _first(e, "spatial").update(latitude=10.0),
}


@pytest.mark.parametrize("planted", PLANTED, ids=" ".join)
def test_one_planted_error_is_shown_as_that_error_and_no_other(
    planted: tuple[str, str], tmp_path: Path, dataset: Dataset
) -> None:
    predictions = gold_as_predictions(dataset)
    PLANTED[planted](predictions[0])
    source = open_predictions(write(tmp_path, predictions))
    assert errors(scores(source, dataset)) == {planted: 1}


def test_positions_are_used_as_they_are_also_where_the_words_stand_elsewhere(
    tmp_path: Path, dataset: Dataset
) -> None:
    text = dataset.samples[0].text
    start = text.index("Rome")
    line = {"id": "storm", "spatial_mentions": [
        {"text": "Oslo", "start_char": start, "end_char": start + 4, "latitude": 1, "longitude": 2}
    ]}  # fmt: skip
    source = open_predictions(write(tmp_path, [line, {"id": "dry", "spatial_mentions": []}]))
    (said,) = said_by(source, dataset)
    assert "1 mentions have other words than the text has at their positions" in said
    evaluator = Evaluator(NoGeocoder(), GivenExtraction, constrained=False)
    request = Request("k", dataset.samples[0], ())
    (answer,) = source.answers([request], GivenExtraction, DecodingSettings(), Event())
    prediction = evaluator.evaluate(request.sample, Record("", "storm", answer[1])).prediction
    assert prediction is not None
    assert prediction.mentions["spatial"] == (
        SpatialMention("Oslo", latitude=1, longitude=2, start_char=start, end_char=start + 4),
    )


def test_what_is_missing_in_a_mention_is_found(tmp_path: Path, dataset: Dataset) -> None:
    bare = gold_as_predictions(dataset)
    for entry in bare:
        for mention in (*entry["temporal_mentions"], *entry["spatial_mentions"]):
            del mention["start_char"], mention["end_char"]
    assert errors(scores(open_predictions(write(tmp_path, bare)), dataset)) == {}


def test_a_layer_that_is_left_out_predicted_nothing(tmp_path: Path, dataset: Dataset) -> None:
    predictions = gold_as_predictions(dataset)
    for entry in predictions:
        del entry["temporal_mentions"]
    found = errors(scores(open_predictions(write(tmp_path, predictions)), dataset))
    assert found == {("temporal", "missed"): 2}


def test_an_array_of_json_is_as_good_as_lines(tmp_path: Path, dataset: Dataset) -> None:
    path = write(tmp_path, json.dumps(gold_as_predictions(dataset)), "found.json")
    assert errors(scores(open_predictions(path), dataset)) == {}


@pytest.mark.parametrize("name", ["timeml", "cat", "local_news.xml", "from_one.xml", "geowebnews"])
def test_annotations_of_any_format_serve_as_predictions(name: str) -> None:
    dataset = load_dataset(CORPORA / name)
    source = open_predictions(CORPORA / name)
    assert said_by(source, dataset) == []
    kinds = {kind for _, kind in errors(scores(source, dataset))}
    # A place without coordinates has none as a prediction either.
    assert kinds <= {"place"}


def test_a_gold_file_serves_as_predictions(tmp_path: Path, dataset: Dataset) -> None:
    assert errors(scores(open_predictions(dataset.path), dataset)) == {}


# --- what is not fit for use is said in a sentence


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"found\.jsonl: line 1, column 2: is not JSON"),
        ("[]", "line 1: is a JSON list; write one object a sample"),
        ("{}", "line 1: `id` is missing"),
        ('{"id": "a"}', "sample 'a' has neither temporal_mentions nor spatial_mentions"),
        ('{"id": "a", "spatial_mentions": [{}]}', r"`spatial_mentions\.0\.text` is missing"),
        (
            '{"id": "a", "temporal_mentions": [{"text": "x", "normalized": "1"}]}',
            r"`temporal_mentions\.0\.temporal_type` is missing",
        ),
        (
            '{"id": "a", "spatial_mentions": [{"text": "x", "start_char": 1}]}',
            "start_char and end_char belong together",
        ),
        (
            '{"id": "a", "spatial_mentions": [{"text": "x", "start_char": 5, "end_char": 5}]}',
            "start_char 5 is not before end_char 5",
        ),
        (
            '{"id": "a", "spatial_mentions": [{"text": "x", "latitude": 5}]}',
            "latitude and longitude belong together",
        ),
        (
            '{"id": "a", "spatial_mentions": [{"text": "x", "latitude": 95, "longitude": 1}]}',
            r"`spatial_mentions\.0\.latitude` is wrong",
        ),
        ('{"id": "a", "spatial_mentions": NaN}', "NaN is no JSON number"),
        ("", "holds no predictions"),
        (
            '{"id": "a", "spatial_mentions": []}\n{"id": "a", "spatial_mentions": []}',
            r"line 2: sample 'a' is predicted twice \(first in line 1\); keep one of the two",
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as caught:
        open_predictions(write(tmp_path, line))
    assert "\n" not in str(caught.value)


def test_how_many_more_lines_are_broken_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 1.*\(2 more\)"):
        open_predictions(write(tmp_path, "{\n{\n{"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such data set"):
        open_predictions(tmp_path / "nowhere.jsonl")


def test_a_prediction_for_no_sample_of_the_data_set_is_refused(
    tmp_path: Path, dataset: Dataset
) -> None:
    lines = [*gold_as_predictions(dataset), {"id": "stormy", "spatial_mentions": []}]
    source = open_predictions(write(tmp_path, lines))
    with pytest.raises(UserError, match=r"line 3: .*has no sample 'stormy'.*did you mean `storm`"):
        said_by(source, dataset)


def test_samples_that_were_not_chosen_are_no_strangers(tmp_path: Path, dataset: Dataset) -> None:
    source = open_predictions(write(tmp_path, gold_as_predictions(dataset)))
    assert said_by(source, dataset.chosen(1, [])) == []


def test_a_sample_without_a_prediction_was_not_measured(tmp_path: Path, dataset: Dataset) -> None:
    source = open_predictions(write(tmp_path, gold_as_predictions(dataset)[:1]))
    assert "no prediction for 1 of 2 samples (dry)" in said_by(source, dataset)[0]
    assert [score.outcome for score in scores(source, dataset)] == [Outcome.OK, Outcome.ERROR]


def test_a_position_beyond_the_text_was_not_measured(tmp_path: Path, dataset: Dataset) -> None:
    predictions = gold_as_predictions(dataset)
    predictions[1]["spatial_mentions"] = [{"text": "x", "start_char": 7, "end_char": 9}]
    source = open_predictions(write(tmp_path, predictions))
    request = Request("k", dataset.samples[1], ())
    (answer,) = source.answers([request], GivenExtraction, DecodingSettings(), Event())
    assert answer[1].finish_reason == "error"
    assert "is at 7:9, but the text has 8 characters" in answer[1].error


def test_annotations_of_another_text_are_not_measured(dataset: Dataset) -> None:
    source = open_predictions(dataset.path)
    other = replace(dataset.samples[0], text=dataset.samples[0].text + " More.")
    request = Request("k", other, ())
    (answer,) = source.answers([request], GivenExtraction, DecodingSettings(), Event())
    assert "has the annotations of another text" in answer[1].error


# --- the run


def test_the_run_is_named_after_the_file_and_knows_its_content(
    tmp_path: Path, dataset: Dataset
) -> None:
    path = write(tmp_path, gold_as_predictions(dataset))
    settings = resolve_settings({"predictions": path.name}, tmp_path)
    assert (settings.values.model, settings.spec.kind) == ("found.jsonl", "stored")
    assert settings.sources["model"] == "--predictions"
    first = find_answerer(settings, print).fingerprint
    assert first == find_answerer(settings, print).fingerprint
    write(tmp_path, [*gold_as_predictions(dataset)[:1], {"id": "dry", "spatial_mentions": []}])
    assert find_answerer(settings, print).fingerprint != first


def test_predictions_and_a_model_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="leave one out"):
        resolve_settings({"predictions": "a.jsonl", "model": "rules"}, tmp_path)


def test_predictions_go_before_the_model_of_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / "eval.yaml").write_text("model: rules\n", encoding="utf-8")
    assert resolve_settings({"predictions": "a.jsonl"}, tmp_path).values.model == "a.jsonl"
