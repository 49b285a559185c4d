"""The second half of the way of a sample: a stored answer ─▶ extraction ─▶ prediction ─▶ score.

A pure function of the record, the gold and the settings; it needs no model and can be done
again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stindex.geocoding.base import Geocoder, GeocodingError
from stindex.parsing import parse_answer
from stindex.postprocess import place_mentions
from stindex.runs.record import Record
from stindex.schema import (
    AnyExtraction,
    EntityAnswer,
    EntityMention,
    GivenEntityAnswer,
    GivenSpatialAnswer,
    GivenTemporalAnswer,
    LocatedSpatialAnswer,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialAnswer,
    SpatialMention,
    TemporalAnswer,
    TemporalMention,
    Timex3TemporalAnswer,
)
from stindex.scoring import SampleScore, Timing, entity_names, score_sample


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that is known about one answered sample.

    Attributes:
        reason: why there is no valid object; empty where the outcome is `ok`.
        thought: what a thinking model wrote before its answer; empty for others.
        prediction: None without a valid object.
    """

    sample: Sample
    record: Record
    outcome: Outcome
    reason: str
    thought: str
    prediction: Prediction | None
    score: SampleScore


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Turns answers into evaluations.

    Attributes:
        constrained: the answers were written under the grammar, so nothing has to be searched for.
    """

    geocoder: Geocoder
    response_model: type[AnyExtraction]
    constrained: bool

    def evaluate(self, sample: Sample, record: Record) -> Evaluation:
        """Return what the stored answer to `sample` is worth."""
        generation = record.generation
        if generation.finish_reason == "error":
            return _evaluation(sample, record, Outcome.ERROR, generation.error, "", None)
        parsed = parse_answer(
            generation.raw_text,
            generation.finish_reason,
            self.response_model,
            constrained=self.constrained,
            within_thought=generation.within_thought,
        )
        prediction = (
            None if parsed.value is None else predict(parsed.value, sample.text, self.geocoder)
        )
        return _evaluation(
            sample, record, parsed.outcome, parsed.reason, parsed.thought, prediction
        )


def predict(extraction: AnyExtraction, text: str, geocoder: Geocoder) -> Prediction:
    """Return an extraction with character spans and coordinates."""
    temporal = [_temporal(mention) for mention in extraction.temporal_mentions]
    spatial = [_spatial(mention) for mention in extraction.spatial_mentions]
    entities = {
        name: [_entity(mention) for mention in getattr(extraction, f"{name}_mentions")]
        for name in entity_names()
    }
    return Prediction(
        {
            "temporal": place_mentions(temporal, text),
            "spatial": locate(place_mentions(spatial, text), text, geocoder),
            **{name: place_mentions(mentions, text) for name, mentions in entities.items()},
        }
    )


def locate(
    mentions: Sequence[SpatialMention], text: str, geocoder: Geocoder
) -> tuple[SpatialMention, ...]:
    """Return the mentions of a document with coordinates; those that have some keep them."""
    wanted = [mention for mention in mentions if mention.latitude is None]
    found = iter(geocoder.geocode(wanted, text) if wanted else ())
    return tuple(
        mention if mention.latitude is not None else _located(mention, next(found), geocoder)
        for mention in mentions
    )


def ceiling_scores(samples: Iterable[Sample], geocoder: Geocoder) -> Iterable[SampleScore]:
    """Yield what a perfect reader would score with this geocoder: the gold places, geocoded."""
    for sample in samples:
        layer = sample.gold.get("spatial")
        if layer is None:
            continue
        bare = [
            replace(mention, latitude=None, longitude=None)
            for mention in layer.mentions
            if isinstance(mention, SpatialMention)
        ]
        prediction = Prediction({"spatial": locate(bare, sample.text, geocoder)})
        spatial_only = replace(sample, gold={"spatial": layer})
        yield score_sample(spatial_only, prediction, Outcome.OK, timing=Timing(0.0))


def _evaluation(  # noqa: PLR0913, PLR0917 (one argument a field)
    sample: Sample,
    record: Record,
    outcome: Outcome,
    reason: str,
    thought: str,
    prediction: Prediction | None,
) -> Evaluation:
    score = score_sample(sample, prediction, outcome, timing=Timing.of(record.generation))
    return Evaluation(sample, record, outcome, reason, thought, prediction, score)


def _temporal(
    mention: TemporalAnswer | Timex3TemporalAnswer | GivenTemporalAnswer,
) -> TemporalMention:
    found = TemporalMention(mention.text, mention.normalized, mention.temporal_type)
    if isinstance(mention, GivenTemporalAnswer):
        return replace(found, start_char=mention.start_char, end_char=mention.end_char)
    return found


def _spatial(mention: SpatialAnswer | LocatedSpatialAnswer | GivenSpatialAnswer) -> SpatialMention:
    if isinstance(mention, GivenSpatialAnswer):
        return SpatialMention(**mention.model_dump())
    if isinstance(mention, LocatedSpatialAnswer):
        return SpatialMention(
            mention.text,
            mention.location_type,
            latitude=mention.latitude,
            longitude=mention.longitude,
        )
    return SpatialMention(mention.text, mention.location_type, mention.parent_region)


def _entity(mention: EntityAnswer | GivenEntityAnswer) -> EntityMention:
    known = {name: value for name, value in mention.model_dump().items() if value is not None}
    return EntityMention(**known)


def _located(
    mention: SpatialMention, found: Place | GeocodingError | None, geocoder: Geocoder
) -> SpatialMention:
    if isinstance(found, GeocodingError):
        return replace(mention, geocoding=f"failed: {found}")
    if found is None:
        off = geocoder.identity().get("name") == "none"
        return replace(mention, geocoding="off" if off else "unresolved")
    return replace(mention, latitude=found.latitude, longitude=found.longitude, place=found)
