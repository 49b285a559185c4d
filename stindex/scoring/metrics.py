"""Scores of samples ─▶ the metrics of a run, under the names of `docs/metrics.md`.

One pass over the scores adds up their counts; every metric is a function of the sums. A metric
that is undefined is None. Beside each block's metrics stands `n`: the number of mentions or
samples behind each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from stindex.schema import Outcome
from stindex.scoring.dimension import Block, Dimension, Measure, Sums, Totals, V
from stindex.scoring.rates import mean, quantile, ratio
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, SampleScore, Timing

Metrics = dict[str, dict[str, Any]]

COMBINED = {
    "combined_f1": "f1_score",
    "combined_relaxed_f1": "relaxed_f1_score",
    "combined_text_f1": "text_f1_score",
}
# Metrics that average the samples' own F1: the count that each is made of.
MACRO = {
    "macro_f1_score": "true_positives",
    "relaxed_macro_f1_score": "relaxed_true_positives",
}
# What the metrics hold beside numbers; so are the intervals, whose names end in `CI`.
_NO_METRIC = ("n", "combined_of", "errors", "place_errors", "confusions")
CI = "_ci95"


def aggregate(scores: Iterable[SampleScore], *, wall_seconds: float | None = None) -> Metrics:
    """Compute the metrics of a run in one pass; the order of the scores does not matter.

    Args:
        wall_seconds: how long generation took for all samples. Without it the share of a sample
            is its seconds divided by the number of answers that were made together with it.

    Returns:
        A block for each dimension, and `overall`.
    """
    layers = {name: _LayerSums() for name in DIMENSIONS}
    run = _RunSums()
    for score in scores:
        run.add(score)
        for name, layer in score.dimensions.items():
            layers[name].add(layer, score.outcome, DIMENSIONS[name])
    totals = {name: sums.totals() for name, sums in layers.items()}
    metrics = {
        name: _render(dimension_rates(dimension, totals[name]) | _mention_counts(totals[name]))
        for name, dimension in DIMENSIONS.items()
    }
    metrics["overall"] = _overall(run, metrics, wall_seconds)
    return metrics


def sample_metrics(score: SampleScore) -> dict[str, float | None]:
    """Return the metrics of one sample under flat names, for thresholds of samples.

    `temporal.f1_score` becomes `temporal_f1_score`, `spatial.point.auc` `spatial_point_auc`;
    `combined_f1` and its siblings keep their names. All of a dimension that was not annotated or
    not measured is None.
    """
    metrics = aggregate([score])
    flat: dict[str, float | None] = {}
    for name in DIMENSIONS:
        annotated = score.annotated(name)
        for path, value in _leaves(metrics[name]):
            flat["_".join((name, *path))] = value if annotated else None
    return flat | {name: metrics["overall"][name] for name in COMBINED}


@cache
def metric_names() -> tuple[str, ...]:
    """Return the dotted names of all metrics of a run, e.g. `temporal.semeval.strict.f1`."""
    return tuple(
        ".".join((block, *path))
        for block, metrics in aggregate(()).items()
        for path, _ in _leaves(metrics)
    )


@cache
def sample_metric_names() -> tuple[str, ...]:
    """Return the flat names that `sample_metrics` gives."""
    return tuple(sample_metrics(SampleScore("", "", Outcome.OK, {})))


def metric_value(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> float | None:
    """Look a metric up by its dotted name; None where it is undefined.

    Raises:
        KeyError: there is no such metric.
    """
    block, key = _block_of(metrics, dotted)
    value: float | None = block[key]
    return value


def metric_n(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> int:
    """Return how many mentions or samples are behind a metric; 0 where it is undefined.

    Precision: predictions. Recall and F1: gold mentions. Accuracies: what they are over.

    Raises:
        KeyError: there is no such metric.
    """
    block, key = _block_of(metrics, dotted)
    if block[key] is None:
        return 0
    n: int = block["n"][key]
    return n


def _block_of(
    metrics: Mapping[str, Mapping[str, Any]], dotted: str
) -> tuple[Mapping[str, Any], str]:
    *path, key = dotted.split(".")
    block: Any = metrics
    for name in path:
        block = block[name]
    if _is_no_metric(key) or isinstance(block[key], Mapping):
        raise KeyError(dotted)
    return block, key


def _is_no_metric(key: str) -> bool:
    return key in _NO_METRIC or key.endswith(CI)


def _leaves(block: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float | None]]:
    for name, value in block.items():
        if _is_no_metric(name):
            continue
        if isinstance(value, Mapping):
            yield from (((name, *path), leaf) for path, leaf in _leaves(value))
        else:
            yield (name,), value


def _render(block: Block[float | None]) -> dict[str, Any]:
    """Turn measures into plain values, with their n in a block beside them."""
    rendered: dict[str, Any] = {}
    n: dict[str, int] = {}
    for name, entry in block.items():
        if isinstance(entry, Measure):
            rendered[name] = entry.value
            n[name] = entry.n
        else:
            rendered[name] = _render(entry)
    return {**rendered, "n": n} if n else rendered


# ── Sums ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _LayerSums:
    """What the samples add up to in one dimension."""

    counts: Counter[str] = field(default_factory=Counter)
    series: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    exhaustive: bool = True

    def add(self, layer: DimensionScore, outcome: Outcome, dimension: Dimension[Any]) -> None:
        self.exhaustive &= layer.exhaustive
        self.counts.update(layer.counts)
        self.counts["samples"] += 1
        if not layer.counts["gold"] and not layer.counts["predicted"]:
            self.counts["correct_empty_samples"] += outcome is Outcome.OK
        for name, values in layer_series(layer, dimension).items():
            self.series[name].extend(values)

    def totals(self) -> Totals:
        return Totals(self.counts, self.series, self.exhaustive)


def layer_series(layer: DimensionScore, dimension: Dimension[Any]) -> dict[str, Sequence[float]]:
    """Return what a sample adds to the series of a dimension: its own F1, distances, overlaps."""
    series: dict[str, Sequence[float]] = {}
    mentions = layer.counts["gold"] + layer.counts["predicted"]
    if layer.exhaustive and mentions:
        for name, correct in MACRO.items():
            series[name] = (2 * layer.counts[correct] / mentions,)
    series.update(dimension.series(layer.pairs))
    return series


@dataclass(slots=True)
class _RunSums:
    """What the samples add up to regardless of dimensions."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    timings: list[Timing] = field(default_factory=list)
    correct_empty: int = 0

    def add(self, score: SampleScore) -> None:
        self.outcomes[score.outcome] += 1
        if score.timing is not None and score.outcome is not Outcome.ERROR:
            self.timings.append(score.timing)
        if score.outcome is Outcome.OK and score.dimensions:
            self.correct_empty += all(
                not layer.counts["gold"] and not layer.counts["predicted"]
                for layer in score.dimensions.values()
            )


