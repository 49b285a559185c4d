"""Scores of samples ─▶ the metrics of a run, under the names of `docs/metrics.md`.

One pass over the scores adds up their counts; every metric is a function of the sums. A metric
that is undefined is None. Beside each block's metrics stands `n`: the number of mentions or
samples behind each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from stindex.schema import Outcome
from stindex.scoring.dimension import Block, Dimension, Measure, Totals
from stindex.scoring.rates import mean, quantile, ratio
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, SampleScore, Timing

Metrics = dict[str, dict[str, Any]]

_COMBINED = {
    "combined_f1": "f1_score",
    "combined_relaxed_f1": "relaxed_f1_score",
    "combined_text_f1": "text_f1_score",
}
# What the metrics hold beside numbers.
_NO_METRIC = ("n", "combined_of")


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
    blocks = {
        name: _dimension_block(dimension, layers[name]) for name, dimension in DIMENSIONS.items()
    }
    metrics = {name: _render(block) for name, block in blocks.items()}
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
    return flat | {name: metrics["overall"][name] for name in _COMBINED}


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
    if key in _NO_METRIC or isinstance(block[key], Mapping):
        raise KeyError(dotted)
    return block, key


def _leaves(block: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float | None]]:
    for name, value in block.items():
        if name in _NO_METRIC:
            continue
        if isinstance(value, Mapping):
            yield from (((name, *path), leaf) for path, leaf in _leaves(value))
        else:
            yield (name,), value


def _render(block: Block) -> dict[str, Any]:
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
        one = Totals(layer.counts, {}, layer.exhaustive)
        if not one.count("gold") and not one.count("predicted"):
            self.counts["correct_empty_samples"] += outcome is Outcome.OK
        for name, count in _MACRO.items():
            value = one.f1(one.count(count)).value
            if value is not None:
                self.series[name].append(value)
        for name, values in dimension.series(layer.pairs).items():
            self.series[name].extend(values)

    def totals(self) -> Totals:
        return Totals(self.counts, self.series, self.exhaustive)


_MACRO = {
    "macro_f1_score": "true_positives",
    "relaxed_macro_f1_score": "relaxed_true_positives",
}


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


def _dimension_block(dimension: Dimension[Any], sums: _LayerSums) -> Block:
    totals = sums.totals()
    return {
        **_rates(totals, "", "true_positives"),
        **_rates(totals, "relaxed_", "relaxed_true_positives"),
        **_rates(totals, "text_", "text_true_positives"),
        **_macro(totals),
        **_mention_counts(totals),
        "type_accuracy": totals.rate("type_equal", "typed_pairs"),
        "type_f1": _type_f1(totals),
        "semeval": _semeval(totals),
        **dimension.metrics(totals),
    }


def _rates(totals: Totals, prefix: str, correct: str) -> Block:
    number = totals.count(correct)
    return {
        f"{prefix}precision": totals.precision(number),
        f"{prefix}recall": totals.recall(number),
        f"{prefix}f1_score": totals.f1(number),
    }


def _macro(totals: Totals) -> Block:
    block: Block = {}
    for name in _MACRO:
        values = totals.values(name)
        block[name] = Measure(mean(values) if totals.exhaustive else None, len(values))
    return block


def _mention_counts(totals: Totals) -> Block:
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


def _type_f1(totals: Totals) -> Measure:
    """Return type accuracy × relaxed F1, as TempEval-3 has it; 0 where nothing was matched."""
    relaxed = totals.f1(totals.count("relaxed_true_positives"))
    accuracy = totals.rate("type_equal", "typed_pairs").value
    nothing_to_tell = totals.count("gold") and not totals.count("typed_gold")
    if relaxed.value is None or nothing_to_tell:
        return Measure(None, relaxed.n)
    if accuracy is None:  # typed gold, but none of it was matched
        return Measure(0.0, relaxed.n)
    return Measure(accuracy * relaxed.value, relaxed.n)


def _semeval(totals: Totals) -> Block:
    """Return SemEval-2013 task 9.1's four views of the same one-to-one matching.

    Half a point for each overlap that is not exact goes into `partial`. The two that look at
    types are undefined where some of the gold has none.
    """
    correct = totals.count("true_positives")
    matched = totals.count("relaxed_true_positives")
    typed = totals.count("typed_gold") == totals.count("gold")
    points: dict[str, float | None] = {
        "strict": totals.count("strict_type_equal") if typed else None,
        "exact": correct,
        "partial": correct + 0.5 * (matched - correct),
        "ent_type": totals.count("type_equal") if typed else None,
    }
    return {name: _semeval_rates(totals, value) for name, value in points.items()}


def _semeval_rates(totals: Totals, points: float | None) -> Block:
    rates = {
        "precision": totals.precision(points or 0),
        "recall": totals.recall(points or 0),
        "f1": totals.f1(points or 0),
    }
    return {
        name: rate if points is not None else Measure(None, rate.n) for name, rate in rates.items()
    }


# ── Overall ──────────────────────────────────────────────────────────────────────────────────


def _overall(run: _RunSums, metrics: Metrics, wall_seconds: float | None) -> dict[str, Any]:
    samples = run.outcomes.total()
    combined_of = [
        name for name in DIMENSIONS if metrics[name]["gold"] or metrics[name]["predicted"]
    ]
    block: Block = {name: _combined(metrics, combined_of, key) for name, key in _COMBINED.items()}
    block["success_rate"] = Measure(ratio(run.outcomes[Outcome.OK], samples), samples)
    block |= _times(run.timings, wall_seconds)
    block["total_documents"] = Measure(samples, samples)
    block["correct_empty_samples"] = Measure(run.correct_empty, samples)
    block["outcomes"] = {
        outcome.value: Measure(run.outcomes[outcome], samples) for outcome in Outcome
    }
    return {**_render(block), "combined_of": combined_of}


def _combined(metrics: Metrics, layers: list[str], key: str) -> Measure:
    """Return the mean over the layers that take part; undefined as soon as one of them is."""
    values = [metrics[name][key] for name in layers]
    n = sum(metrics[name]["gold"] for name in layers)
    return Measure(None if None in values else mean(values), n)


def _times(timings: list[Timing], wall_seconds: float | None) -> Block:
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
