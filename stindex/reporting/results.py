"""The two files for programs: `metrics_summary.json` and `detailed_results.json`.

The same report always gives the same text. Undefined is `null`; NaN is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from stindex.evaluation import Evaluation
from stindex.reporting.run_report import RunReport, SampleReport
from stindex.schema import Mention, Prediction, Sample, SpatialMention, TemporalMention

SCHEMA_VERSION = 1


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
        "gates": [asdict(gate) for gate in report.gates],
        "slices": [],
        "missing": report.missing,
    }
    # The outer keys keep the order in which a person reads them; all within are sorted.
    yield _json({key: _sorted(value) for key, value in summary.items()}, indent=2) + "\n"


def detailed_results(report: RunReport) -> Iterator[str]:
    """Yield the text of `detailed_results.json`, sample by sample, one line each."""
    head = {"schema_version": SCHEMA_VERSION, "run_id": str(report.run.get("id", ""))}
    yield _json(head)[:-1] + ', "samples": ['
    separator = "\n"
    for sample in report.samples:
        yield separator + _json({key: _sorted(value) for key, value in _detail(sample).items()})
        separator = ",\n"
    yield "\n]}\n"


def _detail(report: SampleReport) -> dict[str, Any]:
    head = {"id": report.sample.id}
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
    fields = _temporal(mention) if isinstance(mention, TemporalMention) else _spatial(mention)
    span = {"start_char": mention.start_char, "end_char": mention.end_char}
    return {name: value for name, value in (fields | span).items() if value not in (None, "")} | {
        "text": mention.text
    }


def _temporal(mention: TemporalMention) -> dict[str, Any]:
    return {"normalized": mention.normalized, "temporal_type": mention.temporal_type}


def _spatial(mention: SpatialMention) -> dict[str, Any]:
    return {
        "location_type": mention.location_type,
        "parent_region": mention.parent_region,
        "latitude": mention.latitude,
        "longitude": mention.longitude,
        "geocoding": mention.geocoding,
        "place": asdict(mention.place) if mention.place else None,
    }


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return plain JSON values with sorted keys."""
    if isinstance(value, Mapping):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Iterable):
        return [_sorted(item) for item in value]
    return str(value)


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