# ── Metrics of a dimension ───────────────────────────────────────────────────────────────────


def dimension_rates(dimension: Dimension[Any], totals: Sums[V]) -> Block[V]:
    """Return all metrics of a dimension that are not plain counts of mentions."""
    return {
        **_rates(totals, "", "true_positives"),
        **_rates(totals, "relaxed_", "relaxed_true_positives"),
        **_rates(totals, "text_", "text_true_positives"),
        **_macro(totals),
        "type_accuracy": totals.rate("type_equal", "typed_pairs"),
        "type_f1": _type_f1(totals),
        "semeval": _semeval(totals),
        **dimension.metrics(totals),
    }


def _rates(totals: Sums[V], prefix: str, correct: str) -> Block[V]:
    return {
        f"{prefix}precision": totals.precision(correct),
        f"{prefix}recall": totals.recall(correct),
        f"{prefix}f1_score": totals.f1(correct),
    }


def _macro(totals: Sums[V]) -> Block[V]:
    means = {name: totals.mean(name) for name in MACRO}
    return {
        name: measure if totals.exhaustive else totals.undefined(measure.n)
        for name, measure in means.items()
    }


def _mention_counts(totals: Totals) -> Block[float | None]:
    samples, correct = totals.count("samples"), totals.count("true_positives")
    false_positives = totals.count("predicted") - correct
    numbers: dict[str, int | None] = {
        "true_positives": correct,
        "false_positives": false_positives if totals.exhaustive else None,
        "false_negatives": totals.count("gold") - correct,
        "relaxed_true_positives": totals.count("relaxed_true_positives"),
        "gold": totals.count("gold"),
        "predicted": totals.count("predicted"),
        "hallucinated": totals.count("hallucinated"),
        "samples": samples,
        "correct_empty_samples": totals.count("correct_empty_samples"),
    }
    return {name: Measure(number, samples) for name, number in numbers.items()}


