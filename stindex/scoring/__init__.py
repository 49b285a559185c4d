"""gold × prediction ─▶ score of a sample; scores ─▶ metrics of a run."""

from stindex.scoring.errors import ERROR_KINDS, MentionError, mention_errors
from stindex.scoring.metrics import (
    Metrics,
    aggregate,
    metric_n,
    metric_names,
    metric_value,
    sample_metric_names,
    sample_metrics,
)
from stindex.scoring.registry import DIMENSIONS
from stindex.scoring.running import RunningF1
from stindex.scoring.sample import score_sample
from stindex.scoring.sample_score import DimensionScore, JudgedPair, SampleScore, Timing

__all__ = [
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
    "mention_errors",
    "metric_n",
    "metric_names",
    "metric_value",
    "sample_metric_names",
    "sample_metrics",
    "score_sample",
]
