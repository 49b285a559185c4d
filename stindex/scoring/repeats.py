"""Several answers to each sample: how much of what is measured is the model's own chance.

The scores of K repeats of a run go in; for each metric its mean over the repeats, its interval,
and its noise parted into that of the data and that of the model's sampling come out, with spread
within and between samples and the chance that one of k answers, or all of them, are valid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev, variance
from typing import Any

import numpy as np

from stindex.schema import Outcome
from stindex.scoring.dimension import Measure
from stindex.scoring.intervals import interval
from stindex.scoring.metrics import aggregate, metric_value, sample_metrics
from stindex.scoring.resampling import RESAMPLES, SEED, resampled_values, weight_blocks
from stindex.scoring.sample_score import SampleScore
from stindex.scoring.series import FloatArray

METRICS = (
    "temporal.f1_score",
    "temporal.relaxed_f1_score",
    "temporal.normalization_accuracy_equivalent",
    "spatial.f1_score",
    "spatial.relaxed_f1_score",
    "spatial.accuracy_at_161km_end_to_end",
    "spatial.median_distance_error_km",
    "spatial.auc",
    "overall.combined_f1",
    "overall.success_rate",
)
SAMPLE_METRICS = ("temporal_f1_score", "spatial_f1_score", "combined_f1")


def repeat_metrics(
    runs: Sequence[Sequence[SampleScore]], *, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Return what several answers to each sample say beyond one.

    Args:
        runs: the scores of each repeat, over the same samples; an answer may be missing.

    Returns:
        `repeats` and `samples` (how many there are), `metrics` (dotted name to mean, interval and
        noise, see `noise`), `within_samples` (name to spread, see `spread`), `valid_at` (k to the
        chance that at least one of k answers is valid, and that all are, with intervals).

    Raises:
        ValueError: there is no run.
    """
    if not runs:
        raise ValueError("no repeats")
    answers = _by_sample(runs)
    resampled = resampled_values(runs, METRICS, resamples=resamples, seed=seed)
    plain = [aggregate(run) for run in runs]
    metrics = {
        name: noise(
            name,
            [metric_value(each, name) for each in plain],
            [each[name] for each in resampled if name in each],
        )
        for name in METRICS
    }
    return {
        "repeats": len(runs),
        "samples": len(answers),
        "metrics": {name: found for name, found in metrics.items() if found is not None},
        "within_samples": _spreads(answers),
        "valid_at": _valid_at(answers, len(runs), resamples, seed),
    }


def sentence(found: Mapping[str, Any]) -> str:
    """Return in words how far chance moves a run, of what `repeat_metrics` found."""
    metric = found["metrics"].get("overall.combined_f1")
    shown = f"{found['repeats']} answers to each of {found['samples']} samples"
    if metric is None or metric["sd_of_one_run"] is None:
        return f"{shown}."
    return (
        f"{shown}: from one run of this model to another over the same texts the combined F1 "
        f"varies by {metric['sd_of_one_run']:.3f} (standard deviation); of the noise of the mean "
        f"over all, {metric['sd']:.3f}, {metric['sd_sampling']:.3f} is the model's own and "
        f"{metric['sd_data']:.3f} that of the data."
    )


def noise(
    name: str, values: Sequence[float | None], resampled: Sequence[Measure[FloatArray]]
) -> dict[str, Any] | None:
    """Return a metric's mean over repeats, and where its noise comes from.

    Documents are resampled with all their answers, so that the interval holds the noise of both
    the data and the model. Of its standard deviation `sd` the model's part is the spread of the
    repeats over √K (`sd_sampling`); the rest is the data's (`sd_data`): their squares add up.

    Args:
        values: the metric in each repeat.
        resampled: its values under resampling in each repeat.

    Returns:
        `mean`, `mean_ci95` (where it has one), `sd`, `sd_sampling`, `sd_data`, and `sd_of_one_run`:
        how far one run of this model lies from another over the same samples. None where a repeat
        has no value.
    """
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    means = Measure(np.mean([each.value for each in resampled], axis=0), resampled[0].n)
    defined = means.value[~np.isnan(means.value)]
    one_run = stdev(known) if len(known) > 1 else None
    total = float(np.std(defined, ddof=1)) if len(defined) > 1 else 0.0
    sampling = None if one_run is None else one_run / math.sqrt(len(known))
    bounds = interval(name, fmean(known), means)
    return {
        "mean": fmean(known),
        **({} if bounds is None else {"mean_ci95": list(bounds)}),
        "sd": total,
        "sd_of_one_run": one_run,
        "sd_sampling": sampling,
        "sd_data": None if sampling is None else math.sqrt(max(0.0, total**2 - sampling**2)),
    }


