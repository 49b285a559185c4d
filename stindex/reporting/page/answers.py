"""What a run said to a sample, in one form: this run's evaluation, or what a baseline kept.

A baseline keeps the objects of its `detailed_results.json`, or less: a saved one has scores and
no answers. What is not there stays empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from stindex.reporting.readings import PairReading, SampleReading, count_errors, pairs_of
from stindex.schema import (
    EntityMention,
    Mention,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import DIMENSIONS, SampleScore
from stindex.scoring.errors import mention_errors
from stindex.scoring.rates import ratio

Facts = list[Any]
_PLACE_FIELDS = tuple(field.name for field in fields(Place))


@dataclass(frozen=True, slots=True)
class Answer:
    """One run's answer to one sample.

    Attributes:
        outcome: a value of `Outcome`, or `missing`.
        pairs: gold beside prediction; empty where the predictions were not kept.
        f1: strict F1 by dimension, None where undefined.
        errors: (dimension, kind) to how often.
        raw_text: None where it was not kept.
        facts: finish reason, tokens in, out and of the thought, seconds, batch size, steps of the
            grammar, attempt, run that the answer was taken over from.
        missed: a sentence for each assertion that did not hold.
    """

    outcome: str
    pairs: tuple[PairReading, ...]
    f1: Mapping[str, float | None]
    errors: Mapping[tuple[str, str], int]
    reason: str = ""
    raw_text: str | None = None
    thought: str = ""
    facts: Facts | None = None
    missed: tuple[str, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Return whether there is anything to look into."""
        return self.outcome != "ok" or bool(self.missed) or bool(self.errors)

    @property
    def seconds(self) -> float | None:
        """Return how long it took, where that is known."""
        return self.facts[4] if self.facts else None

    @property
    def tokens(self) -> int | None:
        """Return how many tokens were written, where that is known."""
        return self.facts[2] if self.facts else None


def this_answer(reading: SampleReading) -> Answer:
    """Return the answer of the run that the page is about."""
    evaluation = reading.evaluation
    errors = count_errors(reading.pairs)
    if evaluation is None:
        return Answer(reading.outcome, reading.pairs, reading.f1, errors)
    record = evaluation.record
    written = record.generation
    return Answer(
        outcome=reading.outcome,
        pairs=reading.pairs,
        f1=reading.f1,
        errors=errors,
        reason=evaluation.reason,
        raw_text=written.raw_text,
        thought=evaluation.thought,
        facts=[
            written.finish_reason,
            written.prompt_tokens,
            written.completion_tokens,
            written.thought_tokens,
            _rounded(written.seconds),
            written.batch_size,
            written.grammar_interventions,
            record.attempt,
            record.origin,
        ],
        missed=tuple(reading.report.missed),
    )


def baseline_answer(sample: Sample, stored: Mapping[str, Any]) -> Answer:
    """Return what a baseline kept of its answer to this sample."""
    score = _score(stored.get("score"))
    prediction = _prediction(stored.get("prediction"))
    counted = mention_errors(score) if score is not None else ()
    errors: dict[tuple[str, str], int] = {}
    for error in counted:
        errors[error.dimension, error.kind] = errors.get((error.dimension, error.kind), 0) + 1
    kept = score is not None and "prediction" in stored
    return Answer(
        outcome=str(stored.get("outcome") or "missing"),
        pairs=pairs_of(sample, prediction, score) if kept and score is not None else (),
        f1={name: _f1(score, name) for name in DIMENSIONS},
        errors=errors,
        reason=str(stored.get("reason") or ""),
        raw_text=stored.get("raw_text"),
        thought=str(stored.get("thought") or ""),
        facts=_stored_facts(stored),
        missed=tuple(str(one) for one in stored.get("missed") or ()),
    )


def _stored_facts(stored: Mapping[str, Any]) -> Facts | None:
    tokens = stored.get("tokens")
    if not isinstance(tokens, Mapping):
        return None
    return [
        stored.get("finish_reason"),
        tokens.get("prompt"),
        tokens.get("completion"),
        tokens.get("thought"),
        _rounded(stored.get("seconds") or 0.0),
        1,
        tokens.get("grammar_interventions"),
        1,
        None,
    ]


def _rounded(seconds: float) -> float:
    return float(f"{seconds:.3g}")


def _score(stored: object) -> SampleScore | None:
    if not isinstance(stored, Mapping):
        return None
    try:
        return SampleScore.from_json(stored)
    except (ValueError, KeyError, TypeError):
        return None  # of another version: it cannot be read, and the figures stand without it


def _f1(score: SampleScore | None, name: str) -> float | None:
    layer = score.dimensions.get(name) if score else None
    if layer is None or not layer.exhaustive:
        return None
    counts = layer.counts
    return ratio(2 * counts["true_positives"], counts["gold"] + counts["predicted"])


def _prediction(stored: object) -> Prediction | None:
    if not isinstance(stored, Mapping):
        return None
    read = {"temporal": _temporal, "spatial": _spatial}
    return Prediction(
        {
            name: tuple(
                read.get(name, _entity)(one) for one in stored.get(f"{name}_mentions") or ()
            )
            for name in DIMENSIONS
        }
    )


def _temporal(stored: Mapping[str, Any]) -> Mention:
    return TemporalMention(
        text=str(stored.get("text") or ""),
        normalized=str(stored.get("normalized") or ""),
        temporal_type=stored.get("temporal_type"),
        start_char=stored.get("start_char"),
        end_char=stored.get("end_char"),
    )


def _entity(stored: Mapping[str, Any]) -> Mention:
    return EntityMention(
        text=str(stored.get("text") or ""),
        normalized=str(stored.get("normalized") or ""),
        entity_type=stored.get("entity_type"),
        start_char=stored.get("start_char"),
        end_char=stored.get("end_char"),
    )


def _spatial(stored: Mapping[str, Any]) -> Mention:
    place = stored.get("place")
    known = {name: place[name] for name in _PLACE_FIELDS if name in place} if place else None
    return SpatialMention(
        text=str(stored.get("text") or ""),
        location_type=stored.get("location_type"),
        parent_region=stored.get("parent_region"),
        latitude=stored.get("latitude"),
        longitude=stored.get("longitude"),
        start_char=stored.get("start_char"),
        end_char=stored.get("end_char"),
        place=Place(**known) if known else None,
        geocoding=str(stored.get("geocoding") or ""),
    )
