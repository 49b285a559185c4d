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
from stindex.gates import Comparisons, GateVerdict, Thresholds, judge
from stindex.reference import Metrics
from stindex.reporting.results import gold_json
from stindex.rescoring import Before, Changes, changes
from stindex.runs.evaluations import Evaluations, StoredReports
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
        evaluations: a sample without an answer has none.
    """

    selected: Sequence[Sample]
    evaluations: Evaluations

    def metrics(self) -> Metrics:
        """Return the metrics of the run, with their intervals."""
        return run_metrics(list(self.evaluations.scores.values()))

    def tokens(self) -> tuple[int, int]:
        """Return how many tokens all prompts and all answers had."""
        timings = [score.timing for score in self.evaluations.scores.values() if score.timing]
        return sum(t.prompt_tokens for t in timings), sum(t.completion_tokens for t in timings)

    def unanswered(self, missing: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of samples without an answer: `missing` in the journal, or an error."""
        absent, known = set(missing), self.evaluations.scores
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
        return slices(self._scored())

    def repeats(self) -> Mapping[str, Any] | None:
        """Return what several answers to each sample say beyond one; None for one answer."""
        runs: dict[int, list[SampleScore]] = {}
        if not any(sample.repeat for sample in self.selected):
            return None
        for sample, score in self._scored():
            of_sample = replace(score, sample_id=id_without_repeat(sample))
            runs.setdefault(sample.repeat, []).append(of_sample)
        return repeat_metrics(list(runs.values())) if len(runs) > 1 else None

    def changes(self, before: Mapping[str, Before]) -> Changes:
        """Return what is not as a stored run said, of the samples that have an answer."""
        return changes(before, ((s.id, gold_json(s), score) for s, score in self._scored()))

    def sample_reports(self, missed: Mapping[str, Sequence[str]]) -> StoredReports:
        """Return the samples as the reports show them, in order, to be iterated."""
        return StoredReports(self.selected, self.evaluations, missed)

    def _scored(self) -> Iterator[tuple[Sample, SampleScore]]:
        scores = self.evaluations.scores
        return ((sample, scores[sample.id]) for sample in self.selected if sample.id in scores)

    def _metrics_of_slice(self, wanted: Mapping[str, str]) -> Metrics:
        ids = self._ids_of_slice(wanted)
        return run_metrics([s for i, s in self.evaluations.scores.items() if i in ids])

    def _ids_of_slice(self, wanted: Mapping[str, str]) -> set[str]:
        return {
            s.id
            for s in self.selected
            if all(str(s.metadata.get(key)) == value for key, value in wanted.items())
        }
