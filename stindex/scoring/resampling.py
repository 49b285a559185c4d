"""The metrics of a run under many resamples of its documents, all at once.

Scores of samples go in, and for each metric the array of its values under 2,000 resamples comes
out. Documents are drawn, not mentions: what stands in one text is right or wrong together. A
resample is a row of weights (how often each document was drawn), so that two runs over the same
samples can be seen under the same resamples, which is what a paired comparison needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, repeat
from typing import Any

import numpy as np

from stindex.schema import Outcome
from stindex.scoring.dimension import Block, Dimension, Measure, Totals
from stindex.scoring.metrics import COMBINED, dimension_rates, layer_series
from stindex.scoring.rates import MAX_ERROR_KM
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.sample_score import DimensionScore, SampleScore
from stindex.scoring.series import (
    FloatArray,
    IntArray,
    Series,
    by_document,
    first_drawn,
    medians,
)

RESAMPLES = 2000
SEED = 20130614  # the same data always give the same interval

Resampled = dict[str, Measure[FloatArray]]

# Weights that are held at a time: 32 MB.
_BLOCK = 1 << 22
# Multiplications of a tile of a matrix product: OpenBLAS uses threads from 2^18 on.
_TILE = (1 << 18) - 1
_TILE_ROWS = 64


def resampled_values(
    runs: Sequence[Sequence[SampleScore]],
    names: Collection[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> list[Resampled]:
    """Return the metrics of one or several runs under the same resamples of documents.

    Args:
        runs: the scores of each run, in any order. For a paired comparison hand in the samples
            that all of them have; a document is drawn for all runs together.
        names: dotted names of metrics, e.g. `temporal.f1_score`; all where None.

    Returns:
        For each run: name to a measure with an array of `resamples` values (NaN where a resample
        leaves it undefined) and the number of documents that the metric is made of.
    """
    documents = sorted({score.document_id for scores in runs for score in scores})
    tables = [RunTable.of(scores, documents) for scores in runs]
    blocks: list[list[Resampled]] = [[] for _ in runs]
    for weights in weight_blocks(len(documents), resamples=resamples, seed=seed):
        for table, found in zip(tables, blocks, strict=True):
            metrics = table.metrics(weights)
            found.append({n: metrics[n] for n in (metrics if names is None else names)})
    return [_joined(found) for found in blocks]


@cache
def resampled_names() -> frozenset[str]:
    """Return the names of all metrics that can be resampled."""
    return frozenset(RunTable.of((), ()).metrics(np.empty((0, 0))))


def weight_blocks(
    documents: int, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Iterator[FloatArray]:
    """Yield how often each document was drawn: blocks of rows, one for each resample.

    Every row adds up to the number of documents; memory does not grow with either number.
    """
    if not documents:
        return
    chance = np.random.default_rng(seed)
    rows = max(1, _BLOCK // documents)
    for first in range(0, resamples, rows):
        yield _weights(chance, min(rows, resamples - first), documents)


def _weights(chance: np.random.Generator, rows: int, documents: int) -> FloatArray:
    weights = np.empty((rows, documents))
    # Counting in a part that fits into the cache is several times as fast.
    step = max(1, (1 << 16) // documents)
    for first in range(0, rows, step):
        part = weights[first : first + step]
        drawn = chance.integers(0, documents, size=part.shape, dtype=np.int32)
        drawn += np.arange(len(part), dtype=np.int32)[:, None] * np.int32(documents)
        part[:] = np.bincount(drawn.ravel(), minlength=part.size).reshape(part.shape)
    return weights


def _joined(blocks: Sequence[Resampled]) -> Resampled:
    if not blocks:
        return {}
    return {
        name: Measure(np.concatenate([block[name].value for block in blocks]), measure.n)
        for name, measure in blocks[0].items()
    }


@dataclass(frozen=True, slots=True)
class RunTable:
    """A run as sums by document, ready to be weighted.

    Attributes:
        layers: dimension name to its table.
        samples, successes: documents to the number of samples, and of those with outcome `ok`.
    """

    layers: Mapping[str, LayerTable]
    samples: FloatArray
    successes: FloatArray

    @classmethod
    def of(cls, scores: Sequence[SampleScore], documents: Sequence[str]) -> RunTable:
        """Add the scores up by document; `documents` gives the order of the weights."""
        number = {document: index for index, document in enumerate(documents)}
        of_score = [number[score.document_id] for score in scores]
        ok = np.asarray([score.outcome is Outcome.OK for score in scores], dtype=np.float64)
        numbers = np.asarray(of_score, dtype=np.int64)
        return cls(
            {
                name: LayerTable.of(dimension, scores, of_score, len(documents))
                for name, dimension in DIMENSIONS.items()
            },
            by_document(np.ones(len(scores)), numbers, len(documents)),
            by_document(ok, numbers, len(documents)),
        )

    def metrics(self, weights: FloatArray) -> Resampled:
        """Return all rates, means, medians and areas under given weights.

        Args:
            weights: a row for each resample, a column for each document.
        """
        found: Resampled = {}
        for name, layer in self.layers.items():
            _flatten(dimension_rates(layer.dimension, layer.under(weights)), f"{name}.", found)
        return found | self._overall(found, weights)

    def _overall(self, found: Resampled, weights: FloatArray) -> Resampled:
        overall: Resampled = {}
        for name, key in COMBINED.items():
            parts = [found[f"{layer}.{key}"] for layer in self.layers]
            overall[f"overall.{name}"] = self._combined(parts, len(weights))
        sums = _product(weights, np.stack([self.successes, self.samples], axis=1))
        success = _quotient(sums[:, 0], sums[:, 1])
        overall["overall.success_rate"] = Measure(success, int(np.count_nonzero(self.samples)))
        return overall

    def _combined(self, parts: Sequence[Measure[FloatArray]], rows: int) -> Measure[FloatArray]:
        """Return the mean over the layers that have mentions in a resample."""
        taking_part = [part for part in parts if part.n]
        n = min((part.n for part in taking_part), default=0)
        if not n or not all(layer.totals.exhaustive for layer in self.layers.values()):
            return Measure(np.full(rows, np.nan), n)
        values = np.array([part.value for part in taking_part])
        defined = ~np.isnan(values)
        total = np.where(defined, values, 0).sum(axis=0)
        return Measure(_quotient(total, defined.sum(axis=0)), n)


def _flatten(block: Block[FloatArray], prefix: str, found: Resampled) -> None:
    for name, entry in block.items():
        if isinstance(entry, Measure):
            found[f"{prefix}{name}"] = entry
        else:
            _flatten(entry, f"{prefix}{name}.", found)


@dataclass(frozen=True, slots=True)
class LayerTable:
    """One dimension of a run as sums by document.

    Attributes:
        totals: the counts of all samples as they are.
        column: what is summed up (counts; of series their number, sum, ...) to its column.
        sums: a row for each document, a column for each of these.
        series: the values that do not add up, in ascending order.
        documents: what `documents_with` found, kept since it is asked for every block of weights.
    """

    dimension: Dimension[Any]
    totals: Totals
    column: Mapping[str, int]
    sums: FloatArray
    series: Mapping[str, Series]
    documents: dict[tuple[str, ...], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        dimension: Dimension[Any],
        scores: Sequence[SampleScore],
        of_score: Sequence[int],
        documents: int,
    ) -> LayerTable:
        """Add one dimension of the scores up by document."""
        found = [
            (number, score.dimensions[dimension.name])
            for number, score in zip(of_score, scores, strict=True)
            if dimension.name in score.dimensions
        ]
        numbers = np.asarray([number for number, _ in found], dtype=np.int64)
        layers = [layer for _, layer in found]
        counts = _counts(layers)
        sums = {name: by_document(column, numbers, documents) for name, column in counts.items()}
        series = _series(dimension, layers, numbers, documents)
        for name, entry in series.items():
            sums |= entry.columns(name, documents)
        totals = Totals(
            {name: int(column.sum()) for name, column in counts.items()},
            {},
            all(layer.exhaustive for layer in layers),
        )
        matrix = np.stack(list(sums.values()), axis=1) if sums else np.empty((documents, 0))
        return cls(dimension, totals, {n: i for i, n in enumerate(sums)}, matrix, series)

    def documents_with(self, names: tuple[str, ...]) -> int:
        """Return how many documents have something in one of the columns."""
        if names not in self.documents:
            columns = [self.column[name] for name in names if name in self.column]
            self.documents[names] = int(np.count_nonzero(self.sums[:, columns].any(axis=1)))
        return self.documents[names]

    def under(self, weights: FloatArray) -> ResampledSums:
        """Return the sums under each row of weights."""
        return ResampledSums(self, weights, _product(weights, self.sums))


def _counts(layers: Sequence[DimensionScore]) -> dict[str, FloatArray]:
    """Return each count of the layers as an array with an entry for each of them."""
    names = sorted(set[str]().union(*(layer.counts for layer in layers)))
    rows = chain.from_iterable(map(layer.counts.get, names, repeat(0)) for layer in layers)
    counts = np.fromiter(rows, np.float64, len(layers) * len(names))
    return dict(zip(names, counts.reshape(len(layers), len(names)).T, strict=True))


def _series(
    dimension: Dimension[Any], layers: Sequence[DimensionScore], numbers: IntArray, documents: int
) -> dict[str, Series]:
    """Return the series of the layers; `numbers` says which document each layer belongs to."""
    values: dict[str, list[float]] = defaultdict(list)
    places: dict[str, list[int]] = defaultdict(list)
    for place, layer in enumerate(layers):
        for name, entries in layer_series(layer, dimension).items():
            values[name] += entries
            places[name] += [place] * len(entries)
    return {name: Series.of(values[name], numbers[places[name]], documents) for name in values}


@dataclass(frozen=True, slots=True)
class ResampledSums:
    """The sums of a dimension under many resamples; see `stindex.scoring.dimension.Sums`.

    The n of a measure is the number of documents that it is made of.
    """

    table: LayerTable
    weights: FloatArray
    sums: FloatArray

    @property
    def exhaustive(self) -> bool:
        """Whether every sample is annotated in full."""
        return self.table.totals.exhaustive

    def count(self, name: str) -> int:
        """Return a sum over the samples as they are."""
        return self.table.totals.count(name)

    def number(self, name: str) -> Measure[FloatArray]:
        """Return a sum."""
        return Measure(self._sum(name), self._documents(name))

    def rate(self, part: str, whole: str) -> Measure[FloatArray]:
        """Return a share of one count in another."""
        return Measure(_quotient(self._sum(part), self._sum(whole)), self._documents(whole))

    def precision(self, *correct: str) -> Measure[FloatArray]:
        """Return correct / predicted."""
        n = self._documents("predicted")
        if not self.exhaustive:
            return self.undefined(n)
        return Measure(_quotient(self._points(correct), self._sum("predicted")), n)

    def recall(self, *correct: str) -> Measure[FloatArray]:
        """Return correct / gold."""
        return Measure(_quotient(self._points(correct), self._sum("gold")), self._documents("gold"))

    def f1(self, *correct: str) -> Measure[FloatArray]:
        """Return 2 correct / (gold + predicted)."""
        n = self._documents("gold", "predicted")
        if not self.exhaustive:
            return self.undefined(n)
        mentions = self._sum("gold") + self._sum("predicted")
        return Measure(_quotient(2 * self._points(correct), mentions), n)

    def mean(self, series: str) -> Measure[FloatArray]:
        """Return the mean of a series."""
        n = self._sum(f"{series} n")
        return Measure(_quotient(self._sum(f"{series} sum"), n), self._documents(f"{series} n"))

    def median(self, series: str) -> Measure[FloatArray]:
        """Return the median of a series."""
        if series not in self.table.series:
            return self.undefined(0)
        entry = self.table.series[series]
        below, total = self._sum(f"{series} below"), self._sum(f"{series} n")
        value = medians(entry, self.weights, below, total)
        return Measure(value, self._documents(f"{series} n"))

    def auc(self, series: str, pairs: str) -> Measure[FloatArray]:
        """Return the area under the curve of sorted log errors.

        The trapezes of a sorted curve add up to the sum of all heights less half of the first
        and the last, so that no resample has to be sorted.
        """
        n, found = self._sum(pairs), self._sum(f"{series} n")
        ceiling = np.log1p(MAX_ERROR_KM)
        area = self._sum(f"{series} height") + (n - found) * ceiling
        low, high = self._extremes(series)
        low = np.where(found > 0, low, ceiling)
        high = np.where(n > found, ceiling, high)
        curve = _quotient(area - (low + high) / 2, n - 1)
        value = np.where(n == 1, area, curve) / np.log(MAX_ERROR_KM)
        return Measure(value, self._documents(pairs))

    def scaled(self, rate: Measure[FloatArray], share: Measure[FloatArray]) -> Measure[FloatArray]:
        """Return rate × share; 0 where the rate is undefined and the share is not."""
        return Measure(np.nan_to_num(rate.value, nan=0.0) * share.value, share.n)

    def undefined(self, n: int) -> Measure[FloatArray]:
        """Return what has no value in any resample."""
        return Measure(np.full(len(self.weights), np.nan), n)

    def _sum(self, name: str) -> FloatArray:
        column = self.table.column.get(name)
        if column is None:
            return np.zeros(len(self.weights))
        return np.asarray(self.sums[:, column])

    def _points(self, correct: Sequence[str]) -> FloatArray:
        total = self._sum(correct[0])
        for name in correct[1:]:
            total = total + self._sum(name)
        return total / len(correct)

    def _documents(self, *names: str) -> int:
        return self.table.documents_with(names)

    def _extremes(self, series: str) -> tuple[FloatArray, FloatArray]:
        """Return the least and the largest log height of each resample."""
        entry = self.table.series.get(series)
        if entry is None:
            nothing = np.zeros(len(self.weights))
            return nothing, nothing
        low = first_drawn(entry.values, entry.document, self.weights)
        high = first_drawn(entry.values[::-1], entry.document[::-1], self.weights)
        return np.log1p(low), np.log1p(high)


def _product(weights: FloatArray, sums: FloatArray) -> FloatArray:
    """Return weights @ sums, in tiles for which BLAS starts no threads.

    Its threads wait for each other in a loop: beside a model at work, or on a full machine, they
    made this eight times as slow, and on an idle one they gain little.
    """
    product = np.zeros((len(weights), sums.shape[1]))
    rows = _TILE_ROWS
    depth = max(1, _TILE // (rows * max(1, sums.shape[1])))
    for row in range(0, len(weights), rows):
        part = product[row : row + rows]
        for first in range(0, len(sums), depth):
            part += weights[row : row + rows, first : first + depth] @ sums[first : first + depth]
    return product


def _quotient(part: FloatArray, whole: FloatArray) -> FloatArray:
    quotient = np.full(len(part), np.nan)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient
