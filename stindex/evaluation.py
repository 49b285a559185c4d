"""The second half of the way of a sample: a stored answer ─▶ extraction ─▶ prediction ─▶ score.

A pure function of the record, the gold and the settings; it needs no model and can be done
again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from stindex.runs.record import Record
from stindex.schema import Outcome, Prediction, Sample
from stindex.scoring import SampleScore


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that is known about one answered sample.

    Attributes:
        reason: why there is no valid object; empty where the outcome is `ok`.
        thought: what a thinking model wrote before its answer; empty for others.
        prediction: None without a valid object.
    """

    sample: Sample
    record: Record
    outcome: Outcome
    reason: str
    thought: str
    prediction: Prediction | None
    score: SampleScore
