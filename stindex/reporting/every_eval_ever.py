"""A stored run ─▶ one object of the Every Eval Ever schema, which other harnesses convert to.

The figures of the run go in it: score, 95 % interval and n of each metric. Single answers do not:
the schema wants one extracted value and one score an answer, and the text of the sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stindex.reporting.wording import interval, metric_groups, metric_label, unit_of
from stindex.stored import StoredRun

SCHEMA_VERSION = "0.3.0"

_OVERALL = ("success_rate", "combined_f1", "combined_relaxed_f1", "combined_text_f1")
_SAID = ("prompt", "prompt_hash", "answer_schema", "dtype", "quantization", "constrained", "seed")


def every_eval_ever(
    stored: StoredRun, organization: str, relationship: str, now: int
) -> dict[str, Any]:
    """Return a run in the schema.

    Args:
        organization: who evaluates.
        relationship: of the organization to the model: `first_party`, `third_party`,
            `collaborative` or `other`.
        now: Unix time in seconds.
    """
    identity = stored.run["identity"]
    name, dataset = str(identity["model"]), str(identity["dataset"])
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{dataset}/{name}/{now}",
        "evaluation_timestamp": str(stored.run["finished_at"]),
        "retrieved_timestamp": str(now),
        "source_metadata": {
            "source_name": "stindex",
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": relationship,
        },
        "eval_library": _library(stored.run),
        "model_info": _model(identity),
        "evaluation_results": list(_results(stored, dataset)),
    }


def _library(run: Mapping[str, Any]) -> dict[str, Any]:
    versions = run.get("provenance", {}).get("versions", {})
    return {
        "name": "stindex",
        "version": str(versions.get("stindex") or "unknown"),
        "additional_details": {"run_id": str(run["id"]), "status": str(run["status"])},
    }


def _model(identity: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: str(identity[key]) for key in _SAID if identity.get(key) is not None}
    return {
        "name": str(identity["model"]),
        "id": str(identity["model"]),
        "additional_details": {
            "deployment_type": "unknown",
            "model_availability": "unknown",
            "weights": str(identity["weights"]),
            **known,
        },
    }


def _results(stored: StoredRun, dataset: str) -> Iterator[dict[str, Any]]:
    source = {
        "dataset_name": dataset,
        "source_type": "other",
        "additional_details": {
            "content_hash": str(stored.run["identity"]["dataset_hash"]),
            "selection": "part of it" if stored.partial else "all of it",
        },
    }
    for dotted in _metrics():
        block, _, key = dotted.partition(".")
        value = stored.metrics.get(block, {}).get(key)
        if value is not None:  # undefined is no score
            yield {
                "evaluation_name": dataset,
                "evaluation_result_id": dotted,
                "source_data": source,
                "metric_config": _metric(dotted),
                "score_details": {"score": value, **_uncertainty(stored.metrics, dotted)},
            }


def _metrics() -> Iterator[str]:
    yield from (f"overall.{key}" for key in _OVERALL)
    for name, groups in metric_groups().items():
        yield from (f"{name}.{row.key}" for group in groups for row in group.rows)


def _metric(dotted: str) -> dict[str, Any]:
    unit = unit_of(dotted)
    return {
        "metric_id": f"stindex.{dotted}",
        "metric_name": metric_label(dotted),
        "metric_unit": "km" if unit == "km" else "proportion",
        "lower_is_better": unit != "share",
        "score_type": "continuous",
        "min_score": 0,
        "max_score": "Infinity" if unit == "km" else 1,
    }


def _uncertainty(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> dict[str, Any]:
    block, _, key = dotted.partition(".")
    n = metrics[block].get("n", {}).get(key)
    details = {} if n is None else {"details": {"n": str(n)}}
    ends = interval(metrics, dotted)
    if ends is None:
        return details
    found = {"lower": ends[0], "upper": ends[1], "confidence_level": 0.95}
    method = "bootstrap over documents; exact where no document differs"
    return {**details, "uncertainty": {"confidence_interval": {**found, "method": method}}}
