"""Scores of made-up corpora, for the tests of what is computed from many samples."""

from __future__ import annotations

import random

from stindex.schema import (
    GoldLayer,
    Mention,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import SampleScore, score_sample

TYPES = ("DATE", "TIME", "DURATION")
KINDS = ("city", "country", "landmark", None)


def scored(chance: random.Random, number: int, *, documents: int | None = None) -> SampleScore:
    """Return the score of a random sample with up to 4 mentions of each dimension."""
    sample, prediction = random_sample(chance, number, documents=documents)
    outcome = Outcome.OK if chance.random() < 0.95 else Outcome.INVALID
    return score_sample(sample, prediction, outcome)


def random_sample(
    chance: random.Random, number: int, *, documents: int | None = None
) -> tuple[Sample, Prediction]:
    """Return a random sample and a prediction that is mostly right."""
    times = [_time(chance, index) for index in range(chance.randint(0, 4))]
    places = [_place(chance, index) for index in range(chance.randint(0, 4))]
    sample = Sample(
        f"sample {number}",
        "x" * chance.randint(40, 4000),
        {"temporal": GoldLayer(tuple(times)), "spatial": GoldLayer(tuple(places))},
        reference_date="2001-05",
        document_id=None if documents is None else f"document {number % documents}",
        metadata={"language": chance.choice(("de", "en")), "number": number},
    )
    found: dict[str, tuple[Mention, ...]] = {
        "temporal": tuple(_changed_time(chance, m) for m in times if chance.random() < 0.8),
        "spatial": tuple(_changed_place(chance, m) for m in places if chance.random() < 0.8),
    }
    return sample, Prediction(found)


def _time(chance: random.Random, index: int) -> TemporalMention:
    kind = chance.choice(TYPES)
    return TemporalMention("May", f"200{index}-05", kind, 9 * index, 9 * index + 3)


def _changed_time(chance: random.Random, mention: TemporalMention) -> TemporalMention:
    value = mention.normalized if chance.random() < 0.7 else "2009"
    end = (mention.end_char or 0) + chance.choice((0, 0, 1))
    kind = chance.choice((mention.temporal_type, "DATE"))
    return TemporalMention("May", value, kind, mention.start_char, end)


def _place(chance: random.Random, index: int) -> SpatialMention:
    kind = chance.choice(KINDS)
    return SpatialMention("Rome", kind, None, 41.9, 12.5, 9 * index, 9 * index + 4)


def _changed_place(chance: random.Random, mention: SpatialMention) -> SpatialMention:
    span = mention.start_char, mention.end_char
    if chance.random() < 0.1:
        return SpatialMention("Rome", "city", None, None, None, *span)
    latitude = 41.9 + chance.choice((0.0, chance.uniform(0, 0.3), chance.uniform(0, 4)))
    return SpatialMention(
        "Rome", "city", None, latitude, 12.5, *span, Place("Rome", latitude, 12.5, "city")
    )
