"""Scores of small documents of our own, and stored runs made of them."""

from __future__ import annotations

from collections.abc import Sequence

from stindex.comparison.stored_scores import StoredSample, StoredScores
from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention, TemporalMention
from stindex.scoring import SampleScore, score_sample

PARIS = (48.8566, 2.3522)
IDENTITY = {"model": "tiny", "answer_schema": "a", "dataset": "mine.json", "dataset_hash": "d"}


def dates(count: int) -> tuple[TemporalMention, ...]:
    return tuple(
        TemporalMention(f"{2000 + n}", f"{2000 + n}", "DATE", 5 * n, 5 * n + 4)
        for n in range(count)
    )


def score(
    sample_id: str,
    right: int,
    wrong: int,
    *,
    outcome: Outcome = Outcome.OK,
    document: str | None = None,
    values: Sequence[str] | None = None,
) -> SampleScore:
    """Return the score of a sample with so many dates found and so many missed.

    Args:
        values: what was predicted for the found ones, instead of the right values.
    """
    gold = dates(right + wrong)
    text = " ".join(mention.text for mention in gold)
    sample = Sample(sample_id, text, {"temporal": GoldLayer(gold)}, document_id=document)
    found = list(gold[:right])
    for index, value in enumerate(values or ()):
        m = found[index]
        found[index] = TemporalMention(m.text, value, "DATE", m.start_char, m.end_char)
    return score_sample(sample, Prediction({"temporal": tuple(found)}), outcome)


def place_score(sample_id: str, km_north: Sequence[float | None]) -> SampleScore:
    """Return the score of a sample with places that were put so far off (None: missed)."""
    latitude, longitude = PARIS
    gold = tuple(
        SpatialMention("Paris", "city", None, latitude, longitude, 6 * n, 6 * n + 5)
        for n in range(len(km_north))
    )
    found = tuple(
        SpatialMention("Paris", "city", None, latitude + km / 111.2, longitude, 6 * n, 6 * n + 5)
        for n, km in enumerate(km_north)
        if km is not None
    )
    text = " ".join("Paris" for _ in km_north)
    sample = Sample(sample_id, text, {"spatial": GoldLayer(gold)})
    return score_sample(sample, Prediction({"spatial": found}), Outcome.OK)


def stored(scores: Sequence[SampleScore], run_id: str = "run", **identity: str) -> StoredScores:
    """Return a stored run with these scores."""
    samples = {one.sample_id: StoredSample(one, "gold", "content", "answer") for one in scores}
    run = {"id": run_id, "status": "PASSED", "identity": {**IDENTITY, **identity}}
    return StoredScores(run, samples)
