"""What the evaluations of a run say: metrics, verdicts of the gates, and one report a sample.

Goes in: the selected samples and the evaluations of those that have an answer. What comes out goes
into the reports; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stindex.comparison.verdicts import ComparedRuns
from stindex.datasets.dataset import id_without_repeat
from stindex.evaluation import Evaluation
from stindex.gates import Comparisons, GateVerdict, Thresholds, judge
from stindex.reference import Metrics
from stindex.reporting.results import gold_json
from stindex.reporting.run_report import SampleReport
from stindex.rescoring import Before, Changes, changes
from stindex.schema import Outcome, Sample
from stindex.scoring import SampleScore
from stindex.scoring.intervals import run_metrics
from stindex.scoring.repeats import repeat_metrics
from stindex.scoring.slices import slices


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The evaluated answers of a run at its end.

    Attributes:
        selected: the samples, in order.
        evaluations: by sample id; a sample without an answer has none.
    """

    selected: Sequence[Sample]
    evaluations: Mapping[str, Evaluation]

    def metrics(self) -> Metrics:
        """Return the metrics of the run, with their intervals."""
        return run_metrics([e.score for e in self.evaluations.values()])

    def unanswered(self, missing: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of samples without an answer: `missing` in the journal, or an error."""
        absent, known = set(missing), self.evaluations
        return tuple(
            s.id
            for s in self.selected
            if s.id in absent or s.id not in known or known[s.id].outcome is Outcome.ERROR
        )

    def judged(
        self,
        thresholds: Thresholds,
        metrics: Metrics,
        compared: Mapping[str, ComparedRuns],
        *,
        strict: bool,
    ) -> Iterator[GateVerdict]:
        """Yield the verdict of each gate of the thresholds file."""
        comparisons = Comparisons(compared, self._ids_of_slice, strict)
        yield from judge(thresholds.run, metrics, self._metrics_of_slice, comparisons)

    def slices(self) -> tuple[Mapping[str, Any], ...]:
        """Return the headline metrics of the parts of the data set."""
        return slices((e.sample, e.score) for e in self.evaluations.values())

    def repeats(self) -> Mapping[str, Any] | None:
        """Return what several answers to each sample say beyond one; None for one answer."""
        runs: dict[int, list[SampleScore]] = {}
        for e in self.evaluations.values():
            score = replace(e.score, sample_id=id_without_repeat(e.sample))
            runs.setdefault(e.sample.repeat, []).append(score)
        return repeat_metrics(list(runs.values())) if len(runs) > 1 else None

    def changes(self, before: Mapping[str, Before]) -> Changes:
        """Return what is not as a stored run said, of the samples that have an answer."""
        known = [self.evaluations[s.id] for s in self.selected if s.id in self.evaluations]
        return changes(before, {e.sample.id: (gold_json(e.sample), e.score) for e in known})

    def sample_reports(self, missed: Mapping[str, Sequence[str]]) -> list[SampleReport]:
        """Return the samples as the reports show them, in order."""
        known = self.evaluations
        return [
            SampleReport(s, known.get(s.id), tuple(missed.get(s.id, ()))) for s in self.selected
        ]

    def _metrics_of_slice(self, wanted: Mapping[str, str]) -> Metrics:
        ids = self._ids_of_slice(wanted)
        return run_metrics([e.score for i, e in self.evaluations.items() if i in ids])

    def _ids_of_slice(self, wanted: Mapping[str, str]) -> set[str]:
        return {
            s.id
            for s in self.selected
            if all(str(s.metadata.get(key)) == value for key, value in wanted.items())
        }
