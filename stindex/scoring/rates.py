"""The few formulas behind every metric: ratios, means, quantiles, and the error-distance curve.

Numbers go in, a number comes out, or None where the value is undefined. No result depends on the
order of its input, to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import pairwise

# Half of the Earth's circumference: as far off as a place can be (CamCoder's constant).
MAX_ERROR_KM = 20039.0


def ratio(part: float, whole: float) -> float | None:
    """Return part / whole; None where there is nothing to take a part of."""
    return part / whole if whole else None


def mean(values: Collection[float]) -> float | None:
    """Return the arithmetic mean; `fsum` rounds once, whatever the order."""
    return ratio(math.fsum(values), len(values))


def quantile(values: Collection[float], share: float) -> float | None:
    """Return the value below which a share (0 to 1) lies, interpolated linearly."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = math.ceil(position)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median(values: Collection[float]) -> float | None:
    """Return the middle value, or the mean of the two in the middle."""
    return quantile(values, 0.5)


def error_curve_auc(errors_km: Sequence[float]) -> float | None:
    """Return the normalized area under the curve of sorted log errors; lower is better.

    trapz(ln(e + 1)) / (ln(20039) (n - 1)), as Gritta et al. (2018) and EUPEG compute it. Of one
    error the curve is a point: its height ln(e + 1) / ln(20039) is taken.
    """
    if not errors_km:
        return None
    heights = [math.log(error + 1) for error in sorted(errors_km)]
    if len(heights) == 1:
        return heights[0] / math.log(MAX_ERROR_KM)
    area = math.fsum((low + high) / 2 for low, high in pairwise(heights))
    return area / (math.log(MAX_ERROR_KM) * (len(heights) - 1))
