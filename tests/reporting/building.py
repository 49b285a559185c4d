"""Synthetic runs: small texts of our own, predictions with known errors, real scores."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stindex.evaluation import Evaluation
from stindex.gates import GateVerdict
from stindex.reporting import RunReport, SampleReport
from stindex.reporting.results import detailed_results
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


def unpacked(html: str) -> dict[str, Any]:
    """Return what the blocks of a page hold, by their ids without the common beginning."""
    found = re.findall(
        r'<script type="application/x-stindex" id="block-([a-z0-9]+)">([^<]*)</script>', html
    )
    return {name: json.loads(zlib.decompress(base64.b64decode(content))) for name, content in found}


def stored_samples(drafts: Sequence[Draft]) -> dict[str, Mapping[str, Any]]:
    """Return the samples of a run as `detailed_results.json` keeps them, by their ids."""
    text = "".join(detailed_results(run_report(drafts)))
    return {one["id"]: one for one in json.loads(text)["samples"]}


def difference(name: str, verdict: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make one row of a comparison."""
    return {
        "name": name,
        "baseline": 0.7,
        "current": 0.6,
        "difference": -0.1,
        "ci95": [-0.16, -0.04],
        "verdict": verdict,
        "n": 40,
        "smallest_loss": 0.05,
        "needed_n": 900,
        "allowed_drop": 0.02,
        **changes,
    }


def compared_report(
    drafts: Sequence[Draft],
    baseline: Sequence[Draft],
    **changes: Any,  # noqa: ANN401 - any field
) -> RunReport:
    """Make a report with a baseline, in which each verdict occurs once; and with slices."""
    rows = [
        difference("temporal.relaxed_f1_score", "worse"),
        difference("spatial.relaxed_f1_score", "better", difference=0.1, ci95=[0.02, 0.18]),
        difference("overall.success_rate", "not distinguishable", ci95=[-0.12, 0.09]),
        difference("spatial.accuracy_at_161km", "inconclusive", ci95=[-0.4, 0.3]),
        difference("spatial.median_distance_error_km", "better", ci95=[-9.0, -1.0]),
    ]
    comparison = {
        "baseline": {"id": "older-run-1", "model": "older"},
        "metrics": rows,
        "fixed": [drafts[0].id],
        "broken": [drafts[-1].id],
        "warnings": ["The prompt differs."],
    }
    plain = run_report(drafts, comparison=comparison, baseline_samples=stored_samples(baseline))
    metrics = {name: with_intervals(block) for name, block in plain.metrics.items()}
    slices = [
        {"by": "language", "value": value, "samples": n, "metrics": metrics}
        for value, n in (("en", 40), ("de", 3))
    ]
    return replace(replace(plain, metrics=metrics, slices=tuple(slices)), **changes)


def with_intervals(block: Mapping[str, Any]) -> dict[str, Any]:
    """Add an interval beside every share of a block of metrics."""
    intervals = {
        f"{key}_ci95": [max(0.0, value - 0.1), min(1.0, value + 0.1)]
        for key, value in block.items()
        if isinstance(value, float) and 0 <= value <= 1
    }
    return {**block, **intervals}
