"""One run from its settings to its reports, without pytest.

`identify` finds the model's files and names the run; `own` locks its directory and takes stock of
the answers that are there; `evaluation` gives one sample's evaluation and has it generated if need
be; `finish` proves coverage and writes what `Conclusion` makes of the evaluations. Each process of
a launch has one of these; one of them owns the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stindex.comparison.references import comparison_json
from stindex.comparison.verdicts import ComparedRuns
from stindex.config import ResolvedSettings
from stindex.datasets import Dataset
from stindex.errors import UserError
from stindex.evaluation import Evaluation, Evaluator
from stindex.gates import (
    GateVerdict,
    Thresholds,
    coverage,
    load_thresholds,
)
from stindex.geocoding.registry import make_geocoder
from stindex.llm import sources
from stindex.llm.base import Request
from stindex.llm.sources import Answerer
from stindex.prompts import Prompt, load_prompt, no_prompt
from stindex.reference import Metrics, reference_metrics
from stindex.reporting import write_reports
from stindex.reporting.run_report import RunReport, Status
from stindex.rescoring import sentences
from stindex.runs.acquisition import Acquisition
from stindex.runs.conclusion import Conclusion
from stindex.runs.evaluations import Evaluations, RecentEvaluations
from stindex.runs.feeds import Feed, PlannedFeed
from stindex.runs.following import Followed
from stindex.runs.identity import GenerationKeys, digest
from stindex.runs.journal import JournalWriter
from stindex.runs.lock import RunLock
from stindex.runs.opening import (
    checked_references,
    opening_facts,
    run_identity,
    stock_notes,
    thresholds_path,
)
from stindex.runs.plan import Plan, make_plan
from stindex.runs.proof import prove_coverage, without_doubles
from stindex.runs.pulse import Pulse
from stindex.runs.record import Record
from stindex.runs.run_file import PARTIAL, RunFile, nearest_run
from stindex.runs.stock import Stock, stock_of_plan, take_stock
from stindex.schema import Sample
from stindex.scoring import SampleScore
from stindex.scoring.repeats import sentence

CLOSE_SECONDS = 20.0  # how long the source may take for its current step

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run came to its end.

    Attributes:
        stopped: it was cut short (`-x`, Ctrl-C); no gate but coverage is judged.
        missed: sample id to the sentences of its assertions that did not hold.
    """

    stopped: bool = False
    missed: Mapping[str, Sequence[str]] = field(default_factory=dict)


