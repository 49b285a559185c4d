"""Values that do not add up over samples (distances, overlaps), under weights of documents.

Values and the document of each go in; medians and extremes of many weighted selections come out.
No selection is sorted: the values are, once, and a median is looked for where it almost always is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# How far from the middle a median is looked for at once, in standard errors of its rank.
_WINDOW = 4.5
# How many values at either end are looked at to find the extremes of a resample.
_END = 64


def by_document(values: FloatArray, of_value: IntArray, documents: int) -> FloatArray:
    """Return the sum of the values of each document; `of_value` is the document of each value."""
    return np.bincount(of_value, weights=values, minlength=documents).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Series:
    """Values in ascending order, the document of each, and the window its medians lie in."""

    values: FloatArray
    document: IntArray
    first: int
    last: int

    @classmethod
    def of(cls, values: Sequence[float], of_value: IntArray, documents: int) -> Series:
        """Sort the values; the window is as wide as the rank of the median may well vary.

        Args:
            of_value: the number of the document of each value.
        """
        unsorted = np.asarray(values, dtype=np.float64)
        # Equal values in the order of their documents: no result depends on the samples' order.
        order = np.lexsort((of_value, unsorted))
        document = of_value[order]
        middle = len(order) // 2
        below = np.bincount(document[:middle], minlength=documents)
        half = np.bincount(document, minlength=documents) / 2
        reach = int(_WINDOW * np.sqrt(np.sum((below - half) ** 2))) + 2
        return cls(
            unsorted[order], document, max(0, middle - reach), min(len(order), middle + reach)
        )

    def columns(self, name: str, documents: int) -> dict[str, FloatArray]:
        """Return what of the series adds up: number, sum, log heights, number below the window."""
        heights = np.log1p(self.values)
        return {
            f"{name} n": by_document(np.ones(len(self.values)), self.document, documents),
            f"{name} sum": by_document(self.values, self.document, documents),
            f"{name} height": by_document(heights, self.document, documents),
            f"{name} below": by_document(
                np.ones(self.first), self.document[: self.first], documents
            ),
        }


def first_drawn(values: FloatArray, document: IntArray, weights: FloatArray) -> FloatArray:
    """Return the first value whose document was drawn; the first of all where none was."""
    drawn = weights[:, document[:_END]] > 0
    found: FloatArray = values[np.argmax(drawn, axis=1)]
    (rest,) = np.nonzero(~drawn.any(axis=1))
    if len(rest) and len(values) > _END:
        found[rest] = first_drawn(values[_END:], document[_END:], weights[rest])
    return found


def medians(
    series: Series, weights: FloatArray, below: FloatArray, total: FloatArray
) -> FloatArray:
    """Return weighted medians, looking only where they almost always are.

    Args:
        below: for each row of weights, how much of the series lies before the window.
        total: for each row, how much there is.
    """
    inside = weights[:, series.document[series.first : series.last]]
    up_to = np.cumsum(inside, axis=1) + below[:, None]
    lower, upper = np.floor((total - 1) / 2), np.ceil((total - 1) / 2)
    value = (_at(series, up_to, lower) + _at(series, up_to, upper)) / 2
    missed = (below > lower) | (up_to[:, -1] <= upper)
    missed &= total > 0
    whole = series.first == 0 and series.last == len(series.values)
    if missed.any() and not whole:
        everything = Series(series.values, series.document, 0, len(series.values))
        value[missed] = medians(
            everything, weights[missed], np.zeros(int(missed.sum())), total[missed]
        )
    value[total == 0] = np.nan
    return value


def _at(series: Series, up_to: FloatArray, rank: FloatArray) -> FloatArray:
    """Return the value with a given rank (from 0) in each row of running totals."""
    index = np.count_nonzero(up_to <= rank[:, None], axis=1)
    last = len(series.values) - 1
    found: FloatArray = series.values[np.minimum(series.first + index, last)]
    return found
