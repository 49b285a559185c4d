"""Resampled metrics: what drawing documents again and again would give, only all at once."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from stindex.schema import GoldLayer, Outcome, Prediction, Sample, SpatialMention
from stindex.scoring import SampleScore, aggregate, metric_value, resampling, score_sample, series
from stindex.scoring.resampling import RunTable, resampled_values, weight_blocks
from stindex.scoring.series import FloatArray
from tests.scoring.corpora import scored


def corpus(samples: int, *, documents: int | None = None, seed: int = 1) -> list[SampleScore]:
    chance = random.Random(seed)
    return [scored(chance, number, documents=documents) for number in range(samples)]


def drawn_again(
    scores: Sequence[SampleScore], documents: Sequence[str], weights: FloatArray
) -> Iterator[SampleScore]:
    """Yield each document's samples as often as it was drawn."""
    samples: dict[str, list[SampleScore]] = defaultdict(list)
    for score in scores:
        samples[score.document_id].append(score)
    for document, times in zip(documents, weights, strict=True):
        yield from samples[document] * int(times)


@pytest.mark.parametrize(
    ("samples", "documents"), [(1, None), (3, None), (60, None), (60, 7), (400, 300)]
)
@pytest.mark.parametrize("window", [4.5, 0.0])
def test_every_metric_is_what_the_drawn_samples_score(
    samples: int, documents: int | None, window: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a window of 0 every median is looked for in the whole series.
    monkeypatch.setattr(series, "_WINDOW", window)
    monkeypatch.setattr(series, "_END", 3)
    scores = corpus(samples, documents=documents)
    names = sorted({score.document_id for score in scores})
    (weights,) = weight_blocks(len(names), resamples=12)
    found = RunTable.of(scores, names).metrics(weights)
    assert len(found) > 100
    for row, drawn in enumerate(weights):
        metrics = aggregate(drawn_again(scores, names, drawn))
        for name, values in found.items():
            expected = metric_value(metrics, name)
            # What the run's own layers decide is not decided anew in each resample.
            if expected is None or np.isnan(values.value[row]):
                assert (expected is None) == bool(np.isnan(values.value[row])), name
            else:
                assert values.value[row] == pytest.approx(expected, rel=1e-9, abs=1e-9), name


def test_a_partial_annotation_leaves_precision_undefined_in_every_resample() -> None:
    place = (SpatialMention("Rome", "city", None, 1.0, 1.0, 0, 4),)
    sample = Sample("a", "", {"spatial": GoldLayer(place, exhaustive=False)})
    scores = [*corpus(5), score_sample(sample, Prediction({"spatial": place}), Outcome.OK)]
    (found,) = resampled_values([scores], resamples=20)
    assert np.isnan(found["spatial.f1_score"].value).all()
    assert np.isnan(found["spatial.macro_f1_score"].value).all()
    assert np.isnan(found["overall.combined_f1"].value).all()
    assert not np.isnan(found["spatial.recall"].value).any()
    assert not np.isnan(found["temporal.f1_score"].value).any()


def test_a_resample_draws_as_many_documents_as_there_are() -> None:
    for documents in (1, 7, 100_000):
        (first, *_) = weight_blocks(documents, resamples=5)
        assert first.sum(axis=1).tolist() == [documents] * 5
        assert (first >= 0).all()


def test_how_often_a_document_is_drawn_is_poisson() -> None:
    (weights,) = weight_blocks(500, resamples=2000)
    assert weights.var() == pytest.approx(1 - 1 / 500, abs=0.01)
    assert (weights == 0).mean() == pytest.approx((1 - 1 / 500) ** 500, abs=0.002)
    assert np.abs(weights.mean(axis=0) - 1).max() < 0.15


def test_rows_are_made_in_blocks_that_leave_out_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_BLOCK", 30)
    sizes = [len(block) for block in weight_blocks(10, resamples=8)]
    assert sizes == [3, 3, 2]
    (found,) = resampled_values([corpus(10)], ["temporal.f1_score"], resamples=8)
    assert len(found["temporal.f1_score"].value) == 8


def test_neither_the_order_of_the_samples_nor_a_second_call_changes_a_digit() -> None:
    scores = corpus(40, documents=25)
    shuffled = scores.copy()
    random.Random(3).shuffle(shuffled)
    one, other = (resampled_values([each], resamples=50)[0] for each in (scores, shuffled))
    for name, values in one.items():
        np.testing.assert_allclose(values.value, other[name].value, rtol=1e-12)


def test_two_runs_are_seen_under_the_same_draws() -> None:
    scores = corpus(50)
    same, again = resampled_values([scores, list(reversed(scores))], ["temporal.f1_score"])
    np.testing.assert_allclose(same["temporal.f1_score"].value, again["temporal.f1_score"].value)
    better = [score if number else score_of_nothing(score) for number, score in enumerate(scores)]
    one, other = resampled_values([scores, better], ["overall.success_rate"])
    difference = one["overall.success_rate"].value - other["overall.success_rate"].value
    assert set(np.round(difference * 50).astype(int)) <= set(range(10))


def score_of_nothing(score: SampleScore) -> SampleScore:
    sample = Sample(score.sample_id, "", {"temporal": GoldLayer(())})
    return score_sample(sample, None, Outcome.INVALID)


def test_drawing_documents_keeps_their_samples_together() -> None:
    # Ten samples that are all right or all wrong with their document: as much noise as one.
    alone = corpus(40)
    tenfold = alone * 10
    one, other = (
        resampled_values([each])[0]["temporal.f1_score"].value for each in (alone, tenfold)
    )
    np.testing.assert_allclose(one, other)


def test_no_samples_have_no_values() -> None:
    assert resampled_values([[]]) == [{}]


def test_a_thousand_samples_are_resampled_in_a_fraction_of_a_second() -> None:
    scores = corpus(1000)
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        resampled_values([scores])
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 0.6


def test_a_metric_is_made_of_the_documents_that_have_what_it_divides_by() -> None:
    rome = SpatialMention("Rome", "city", None, 41.9, 12.5, 0, 4)
    found, gold_only, invented = ((rome,), (rome,)), ((rome,), ()), ((), (rome,))
    scores = [
        score_sample(
            Sample(str(number), "", {"spatial": GoldLayer(gold)}),
            Prediction({"spatial": predicted}),
            Outcome.OK,
        )
        for number, (gold, predicted) in enumerate((found, gold_only, gold_only, invented))
    ]
    (metrics,) = resampled_values([scores], resamples=2)
    behind = {key: metrics[f"spatial.{key}"].n for key in ("f1_score", "recall", "precision")}
    assert behind == {"f1_score": 4, "recall": 3, "precision": 2}
