"""gold × prediction ─▶ score of a sample; scores ─▶ metrics of a run."""

from stindex.scoring.errors import COMMON_ERRORS, ERROR_KINDS, MentionError, mention_errors
from stindex.scoring.metrics import (
    Metrics,
    aggregate,
    metric_n,
    metric_names,
    metric_value,
    sample_metric_names,
    sample_metrics,
)
from stindex.scoring.registry import DIMENSIONS, entity_dimensions, entity_names
from stindex.scoring.running import RunningF1
from stindex.scoring.sample import score_sample
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore, Timing

__all__ = [
    "COMMON_ERRORS",
    "DIMENSIONS",
    "ERROR_KINDS",
    "DimensionScore",
    "JudgedPair",
    "MentionError",
    "Metrics",
    "RunningF1",
    "SampleScore",
    "Timing",
    "aggregate",
    "entity_dimensions",
    "entity_names",
    "mention_errors",
    "metric_n",
    "metric_names",
    "metric_value",
    "sample_metric_names",
    "sample_metrics",
    "score_sample",
]