def _type_f1(totals: Sums[V]) -> Measure[V]:
    """Return type accuracy × relaxed F1, as TempEval-3 has it; 0 where nothing was matched."""
    relaxed = totals.f1("relaxed_true_positives")
    if totals.count("gold") and not totals.count("typed_gold"):
        return totals.undefined(relaxed.n)
    return totals.scaled(totals.rate("type_equal", "typed_pairs"), relaxed)


def _semeval(totals: Sums[V]) -> Block[V]:
    """Return SemEval-2013 task 9.1's four views of the same one-to-one matching.

    Half a point for each overlap that is not exact goes into `partial`. The two that look at
    types are undefined where some of the gold has none.
    """
    typed = totals.count("typed_gold") == totals.count("gold")
    views = {
        "strict": (("strict_type_equal",), typed),
        "exact": (("true_positives",), True),
        "partial": (("true_positives", "relaxed_true_positives"), True),
        "ent_type": (("type_equal",), typed),
    }
    return {
        name: _semeval_rates(totals, correct, defined=defined)
        for name, (correct, defined) in views.items()
    }


def _semeval_rates(totals: Sums[V], correct: tuple[str, ...], *, defined: bool) -> Block[V]:
    rates = {
        "precision": totals.precision(*correct),
        "recall": totals.recall(*correct),
        "f1": totals.f1(*correct),
    }
    return {name: rate if defined else totals.undefined(rate.n) for name, rate in rates.items()}


# ── Overall ──────────────────────────────────────────────────────────────────────────────────


def _overall(run: _RunSums, metrics: Metrics, wall_seconds: float | None) -> dict[str, Any]:
    samples = run.outcomes.total()
    combined_of = [
        name for name in DIMENSIONS if metrics[name]["gold"] or metrics[name]["predicted"]
    ]
    block: Block[float | None] = {
        name: _combined(metrics, combined_of, key) for name, key in COMBINED.items()
    }
    block["success_rate"] = Measure(ratio(run.outcomes[Outcome.OK], samples), samples)
    block |= _times(run.timings, wall_seconds)
    block["total_documents"] = Measure(samples, samples)
    block["correct_empty_samples"] = Measure(run.correct_empty, samples)
    block["outcomes"] = {
        outcome.value: Measure(run.outcomes[outcome], samples) for outcome in Outcome
    }
    return {**_render(block), "combined_of": combined_of}


def _combined(metrics: Metrics, layers: list[str], key: str) -> Measure[float | None]:
    """Return the mean over the layers that take part; undefined as soon as one of them is."""
    values = [metrics[name][key] for name in layers]
    n = sum(metrics[name]["gold"] for name in layers)
    return Measure(None if None in values else mean(values), n)


def _times(timings: list[Timing], wall_seconds: float | None) -> Block[float | None]:
    n = len(timings)
    seconds = [timing.seconds for timing in timings]
    shares = [timing.seconds / max(timing.batch_size, 1) for timing in timings]
    average = mean(shares) if wall_seconds is None else ratio(wall_seconds, n)
    tokens = sum(timing.completion_tokens for timing in timings)
    total = None if average is None else average * n
    return {
        "average_processing_time_seconds": Measure(average, n),
        "p50_processing_time_seconds": Measure(quantile(seconds, 0.50), n),
        "p95_processing_time_seconds": Measure(quantile(seconds, 0.95), n),
        "tokens_per_second": Measure(ratio(tokens, total) if total else None, n),
    }
