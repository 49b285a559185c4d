"""The two rows that frame every report: the floor and the ceiling.

The floor is what the rule-based reader scores on the same samples, the ceiling what this geocoder
scores on the gold places, both with the intervals that a model's metrics have. They depend only on
the data, the rules and the geocoder, so they are kept beside the runs and computed once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from stindex.errors import UserError
from stindex.evaluation import Evaluator, ceiling_scores
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.sources import rules_fingerprint
from stindex.runs.identity import digest
from stindex.runs.record import Record
from stindex.schema import Sample
from stindex.scoring import aggregate, metric_names
from stindex.scoring.intervals import with_intervals
from stindex.whole_files import write_whole

Metrics = Mapping[str, Mapping[str, Any]]

_DIRECTORY = ".reference"
_VERSION = 2


def reference_metrics(
    samples: Sequence[Sample], dataset_hash: str, evaluator: Evaluator, output_directory: Path
) -> dict[str, Metrics | None]:
    """Return `{"floor": …, "ceiling": …}` for the given samples of a data set.

    Beside each metric that has one stands its interval, as `run_metrics` gives it. The ceiling is
    None where no place of the samples is annotated.
    """
    key = digest(
        [
            _VERSION,
            dataset_hash,
            [sample.id for sample in samples],
            rules_fingerprint(),
            dict(evaluator.geocoder.identity()),
            evaluator.response_model.__name__,
            metric_names(),
        ]
    )
    path = output_directory / _DIRECTORY / f"{key[:32]}.json"
    kept = _read(path)
    if kept is not None:
        return kept
    computed: dict[str, Metrics | None] = {
        "floor": _floor(samples, evaluator),
        "ceiling": _ceiling(samples, evaluator),
    }
    _write(path, computed)
    return computed


def _floor(samples: Sequence[Sample], evaluator: Evaluator) -> Metrics:
    from stindex.geocoding.embedded import open_gazetteer  # noqa: PLC0415
    from stindex.rules.reader import RulesReader  # noqa: PLC0415

    reader = RulesReader(open_gazetteer())
    requests = (Request("", sample, ()) for sample in samples)
    answers = reader.answers(requests, evaluator.response_model, DecodingSettings(), Event())
    scores = [
        evaluator.evaluate(request.sample, Record("", request.sample.id, generation)).score
        for request, generation in answers
    ]
    return with_intervals(aggregate(scores), scores)


def _ceiling(samples: Sequence[Sample], evaluator: Evaluator) -> Metrics | None:
    if not any("spatial" in sample.gold for sample in samples):
        return None
    scores = list(ceiling_scores(samples, evaluator.geocoder))
    return {"spatial": with_intervals(aggregate(scores), scores)["spatial"]}


def _read(path: Path) -> dict[str, Metrics | None] | None:
    try:
        kept: dict[str, Metrics | None] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept


def _write(path: Path, computed: Mapping[str, Metrics | None]) -> None:
    with suppress(UserError):  # it is computed again next time
        write_whole(path, json.dumps(computed))
