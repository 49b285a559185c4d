"""A metric of one's own: is at least the year of a date right?

A metric is what a matched pair is judged by, a count of it, and a line that says what it is a
share of. The dimension takes the place of the one that comes with the project; intervals, gates,
comparisons and reports have the new metric like any other, here `temporal.year_accuracy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from stindex.schema import Sample, TemporalMention
from stindex.scoring.dimension import Block, Sums, V
from stindex.scoring.sample_score import JudgedPair, Judgement
from stindex.scoring.temporal import TemporalDimension


class WithYears(TemporalDimension):
    """Time, and whether the year is right."""

    def judge(self, gold: TemporalMention, predicted: TemporalMention) -> Judgement:
        """Compare the years too."""
        same_year = gold.normalized[:4] == predicted.normalized[:4]
        return {**super().judge(gold, predicted), "same_year": same_year}

    def counts(
        self,
        sample: Sample,
        gold: Sequence[TemporalMention],
        predicted: Sequence[TemporalMention],
        pairs: Sequence[JudgedPair],
    ) -> Mapping[str, int]:
        """Count the pairs with the right year."""
        same = sum(bool(pair.judgement["same_year"]) for pair in pairs)
        return {**super().counts(sample, gold, predicted, pairs), "same_year": same}

    def metrics(self, totals: Sums[V]) -> Block[V]:
        """Return the share of matched mentions with the right year, beside all other metrics."""
        year_accuracy = totals.rate("same_year", "relaxed_true_positives")
        return {**super().metrics(totals), "year_accuracy": year_accuracy}


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_dimensions() -> Sequence[WithYears]:
    """Score time with the further metric."""
    return [WithYears()]
