"""What a dimension of the gold is: how its mentions are read, judged and summed up.

Matching, counting, error kinds and the metrics that all dimensions share are written once against
this protocol. A further dimension is one module that fulfils it and one line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from stindex.schema import Mention, Sample
from stindex.scoring.rates import MAX_ERROR_KM, error_curve_auc, mean, median, ratio
from stindex.scoring.sample_score import JudgedPair, Judgement

M_contra = TypeVar("M_contra", bound=Mention, contravariant=True)
V = TypeVar("V")
Slicing = Callable[[M_contra, Sample], tuple[str, ...]]


NO_TYPE = "(none)"  # the part of the mentions that have no type


class Measure(NamedTuple, Generic[V]):
    """A metric's value and the number of mentions or samples behind it.

    The value is a float (None: undefined), or the values of a metric under many resamples.
    """

    value: V
    n: int


Block = dict[str, "Measure[V] | Block[V]"]


class Sums(Protocol[V]):
    """What the samples of a run add up to in one dimension; every metric is written against it.

    The sums are plain numbers, or those of many resamples at once: a metric need not know.
    `correct` names the counts whose mean is the number of points that were made.
    """

    @property
    def exhaustive(self) -> bool:
        """False if a sample is annotated in part: what counts false positives is undefined."""
        ...

    def count(self, name: str) -> int:
        """Return a sum over all samples as they are; 0 for what no sample had."""
        ...

    def number(self, name: str) -> Measure[V]:
        """Return a sum as a metric, with itself as its n."""
        ...

    def rate(self, part: str, whole: str) -> Measure[V]:
        """Return a share of one count in another; undefined where there is nothing to share."""
        ...

    def precision(self, *correct: str) -> Measure[V]:
        """Return correct / predicted."""
        ...

    def recall(self, *correct: str) -> Measure[V]:
        """Return correct / gold."""
        ...

    def f1(self, *correct: str) -> Measure[V]:
        """Return the harmonic mean of precision and recall, 2 correct / (gold + predicted).

        In this form it is 0 where there is gold and nothing was predicted. Its n is the number
        of gold mentions.
        """
        ...

    def mean(self, series: str) -> Measure[V]:
        """Return the mean of a series."""
        ...

    def median(self, series: str) -> Measure[V]:
        """Return the median of a series."""
        ...

    def auc(self, series: str, pairs: str) -> Measure[V]:
        """Return the area under the curve of sorted log errors, see `error_curve_auc`.

        Args:
            series: the errors, km; what is missing to the count `pairs` counts as 20039 km.
        """
        ...

    def scaled(self, rate: Measure[V], share: Measure[V]) -> Measure[V]:
        """Return rate × share; 0 where the rate is undefined and the share is not."""
        ...

    def undefined(self, n: int) -> Measure[V]:
        """Return what has no value."""
        ...


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the samples as they are; see `Sums`.

    Attributes:
        counts: sums of the samples' counts.
        series: values that do not add up (distances, overlaps, F1 of samples).
        exhaustive: False as soon as one sample is annotated in part.
    """

    counts: Mapping[str, int]
    series: Mapping[str, Sequence[float]]
    exhaustive: bool

    def count(self, name: str) -> int:
        """Return a sum; 0 for what no sample had."""
        return self.counts.get(name, 0)

    def values(self, name: str) -> Sequence[float]:
        """Return a series; empty for what no sample had."""
        return self.series.get(name, ())

    def number(self, name: str) -> Measure[float | None]:
        """Return a sum as a metric."""
        return Measure(self.count(name), self.count(name))

    def rate(self, part: str, whole: str) -> Measure[float | None]:
        """Return a share of one count in another."""
        return Measure(ratio(self.count(part), self.count(whole)), self.count(whole))

    def precision(self, *correct: str) -> Measure[float | None]:
        """Return correct / predicted."""
        predicted = self.count("predicted")
        value = ratio(self._points(correct), predicted) if self.exhaustive else None
        return Measure(value, predicted)

    def recall(self, *correct: str) -> Measure[float | None]:
        """Return correct / gold."""
        gold = self.count("gold")
        return Measure(ratio(self._points(correct), gold), gold)

    def f1(self, *correct: str) -> Measure[float | None]:
        """Return 2 correct / (gold + predicted)."""
        gold = self.count("gold")
        mentions = gold + self.count("predicted")
        value = ratio(2 * self._points(correct), mentions) if self.exhaustive else None
        return Measure(value, gold)

    def mean(self, series: str) -> Measure[float | None]:
        """Return the mean of a series."""
        values = self.values(series)
        return Measure(mean(values), len(values))

    def median(self, series: str) -> Measure[float | None]:
        """Return the median of a series."""
        values = self.values(series)
        return Measure(median(values), len(values))

    def auc(self, series: str, pairs: str) -> Measure[float | None]:
        """Return the area under the curve of sorted log errors."""
        errors, n = self.values(series), self.count(pairs)
        unresolved = [MAX_ERROR_KM] * (n - len(errors))
        return Measure(error_curve_auc([*errors, *unresolved]), n)

    def scaled(
        self, rate: Measure[float | None], share: Measure[float | None]
    ) -> Measure[float | None]:
        """Return rate × share; 0 where the rate is undefined and the share is not."""
        value = None if share.value is None else (rate.value or 0.0) * share.value
        return Measure(value, share.n)

    def undefined(self, n: int) -> Measure[float | None]:
        """Return what has no value."""
        return Measure(None, n)

    def _points(self, correct: Sequence[str]) -> float:
        if len(correct) == 1:
            return self.count(correct[0])
        return sum(self.count(name) for name in correct) / len(correct)


class Dimension(Protocol[M_contra]):
    """One kind of mention. All methods are pure; `gold` and `predicted` are mentions of it."""

    @property
    def name(self) -> str:
        """The key of the dimension in gold, predictions and metrics."""
        ...

    @property
    def own_errors(self) -> tuple[str, ...]:
        """The kinds of error that `errors` can return."""
        ...

    @property
    def slicings(self) -> Mapping[str, Slicing[M_contra]]:
        """Ways to part the gold mentions; each gives the names of the parts that one belongs to."""
        ...

    def value_of(self, mention: M_contra) -> str:
        """Return the value as a string, for the order of mentions with equal spans."""
        ...

    def type_of(self, mention: M_contra) -> str | None:
        """Return the type of a mention, in the case that all are compared in; None without one."""
        ...

    def judge(self, gold: M_contra, predicted: M_contra) -> Judgement:
        """Judge a matched pair; `type_equal` is None where the gold has no type."""
        ...

    def errors(self, judgement: Judgement) -> tuple[str, ...]:
        """Return the error kinds of a judged pair, beside `boundary` and `type`."""
        ...

    def counts(
        self,
        sample: Sample,
        gold: Sequence[M_contra],
        predicted: Sequence[M_contra],
        pairs: Sequence[JudgedPair],
    ) -> Mapping[str, int]:
        """Return the counts of a sample beside those that all dimensions have."""
        ...

    def series(self, pairs: Sequence[JudgedPair]) -> Mapping[str, Sequence[float]]:
        """Return what is needed of the pairs that does not add up."""
        ...

    def metrics(self, totals: Sums[V]) -> Block[V]:
        """Return the metrics beside those that all dimensions have."""
        ...
