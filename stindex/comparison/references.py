"""The runs that a run is compared with: the last baseline, and an anchor that stays the same.

They are read and checked before a model is loaded, and compared with when all answers are there.
Beside a baseline that moves along with every accepted change, an anchor shows a slow drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stindex.comparison.baselines import find_baseline
from stindex.comparison.comparability import refuse_incomparable, warnings
from stindex.comparison.content import answer_hash, content_hash, gold_hash
from stindex.comparison.stored_scores import StoredSample, StoredScores, run_head
from stindex.comparison.verdicts import ComparedRuns, compare_runs
from stindex.evaluation import Evaluation
from stindex.gates import Gate
from stindex.reporting.results import gold_json
from stindex.schema import Outcome, Sample
from stindex.scoring import SampleScore

BASELINE, ANCHOR = "baseline", "anchor"


@dataclass(frozen=True, slots=True)
class References:
    """The runs to compare with, by `baseline` and `anchor`; empty where none was named."""

    runs: Mapping[str, StoredScores] = field(default_factory=dict)

    @property
    def details(self) -> Mapping[str, Mapping[str, Any]]:
        """The baseline's samples as they stand in its `detailed_results.json`, if they do."""
        return self.runs[BASELINE].details if BASELINE in self.runs else {}

    def refuse_incomparable(self, samples: Iterable[Sample], identity: Mapping[str, Any]) -> None:
        """Check that the run to come can be compared with each.

        Args:
            identity: what is known of the run before its model is: `answer_schema`, `prompt` and
                `dataset_hash`.

        Raises:
            UserError: one is over other data, other gold, or another answer schema.
        """
        if not self.runs:
            return
        here = {sample.id: _unmeasured(sample) for sample in samples}
        for name, stored in self.runs.items():
            refuse_incomparable(name, stored, here, identity)

    def compared(
        self, run: Mapping[str, Any], evaluations: Iterable[Evaluation]
    ) -> dict[str, ComparedRuns]:
        """Compare a run with each; answers that are missing take no part."""
        if not self.runs:
            return {}
        samples = {e.sample.id: _measured(e) for e in evaluations if e.outcome is not Outcome.ERROR}
        current = StoredScores(run_head(run), samples)
        return {name: compare_runs(stored, current) for name, stored in self.runs.items()}


def read_references(
    baseline: str | None, anchor: str | None, root: Path, output: Path
) -> References:
    """Read the runs that the user named.

    Raises:
        UserError: one cannot be read or is not complete.
    """
    named = {BASELINE: baseline, ANCHOR: anchor}
    return References(
        {name: find_baseline(given, root, output) for name, given in named.items() if given}
    )


def _unmeasured(sample: Sample) -> StoredSample:
    nothing = SampleScore(sample.id, sample.document_id or sample.id, Outcome.ERROR, {})
    return StoredSample(nothing, gold_hash(gold_json(sample)), content_hash(sample))


def _measured(evaluation: Evaluation) -> StoredSample:
    return replace(
        _unmeasured(evaluation.sample),
        score=evaluation.score,
        answer=answer_hash(evaluation.record.generation.raw_text),
    )


def comparison_json(
    compared: Mapping[str, ComparedRuns], run: Mapping[str, Any], gates: Iterable[Gate]
) -> dict[str, Any] | None:
    """Return the comparison as the reports show it; None where there is none.

    The anchor stands in the baseline's under `anchor`, in the same shape; without a baseline it
    stands in its place.

    Args:
        run: the content of `run.json` at the end of the run.
        gates: those of the thresholds file, whose metrics are shown with what they allow.
    """
    gates = list(gates)
    shown = {name: _one(name, runs, run, gates) for name, runs in compared.items()}
    if BASELINE in shown and ANCHOR in shown:
        return {**shown[BASELINE], ANCHOR: shown[ANCHOR]}
    return shown.get(BASELINE) or shown.get(ANCHOR)


def _one(
    name: str, runs: ComparedRuns, run: Mapping[str, Any], gates: list[Gate]
) -> dict[str, Any]:
    own = [gate for gate in gates if gate.compares and gate.against == name and not gate.slice]
    allowed = {gate.metric: gate.max_drop for gate in own}
    said = warnings(runs.baseline, replace(runs.current, run=run_head(run)))
    return {**runs.to_json(allowed=allowed), "warnings": said}
