"""Thresholds ─▶ verdicts: over a whole run (gates), and on single samples."""

from stindex.gates.judging import Comparisons, coverage, judge, sample_shortfalls
from stindex.gates.thresholds import Bound, Gate, Thresholds, load_thresholds
from stindex.gates.verdict import COMPLETE, GateVerdict

__all__ = [
    "COMPLETE",
    "Bound",
    "Comparisons",
    "Gate",
    "GateVerdict",
    "Thresholds",
    "coverage",
    "judge",
    "load_thresholds",
    "sample_shortfalls",
]
