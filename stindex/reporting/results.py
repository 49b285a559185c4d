"""The two files for programs: `metrics_summary.json` and `detailed_results.json`.

The same report always gives the same text. Undefined is `null`; NaN is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from stindex.comparison.content import content_hash
from stindex.evaluation import Evaluation
from stindex.reporting.run_report import RunReport, SampleReport
from stindex.schema import (
    EntityMention,
    Mention,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)

SCHEMA_VERSION = 1

_PLACE_FIELDS = tuple(field.name for field in fields(Place))


def metrics_summary(report: RunReport) -> Iterator[str]:
    """Yield the text of `metrics_summary.json`; `docs/report.md` names its keys.

    Raises:
        ValueError: a number is infinite or not a number.
    """
    summary = {
        "schema_version": SCHEMA_VERSION,
        "run": report.run,
        "status": report.status,
        "partial": report.partial,
        "metrics": report.metrics,
        "reference": {name: report.reference.get(name) for name in ("floor", "ceiling")},
        "gates": [gate.to_json() for gate in report.gates],
        "comparison": report.comparison,
        "slices": report.slices,
        "repeats": report.repeats,
        "missing": report.missing,
    }
    # The outer keys keep the order in which a person reads them; all within are sorted.
    entries = (f'  "{name}": {_indented(value)}' for name, value in summary.items())
    yield "{\n" + ",\n".join(entries) + "\n}\n"


def detailed_results(report: RunReport) -> Iterator[str]:
    """Yield the text of `detailed_results.json`, sample by sample, one line each."""
    run_id = _json(str(report.run.get("id", "")))
    yield f'{{"schema_version": {SCHEMA_VERSION}, "run_id": {run_id}, "samples": ['
    separator = "\n"
    for sample in report.samples:
        yield separator + _object(_detail(sample))
        separator = ",\n"
    yield "\n]}\n"


def _detail(report: SampleReport) -> dict[str, Any]:
    head = {"id": report.sample.id, "content": content_hash(report.sample)}
    gold = {"gold": gold_json(report.sample)}
    if report.evaluation is None:
        return {**head, "outcome": None, **gold, "missed": report.missed}
    return {**head, **_answer_head(report.evaluation), **gold, **_answer(report)}


def _answer_head(evaluation: Evaluation) -> dict[str, Any]:
    return {"outcome": evaluation.outcome, "reason": evaluation.reason}


def _answer(report: SampleReport) -> dict[str, Any]:
    evaluation = report.evaluation
    if evaluation is None:
        return {}
    generation = evaluation.record.generation
    return {
        "prediction": evaluation.prediction and prediction_json(evaluation.prediction),
        "raw_text": generation.raw_text,
        "thought": evaluation.thought,
        "finish_reason": generation.finish_reason,
        "tokens": {
            "prompt": generation.prompt_tokens,
            "completion": generation.completion_tokens,
            "thought": generation.thought_tokens,
            "grammar_interventions": generation.grammar_interventions,
        },
        "seconds": generation.seconds,
        "score": evaluation.score.to_json(),
        "missed": report.missed,
    }


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction in the format in which predictions are exchanged."""
    return {
        f"{name}_mentions": [mention_json(mention) for mention in mentions]
        for name, mentions in prediction.mentions.items()
    }


def gold_json(sample: Sample) -> dict[str, Any]:
    """Return the gold in the format of predictions; a layer that was not annotated is missing.

    `annotation` says which layers are not exhaustive.
    """
    layers: dict[str, Any] = {
        f"{name}_mentions": [mention_json(mention) for mention in layer.mentions]
        for name, layer in sample.gold.items()
    }
    partial = {name: "partial" for name, layer in sample.gold.items() if not layer.exhaustive}
    return {**layers, "annotation": partial} if partial else layers


def mention_json(mention: Mention) -> dict[str, Any]:
    """Return a mention's fields; what is not known (None or empty) is left out."""
    fields = _fields(mention)
    known = {name: value for name, value in fields.items() if value is not None and value != ""}
    known["text"] = mention.text
    if mention.start_char is not None:
        known["start_char"] = mention.start_char
        known["end_char"] = mention.end_char
    return known


def _fields(mention: Mention) -> dict[str, Any]:
    if isinstance(mention, TemporalMention):
        return _temporal(mention)
    return _entity(mention) if isinstance(mention, EntityMention) else _spatial(mention)


def _entity(mention: EntityMention) -> dict[str, Any]:
    return {"normalized": mention.normalized, "entity_type": mention.entity_type}


def _temporal(mention: TemporalMention) -> dict[str, Any]:
    return {"normalized": mention.normalized, "temporal_type": mention.temporal_type}


def _spatial(mention: SpatialMention) -> dict[str, Any]:
    return {
        "location_type": mention.location_type,
        "parent_region": mention.parent_region,
        "latitude": mention.latitude,
        "longitude": mention.longitude,
        "geocoding": mention.geocoding,
        "place": _place(mention.place) if mention.place else None,
    }


def _place(place: Place) -> dict[str, Any]:
    # `asdict` copies what it finds, which costs ten times as much.
    return {name: getattr(place, name) for name in _PLACE_FIELDS}


def _indented(value: object) -> str:
    return _json_in_lines(value).replace("\n", "\n  ")


def _object(entries: Mapping[str, object]) -> str:
    """Return a JSON object whose own keys, plain words, keep their order; all within are sorted."""
    return "{" + ", ".join(f'"{name}": {_json(value)}' for name, value in entries.items()) + "}"


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


# Made once: `json.dumps` makes an encoder a call, which costs more than most values.
_encoder = partial(
    json.JSONEncoder, ensure_ascii=False, allow_nan=False, sort_keys=True, default=_plain
)
_json = _encoder().encode
_json_in_lines = _encoder(indent=2).encode
