"""What kind of number a metric is: which way is better, whether it is a share, what it is over.

A dotted name of a metric goes in.
"""

from __future__ import annotations

_LOWER_IS_BETTER = (
    "auc",
    "correct_empty",
    "distance_error_km",
    "false_negatives",
    "false_positives",
    "hallucinated",
    "processing_time_seconds",
)
_NO_SHARE = (
    "_km",
    "_positives",
    "_negatives",
    "_samples",
    "_seconds",
    "_per_second",
    ".gold",
    ".hallucinated",
    ".predicted",
    ".samples",
    ".total_documents",
)
# What looks only at mentions that were found: two runs find different ones.
_OVER_PAIRS = (
    "type_accuracy",
    "normalization_accuracy",
    "normalization_accuracy_equivalent",
    "normalization_overlap",
    "mean_distance_error_km",
    "median_distance_error_km",
    "accuracy_at_25km",
    "accuracy_at_161km",
    "accuracy_at_161km_areal",
    "auc",
)

# Shown for every comparison, in this order, where both runs have them.
HEADLINE = (
    "overall.combined_f1",
    "overall.success_rate",
    "temporal.f1_score",
    "temporal.relaxed_f1_score",
    "temporal.value_f1_equivalent",
    "temporal.normalization_accuracy_equivalent",
    "spatial.f1_score",
    "spatial.relaxed_f1_score",
    "spatial.accuracy_at_161km_end_to_end",
    "spatial.accuracy_at_161km",
    "spatial.median_distance_error_km",
)


def lower_is_better(metric: str) -> bool:
    """Return whether a smaller value is the better one."""
    return any(part in metric for part in _LOWER_IS_BETTER)


def is_share(metric: str) -> bool:
    """Return whether the values lie between 0 and 1 and a sample moves them by about 1 / n."""
    if metric.startswith("overall.outcomes."):
        return False
    return not any(metric.endswith(ending) for ending in _NO_SHARE)


def over_pairs(metric: str) -> bool:
    """Return whether a metric looks only at gold mentions that were found.

    Such a metric rewards skipping what is hard: two runs are compared on what both found.
    """
    *path, name = metric.split(".")
    return name in _OVER_PAIRS and "slices" not in path


def dimension_of(metric: str) -> str | None:
    """Return the dimension that a metric belongs to; None for one of the whole run."""
    first = metric.partition(".")[0]
    return None if first == "overall" else first