def spread(values: Sequence[Sequence[float]]) -> dict[str, float | None]:
    """Return mean and spread of a sample's metric, within samples and between them.

    A one-way analysis of variance with random effects (Searle et al. 1992): `sd_within` is how
    far two answers to one sample differ; `sd_between` how far samples differ beyond that.

    Args:
        values: for each sample the metric of each of its answers.
    """
    several = [each for each in values if len(each) > 1]
    within = fmean(variance(each) for each in several) if several else None
    means = [fmean(each) for each in values if each]
    between = None
    if within is not None and len(means) > 1:
        answers = fmean(len(each) for each in values if each)
        between = math.sqrt(max(0.0, variance(means) - within / answers))
    return {
        "mean": fmean(means) if means else None,
        "sd_within": None if within is None else math.sqrt(within),
        "sd_between": between,
    }


def any_of(answers: int, right: int, k: int) -> float:
    """Return the chance that one of k answers is right, drawn from `answers` of them.

    1 - C(n - c, k) / C(n, k), unbiased (pass@k, Chen et al. 2021).
    """
    return 1 - math.comb(answers - right, k) / math.comb(answers, k)


def all_of(answers: int, right: int, k: int) -> float:
    """Return the chance that all of k answers are right: C(c, k) / C(n, k)."""
    return math.comb(right, k) / math.comb(answers, k)


def _by_sample(runs: Sequence[Sequence[SampleScore]]) -> Mapping[str, list[SampleScore]]:
    answers: dict[str, list[SampleScore]] = defaultdict(list)
    for run in runs:
        for score in run:
            if score.outcome is not Outcome.ERROR:
                answers[score.sample_id].append(score)
    return dict(sorted(answers.items()))


def _spreads(answers: Mapping[str, Sequence[SampleScore]]) -> dict[str, Any]:
    values: dict[str, list[list[float]]] = defaultdict(list)
    for scores in answers.values():
        measured = [sample_metrics(score) for score in scores]
        for name in SAMPLE_METRICS:
            known = [value for each in measured if (value := each[name]) is not None]
            if known:
                values[name].append(known)
    valid = [[float(score.outcome is Outcome.OK) for score in each] for each in answers.values()]
    return {name: spread(each) for name, each in (*values.items(), ("valid", valid))}


def _valid_at(
    answers: Mapping[str, Sequence[SampleScore]], repeats: int, resamples: int, seed: int
) -> dict[str, Any]:
    """Return for each k the chances of validity over the samples with at least k answers."""
    found = {}
    for k in range(1, repeats + 1):
        enough = [scores for scores in answers.values() if len(scores) >= k]
        if enough:
            found[str(k)] = {
                **_chance("any", any_of, enough, k, resamples, seed),
                **_chance("all", all_of, enough, k, resamples, seed),
            }
    return found


def _chance(  # noqa: PLR0913, PLR0917 (what a chance is of, and how it is resampled)
    name: str,
    formula: Callable[[int, int, int], float],
    answers: Sequence[Sequence[SampleScore]],
    k: int,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Return the mean chance over samples and its interval, resampling documents."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for scores in answers:
        right = sum(score.outcome is Outcome.OK for score in scores)
        of_document = sums[scores[0].document_id]
        of_document[0] += formula(len(scores), right, k)
        of_document[1] += 1
    table = np.array([sums[document] for document in sorted(sums)])
    resampled = np.concatenate(
        [
            (parts := weights @ table)[:, 0] / parts[:, 1]
            for weights in weight_blocks(len(table), resamples=resamples, seed=seed)
        ]
    )
    value = float(table[:, 0].sum() / table[:, 1].sum())
    bounds = interval(name, value, Measure(resampled, len(table)))
    return {name: value, **({} if bounds is None else {f"{name}_ci95": list(bounds)})}
