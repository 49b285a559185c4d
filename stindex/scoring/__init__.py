"""gold × prediction ─▶ score of a sample; scores ─▶ metrics of a run."""

from stindex.scoring.sample_score import SampleScore

__all__ = ["SampleScore"]