class EvaluationRun:
    """A run over a selection of a data set's samples."""

    def __init__(self, settings: ResolvedSettings, dataset: Dataset) -> None:
        """Read prompt and thresholds.

        Raises:
            UserError: one of the two is broken.
        """
        values = settings.values
        self.settings = settings
        self.dataset = dataset
        self.prompt: Prompt = (
            no_prompt() if values.predictions else load_prompt(values.prompt, values.answer)
        )
        self.thresholds: Thresholds = load_thresholds(thresholds_path(settings))
        # Whether a server keeps to the schema is its own affair.
        constrained = values.constrained and values.backend != "openai"
        self.evaluator = Evaluator(
            make_geocoder(values.geocoder), self.prompt.response_model, constrained
        )
        self.notes: list[str] = []
        self.changed: list[str] = []  # by `--rescore`, in sentences
        self.processes: Mapping[str, Any] = {"arrangement": "one process"}
        self.source_facts: dict[str, Any] = {}
        self.acquisition: Acquisition | None = None
        self.followed: Followed | None = None
        self._lock: RunLock | None = None
        self._evaluations: RecentEvaluations = RecentEvaluations()
        self._new: list[SampleScore] = []

    def identify(
        self,
        selected: Sequence[Sample],
        announce: Announce,
        *,
        owns: bool = True,
        answerer: Answerer | None = None,
    ) -> None:
        """Find the model's files and name the run; nothing is written.

        Args:
            selected: the samples to evaluate, in order.
            announce: called with lines for the user: downloads, what is resumed, what changed.
            owns: whether this process is to write the reports.
            answerer: what has answered, where the settings do not say it.

        Raises:
            UserError: the model cannot be had.
        """
        self.selected = tuple(selected)
        if owns:
            self._references = checked_references(
                self.settings, self.prompt, self.dataset, self.selected
            )
        self._answerer = answerer or sources.find_answerer(self.settings, announce)
        self._answerer.check_samples(self.dataset)
        self.partial = len(self.selected) < self.dataset.total
        self.identity = run_identity(self.settings, self.prompt, self.dataset, self._answerer)
        self.output = self.settings.root / self.settings.values.output_dir
        self.directory = self.output / self.identity.run_id
        self.report_directory = self.directory / PARTIAL if self.partial else self.directory
        keys = GenerationKeys(self.identity)
        asked = ((sample, self.prompt.messages(sample)) for sample in self.selected)
        self.requests = [Request(keys.key(m, sample.repeat), sample, m) for sample, m in asked]
        self._writer = JournalWriter(self.directory)

    def own(self, announce: Announce, pulse: Pulse, processes: int = 1, members: str = "") -> None:
        """Lock the run's directory, write its status, take stock of the answers that are there.

        Args:
            processes: how many will generate.
            members: directory in which these leave signs of life; empty where there are none.

        Raises:
            UserError: another launch is at it, or the output directory cannot be written to.
        """
        self._lock = RunLock(self.directory, pulse, members)
        self._evaluations = self._all = Evaluations()
        self._start()
        values = self.settings.values
        stock = take_stock(
            self.requests,
            self.directory,
            self._writer,
            fresh=values.fresh,
            retry_errors=values.retry_errors,
        )
        self.stock = stock
        # What need not be asked again needs no messages; of 100,000 samples they are a lot.
        self.requests = [
            Request(r.key, r.sample, ()) if r.key in stock.records else r for r in self.requests
        ]
        self.plan = make_plan(
            [request.key for request in self.requests],
            stock.records,
            values.samples_together,
            processes,
            run_id=self.identity.run_id,
            selection=self.selection,
            attempts=dict(stock.attempts),
            in_step=self.in_step,
        )
        self.notes = [*self.dataset.notes(), *stock_notes(stock, len(self.selected), self._earlier)]
        for note in self.notes:
            announce(note)

    @property
    def in_step(self) -> bool:
        """Whether all ranks have to generate equally often (ZeRO-3)."""
        return self._answerer.in_step

    @property
    def selection(self) -> str:
        """A digest of the selected samples, in order."""
        return digest([request.key for request in self.requests])

    @property
    def to_generate(self) -> int:
        """How many answers were not there when the run began."""
        return len({request.key for request in self.requests} - self.stock.records.keys())

    def execute(self, feed: Feed, stock: Stock) -> None:
        """Generate what `feed` gives, as it is asked for.

        Raises:
            UserError: the model cannot work here.
        """
        self.acquisition = Acquisition(
            self.requests,
            stock,
            self._writer,
            self._answerer.open,
            feed,
            response_model=self.prompt.response_model,
            decoding=self.settings.decoding(),
        )
        if self.acquisition.to_generate:
            self._answerer.check()

    def execute_alone(self) -> None:
        """Generate all that the plan has to do."""
        self.execute(PlannedFeed(self.plan.chunks[: self.plan.todo]), self.stock)

    def execute_plan(self, plan: Plan, feed: Feed) -> None:
        """Generate what is given to this process of a plan that the owner made."""
        attempts = {self.requests[p].key: number for p, number in plan.attempts.items()}
        self.execute(feed, stock_of_plan(self.requests, self.directory, attempts))

    def follow(self) -> None:
        """See from now on what other processes journal."""
        self.followed = Followed(self.requests, self.stock, self.directory)

    def take_note(self, sample: Sample) -> None:
        """Evaluate the answer that another process has journaled, if it can be seen yet."""
        if self.followed is None or sample in self._evaluations:
            return
        record = self.followed.record(sample.id)
        if record is not None:
            self._keep(self.evaluator.evaluate(sample, record))

    def journal(self, *records: Record) -> None:
        """Write down what no source has answered: that a sample kills its worker.

        Raises:
            UserError: the journal cannot be written.
        """
        self._writer.append(*records)

    def stop(self) -> None:
        """Let the source end after its current step."""
        if self.acquisition is not None:
            self.acquisition.stop()

    def abandon(self, reason: str) -> None:
        """Wait for the source no longer, as another rank does not take part any more."""
        if self.acquisition is not None:
            self.acquisition.abandon(UserError(reason))

    @property
    def has_generated(self) -> bool:
        """Whether this process has generated its share."""
        return self.acquisition is not None and self.acquisition.is_over

    def leave(self) -> dict[str, Any]:
        """End the part of a process that does not own the run; return facts about its source."""
        if self.acquisition is None:
            return {}
        self.acquisition.close(CLOSE_SECONDS)
        source = self.acquisition.source
        return {} if source is None else dict(source.provenance())

    def release(self) -> None:
        """Let other launches into the run's directory."""
        if self._lock is not None:
            self._lock.release()

    def _start(self) -> None:
        facts = opening_facts(
            self.settings,
            self.identity,
            self.evaluator.geocoder,
            self._answerer,
            partial=self.partial,
        )
        self._earlier = nearest_run(self.output, self.identity)
        self.file = RunFile(self.report_directory / "run.json", facts)
        self.file.write()

    def evaluation(self, sample: Sample) -> Evaluation:
        """Return the evaluation of one selected sample; wait for its answer if need be.

        Raises:
            UserError: the source or the journal failed.
        """
        known = self._evaluations.get(sample)
        if known is None:
            if self.acquisition is None:
                raise UserError(
                    f"{sample.id}: its answer is not there; run the same command again."
                )
            known = self.evaluator.evaluate(sample, self.acquisition.record(sample.id))
            self._keep(known)
        return known

    def known_evaluation(self, sample: Sample) -> Evaluation | None:
        """Return the evaluation of a sample, if there is one."""
        return self._evaluations.get(sample)

    @property
    def memory_bytes(self) -> int:
        """The memory that one process needs for the model; 0 where that is not known."""
        return self._answerer.memory_bytes

    def _keep(self, evaluation: Evaluation) -> None:
        self._evaluations.add(evaluation)
        self._new.append(evaluation.score)

    def new_scores(self) -> list[SampleScore]:
        """Return the scores that came in since the last call."""
        new, self._new = self._new, []
        return new

    def finish(self, ending: Ending) -> RunReport:
        """Stop the source, compute metrics, judge the gates, write the reports.

        Raises:
            UserError: a report cannot be written.
        """
        if self.acquisition is not None:
            self.acquisition.close(CLOSE_SECONDS)
        self.evaluate_the_rest()
        proof = prove_coverage(self.requests, self.directory, self.stock.twice)
        conclusion = Conclusion(self.selected, self._all)
        unanswered = conclusion.unanswered(proof.missing)
        gates = [without_doubles(coverage(len(self.selected), unanswered), proof)]
        report = self._report(conclusion, gates, unanswered, ending)
        write_reports(report, self.report_directory)
        self.file.write()
        return report

    def _report(
        self,
        conclusion: Conclusion,
        gates: list[GateVerdict],
        unanswered: tuple[str, ...],
        ending: Ending,
    ) -> RunReport:
        """Judge the gates of the thresholds file, close `run.json`, and gather what is written."""
        metrics = conclusion.metrics()
        compared = {} if ending.stopped else self._compared()
        if not ending.stopped:
            strict = self.settings.values.strict
            gates += conclusion.judged(self.thresholds, metrics, compared, strict=strict)
        self._note_changes(conclusion, metrics)
        repeats = conclusion.repeats()
        if repeats is not None:
            self.notes.append(sentence(repeats))
        if self._answerer.cost is not None:
            self.file.content["cost"] = self._answerer.cost(*conclusion.tokens())
        self._close(_status(gates, ending))
        return RunReport(
            run=self.file.content,
            status=self.file.status,
            partial=self.partial,
            metrics=metrics,
            reference=self._reference(metrics, ending),
            gates=tuple(gates),
            samples=conclusion.sample_reports(ending.missed),
            missing=unanswered,
            notes=tuple(self.notes),
            texts=self.settings.values.text,
            slices=conclusion.slices(),
            repeats=repeats,
            comparison=comparison_json(compared, self.file.content, self.thresholds.run),
            baseline_samples=self._references.details,
        )

    def close_if_running(self) -> None:
        """Let `run.json` say INCOMPLETE where it still says RUNNING.

        Raises:
            UserError: it cannot be written.
        """
        if self._lock is not None:
            self.file.close_if_running()

    def evaluate_the_rest(self) -> None:
        """Evaluate answers that came in after their test did not run any more."""
        if self.followed is not None:
            self.followed.read_on()
        for sample in self.selected:
            if sample in self._evaluations:
                continue
            record = self._answer(sample)
            if record is not None:
                self._keep(self.evaluator.evaluate(sample, record))

    def _answer(self, sample: Sample) -> Record | None:
        """Return the answer to a sample, by whichever process, as far as it has been seen."""
        found = None if self.acquisition is None else self.acquisition.known_record(sample.id)
        if found is None and self.followed is not None:
            found = self.followed.known_record(sample.id)
        return found

    def _compared(self) -> dict[str, ComparedRuns]:
        known = (self._evaluations.get(sample) for sample in self.selected)
        return self._references.compared(self.file.content, (e for e in known if e is not None))

    def _note_changes(self, conclusion: Conclusion, metrics: Metrics) -> None:
        """Say what `--rescore` changed."""
        rescored = self._answerer.rescored
        if rescored is None:
            return
        found = conclusion.changes(rescored.before)
        self.file.content["rescored_from"]["changes"] = found.to_json()
        self.changed = sentences(found, rescored.metrics, metrics)
        self.notes += self.changed

    def _reference(self, metrics: Metrics, ending: Ending) -> dict[str, Metrics | None]:
        if ending.stopped or not self.settings.values.reference:
            return {"floor": None, "ceiling": None}
        once = [sample for sample in self.selected if not sample.repeat]
        reference = reference_metrics(once, self.dataset.content_hash, self.evaluator, self.output)
        if self.settings.spec.kind == "rules":
            reference["floor"] = metrics
        return reference

    def _close(self, status: Status) -> None:
        content, acquisition = self.file.content, self.acquisition
        content["processes"] = self.processes
        content["notes"] = self.notes
        if self.followed is not None:
            content["generated"] = self.followed.generated
        elif acquisition is not None:
            content["generated"] = acquisition.generated
        source = acquisition.source if acquisition is not None else None
        known = dict(source.provenance()) if source is not None else self.source_facts
        if known:
            content["provenance"]["source"] = known
        self.file.end(status)


def _status(gates: Sequence[GateVerdict], ending: Ending) -> Status:
    if ending.stopped or not gates[0].passed:
        return "INCOMPLETE"
    return "PASSED" if all(gate.passed for gate in gates) else "FAILED"
