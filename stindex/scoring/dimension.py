"""What a dimension of the gold is: how its mentions are read, judged and summed up.

Matching, counting, error kinds and the metrics that all dimensions share are written once against
this protocol. A further dimension is one module that fulfils it and one line in the registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from stindex.schema import Mention, Sample
from stindex.scoring.rates import ratio
from stindex.scoring.sample_score import JudgedPair, Judgement

M_contra = TypeVar("M_contra", bound=Mention, contravariant=True)


class Measure(NamedTuple):
    """A metric's value (None: undefined) and the number of mentions or samples behind it."""

    value: float | None
    n: int


Block = dict[str, "Measure | Block"]


@dataclass(frozen=True, slots=True)
class Totals:
    """What the samples of a run add up to in one dimension.

    Attributes:
        counts: sums of the samples' counts.
        series: values that do not add up (distances, overlaps, F1 of samples).
        exhaustive: False as soon as one sample is annotated in part: then nothing that counts
            false positives is defined.
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

    def rate(self, part: str, whole: str) -> Measure:
        """Return a share of one count in another."""
        return Measure(ratio(self.count(part), self.count(whole)), self.count(whole))

    def precision(self, correct: float) -> Measure:
        """Return correct / predicted."""
        predicted = self.count("predicted")
        return Measure(ratio(correct, predicted) if self.exhaustive else None, predicted)

    def recall(self, correct: float) -> Measure:
        """Return correct / gold."""
        gold = self.count("gold")
        return Measure(ratio(correct, gold), gold)

    def f1(self, correct: float) -> Measure:
        """Return the harmonic mean of precision and recall, 2 correct / (gold + predicted).

        In this form it is 0 where there is gold and nothing was predicted. Its n is the number
        of gold mentions.
        """
        gold = self.count("gold")
        value = ratio(2 * correct, gold + self.count("predicted")) if self.exhaustive else None
        return Measure(value, gold)


class Dimension(Protocol[M_contra]):
    """One kind of mention. All methods are pure; `gold` and `predicted` are mentions of it."""

    @property
    def name(self) -> str:
        """The key of the dimension in gold, predictions and metrics."""
        ...

    def value_of(self, mention: M_contra) -> str:
        """Return the value as a string, for the order of mentions with equal spans."""
        ...

    def type_of(self, mention: M_contra) -> str | None:
        """Return the type of a mention; None where it has none."""
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

    def metrics(self, totals: Totals) -> Block:
        """Return the metrics beside those that all dimensions have."""
        ...
