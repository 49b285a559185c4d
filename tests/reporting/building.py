"""Synthetic runs: small texts of our own, predictions with known errors, real scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stindex.evaluation import Evaluation
from stindex.gates import GateVerdict
from stindex.reporting import RunReport, SampleReport
from stindex.runs.record import Record
from stindex.schema import (
    Generation,
    GoldLayer,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import Timing, aggregate, score_sample

TEXT = "On 5 May 2024 it rained in Paris, and two days later in Lyon."
GOLD_TIME = (
    TemporalMention("5 May 2024", "2024-05-05", "DATE", 3, 13),
    TemporalMention("two days later", "2024-05-07", "DATE", 38, 52),
)
GOLD_PLACE = (
    SpatialMention("Paris", "city", latitude=48.8566, longitude=2.3522, start_char=27, end_char=32),
    SpatialMention("Lyon", "city", latitude=45.764, longitude=4.8357, start_char=56, end_char=60),
)
PARIS_TEXAS = Place("Paris", 33.66, -95.56, "city", "US", "TX")
# One right date, one missed date; a place far off, a missed place, one that is not in the text.
PREDICTED_TIME = (TemporalMention("5 May 2024", "2024-05-05", "DATE", 3, 13),)
PREDICTED_PLACE = (
    SpatialMention(
        "Paris",
        "city",
        latitude=33.66,
        longitude=-95.56,
        start_char=27,
        end_char=32,
        place=PARIS_TEXAS,
    ),
    SpatialMention("Berlin", "city", geocoding="unresolved"),
)


@dataclass(frozen=True)
class Draft:
    """What a sample report is made of; every part can be replaced by a test."""

    id: str = "doc-1"
    text: str = TEXT
    temporal: Sequence[TemporalMention] | None = GOLD_TIME
    spatial: Sequence[SpatialMention] | None = GOLD_PLACE
    predicted_temporal: Sequence[TemporalMention] = PREDICTED_TIME
    predicted_spatial: Sequence[SpatialMention] = PREDICTED_PLACE
    exhaustive: bool = True
    outcome: Outcome = Outcome.OK
    reason: str = ""
    thought: str = ""
    raw_text: str = '{"temporal_mentions": [], "spatial_mentions": []}'
    interventions: int | None = 0
    metadata: dict[str, Any] = field(default_factory=lambda: {"language": "en", "category": "news"})
    missed: tuple[str, ...] = ()
    answered: bool = True

    def but(self, **changes: Any) -> Draft:  # noqa: ANN401 - any field
        return replace(self, **changes)

    def sample(self) -> Sample:
        layers = {"temporal": self.temporal, "spatial": self.spatial}
        return Sample(
            id=self.id,
            text=self.text,
            gold={
                name: GoldLayer(tuple(mentions), self.exhaustive)
                for name, mentions in layers.items()
                if mentions is not None
            },
            reference_date="2024-05-06",
            metadata=self.metadata,
        )

    def evaluation(self) -> Evaluation:
        sample = self.sample()
        prediction = Prediction(
            {"temporal": tuple(self.predicted_temporal), "spatial": tuple(self.predicted_spatial)}
        )
        usable = prediction if self.outcome is Outcome.OK else None
        generation = Generation(
            raw_text=self.raw_text,
            finish_reason="stop",
            prompt_tokens=120,
            completion_tokens=48,
            seconds=0.25,
            grammar_interventions=self.interventions,
        )
        return Evaluation(
            sample=sample,
            record=Record("k" * 64, self.id, generation),
            outcome=self.outcome,
            reason=self.reason,
            thought=self.thought,
            prediction=usable,
            score=score_sample(sample, usable, self.outcome, timing=Timing.of(generation)),
        )

    def report(self) -> SampleReport:
        evaluation = self.evaluation() if self.answered else None
        return SampleReport(self.sample(), evaluation, self.missed)


def passing_gate() -> GateVerdict:
    return GateVerdict(
        "overall.success_rate >= 0.8", "overall.success_rate", 1.0, 0.8, ">=", 1, passed=True
    )


def failing_gate() -> GateVerdict:
    return GateVerdict(
        "temporal.f1_score >= 0.9",
        "temporal.f1_score",
        2 / 3,
        0.9,
        ">=",
        2,
        passed=False,
        reason="temporal.f1_score is below its threshold",
    )


def run_report(drafts: Sequence[Draft], **changes: Any) -> RunReport:  # noqa: ANN401 - any field
    """Make a report over the drafts, with metrics computed from their scores."""
    samples = [draft.report() for draft in drafts]
    metrics = aggregate(one.evaluation.score for one in samples if one.evaluation)
    report = RunReport(
        run={
            "id": "tiny-run-1",
            "status": "PASSED",
            "identity": {"model": "tiny", "dataset": "tiny.json"},
            "settings": {"seed": {"value": 0, "source": "default"}},
            "provenance": {"command": ["pytest", "--model", "tiny"], "git": {"dirty": False}},
        },
        status="PASSED",
        partial=False,
        metrics=metrics,
        reference={"floor": None, "ceiling": None},
        gates=(passing_gate(),),
        samples=samples,
    )
    return replace(report, **changes)
