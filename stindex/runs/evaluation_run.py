"""One run from its settings to its reports, without pytest.

`identify` finds the model's files and names the run; `own` locks its directory and takes stock of
the answers that are there; `evaluation` gives one sample's evaluation and has it generated if need
be; `finish` proves coverage, computes the metrics, holds them against the gates and writes the
reports. Each process of a launch has one of these; one of them owns the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stindex.comparison.references import References, comparison_json, read_references
from stindex.comparison.verdicts import ComparedRuns
from stindex.config import ResolvedSettings
from stindex.datasets import Dataset
from stindex.datasets.dataset import id_without_repeat
from stindex.errors import UserError
from stindex.evaluation import Evaluation, Evaluator
from stindex.gates import (
    Comparisons,
    GateVerdict,
    Thresholds,
    coverage,
    judge,
    load_thresholds,
)
from stindex.geocoding.registry import make_geocoder
from stindex.llm import sources
from stindex.llm.base import Request
from stindex.llm.sources import Answerer
from stindex.prompts import Prompt, load_prompt, no_prompt
from stindex.provenance import provenance
from stindex.reference import Metrics, reference_metrics
from stindex.reporting import write_reports
from stindex.reporting.results import gold_json
from stindex.reporting.run_report import RunReport, SampleReport, Status
from stindex.rescoring import changes, sentences
from stindex.resources import find
from stindex.runs.acquisition import Acquisition, Stock, stock_of_plan, take_stock
from stindex.runs.feeds import Feed, PlannedFeed
from stindex.runs.following import Followed
from stindex.runs.identity import GenerationKeys, RunIdentity, digest, schema_hash
from stindex.runs.journal import JournalWriter
from stindex.runs.lock import RunLock
from stindex.runs.plan import Plan, make_plan
from stindex.runs.proof import Coverage, prove_coverage, without_doubles
from stindex.runs.pulse import Pulse
from stindex.runs.record import Record
from stindex.runs.run_file import PARTIAL, RunFile, nearest_run
from stindex.schema import Outcome, Sample
from stindex.scoring import SampleScore
from stindex.scoring.intervals import run_metrics
from stindex.scoring.repeats import repeat_metrics, sentence
from stindex.scoring.slices import slices

CLOSE_SECONDS = 20.0  # how long the source may take for its current step
KEPT = 256  # evaluations that a process keeps which does not write the reports

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
        self.thresholds: Thresholds = load_thresholds(_thresholds_path(settings))
        # Whether a server keeps to the schema is its own affair.
        constrained = values.constrained and values.backend == "hf"
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
        self._evaluations: dict[str, Evaluation] = {}
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
            self._references = self._read_references()
        self._answerer = answerer or sources.find_answerer(self.settings, announce)
        self._answerer.check_samples(self.dataset)
        self.partial = len(self.selected) < self.dataset.total
        self._rescored = self._answerer.rescored
        self.identity = self._identity(self._answerer)
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
        )
        self.notes = [*self.dataset.notes(), *self._stock_notes(stock)]
        for note in self.notes:
            announce(note)

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
        if self.followed is None or sample.id in self._evaluations:
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

    @property
    def _prompt_words(self) -> str:
        return f"{self.prompt.name} v{self.prompt.version}, {self.settings.values.answer}"

    def _read_references(self) -> References:
        """Read and check what to compare with, before anything is loaded or written."""
        values, root = self.settings.values, self.settings.root
        output = root / values.output_dir
        references = read_references(values.baseline, values.anchor, root, output)
        known = {
            "answer_schema": schema_hash(self.prompt.response_model),
            "prompt": self._prompt_words,
            "dataset_hash": self.dataset.content_hash,
        }
        references.refuse_incomparable(self.selected, known)
        return references

    def _identity(self, answerer: Answerer) -> RunIdentity:
        values = self.settings.values
        own = RunIdentity(
            model=values.model,
            weights=answerer.fingerprint,
            dtype=values.torch_dtype,
            quantization=values.quantization,
            prompt=self._prompt_words,
            prompt_hash=digest(self.prompt.opening),
            answer_schema=schema_hash(self.prompt.response_model),
            decoding=self.settings.decoding(),
            dataset=self.dataset.path.name,
            dataset_hash=self.dataset.content_hash,
            run_name=values.run_name or "",
        )
        return own if answerer.rescored is None else answerer.rescored.renamed(own)

    def _start(self) -> None:
        facts: dict[str, Any] = {
            "id": self.identity.run_id,
            "partial": self.partial,
            "identity": self.identity.to_json(),
            "settings": self.settings.described(),
            "provenance": {
                **provenance(self.settings.root),
                "geocoder": dict(self.evaluator.geocoder.identity()),
            },
        }
        if self._rescored is not None:
            facts["rescored_from"] = dict(self._rescored.origin)
        self._earlier = nearest_run(self.output, self.identity)
        self.file = RunFile(self.report_directory / "run.json", facts)
        self.file.write()

    def _stock_notes(self, stock: Stock) -> list[str]:
        notes = list(stock.damage)
        there = len(stock.records)
        if there:
            taken = f", {stock.taken_over} of them from other runs" if stock.taken_over else ""
            notes.append(f"{there} of {len(self.selected)} answers are there already{taken}.")
        elif self._earlier is not None:
            run_id, changed = self._earlier
            notes.append(f"Nothing is reused from {run_id}; changed: {', '.join(changed)}.")
        return notes

    def evaluation(self, sample: Sample) -> Evaluation:
        """Return the evaluation of one selected sample; wait for its answer if need be.

        Raises:
            UserError: the source or the journal failed.
        """
        known = self._evaluations.get(sample.id)
        if known is None:
            if self.acquisition is None:
                raise UserError(f"{sample.id}: its answer is not there.")
            known = self.evaluator.evaluate(sample, self.acquisition.record(sample.id))
            self._keep(known)
        return known

    def known_evaluation(self, sample: Sample) -> Evaluation | None:
        """Return the evaluation of a sample, if there is one."""
        return self._evaluations.get(sample.id)

    @property
    def memory_bytes(self) -> int:
        """The memory that one process needs for the model; 0 where that is not known."""
        return self._answerer.memory_bytes

    def _keep(self, evaluation: Evaluation) -> None:
        if self._lock is None and len(self._evaluations) >= KEPT:
            # Whoever does not write the reports needs only what is being tested.
            del self._evaluations[next(iter(self._evaluations))]
        self._evaluations[evaluation.sample.id] = evaluation
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
        unanswered = self._unanswered(proof)
        metrics = run_metrics([e.score for e in self._evaluations.values()])
        compared = self._compared(ending)
        verdict = without_doubles(coverage(len(self.selected), unanswered), proof)
        gates = (verdict, *self._judge(metrics, ending, compared))
        self._note_changes(metrics)
        repeats = self._repeats()
        if repeats is not None:
            self.notes.append(sentence(repeats))
        self._close(_status(gates, ending))
        report = RunReport(
            run=self.file.content,
            status=self.file.status,
            partial=self.partial,
            metrics=metrics,
            reference=self._reference(metrics, ending),
            gates=gates,
            samples=[self._sample_report(s, ending) for s in self.selected],
            missing=unanswered,
            notes=tuple(self.notes),
            texts=self.settings.values.text,
            slices=slices((e.sample, e.score) for e in self._evaluations.values()),
            repeats=repeats,
            comparison=comparison_json(compared, self.file.content, self.thresholds.run),
            baseline_samples=self._references.details,
        )
        write_reports(report, self.report_directory)
        self.file.write()
        return report

    def close_if_running(self) -> None:
        """Let `run.json` say INCOMPLETE where it still says RUNNING.

        Raises:
            UserError: it cannot be written.
        """
        if self._lock is not None:
            self.file.close_if_running()

    def _unanswered(self, proof: Coverage) -> tuple[str, ...]:
        missing = set(proof.missing)
        known = self._evaluations
        return tuple(
            s.id
            for s in self.selected
            if s.id in missing or s.id not in known or known[s.id].outcome is Outcome.ERROR
        )

    def evaluate_the_rest(self) -> None:
        """Evaluate answers that came in after their test did not run any more."""
        records = self.followed.records() if self.followed is not None else {}
        if self.acquisition is not None:
            records |= self.acquisition.records()
        for sample in self.selected:
            if sample.id in records and sample.id not in self._evaluations:
                self._keep(self.evaluator.evaluate(sample, records[sample.id]))

    def _note_changes(self, metrics: Metrics) -> None:
        """Say what `--rescore` changed."""
        if self._rescored is None:
            return
        known = [self._evaluations[s.id] for s in self.selected if s.id in self._evaluations]
        now = {e.sample.id: (gold_json(e.sample), e.score) for e in known}
        found = changes(self._rescored.before, now)
        self.file.content["rescored_from"]["changes"] = found.to_json()
        self.changed = sentences(found, self._rescored.metrics, metrics)
        self.notes += self.changed

    def _compared(self, ending: Ending) -> dict[str, ComparedRuns]:
        if ending.stopped:
            return {}
        return self._references.compared(self.file.content, self._evaluations.values())

    def _judge(
        self, metrics: Metrics, ending: Ending, compared: Mapping[str, ComparedRuns]
    ) -> Iterator[GateVerdict]:
        if not ending.stopped:
            comparisons = Comparisons(compared, self._ids_of_slice, self.settings.values.strict)
            yield from judge(self.thresholds.run, metrics, self._metrics_of_slice, comparisons)

    def _metrics_of_slice(self, wanted: Mapping[str, str]) -> Metrics:
        ids = self._ids_of_slice(wanted)
        return run_metrics([e.score for i, e in self._evaluations.items() if i in ids])

    def _ids_of_slice(self, wanted: Mapping[str, str]) -> set[str]:
        return {
            s.id
            for s in self.selected
            if all(str(s.metadata.get(key)) == value for key, value in wanted.items())
        }

    def _repeats(self) -> Mapping[str, Any] | None:
        """Return what several answers to each sample say beyond one; None for one answer."""
        runs: dict[int, list[SampleScore]] = {}
        for e in self._evaluations.values():
            score = replace(e.score, sample_id=id_without_repeat(e.sample))
            runs.setdefault(e.sample.repeat, []).append(score)
        return repeat_metrics(list(runs.values())) if len(runs) > 1 else None

    def _reference(self, metrics: Metrics, ending: Ending) -> dict[str, Metrics | None]:
        if ending.stopped or not self.settings.values.reference:
            return {"floor": None, "ceiling": None}
        once = [sample for sample in self.selected if not sample.repeat]
        reference = reference_metrics(once, self.dataset.content_hash, self.evaluator, self.output)
        if self.settings.spec.kind == "rules":
            reference["floor"] = metrics
        return reference

    def _sample_report(self, sample: Sample, ending: Ending) -> SampleReport:
        missed = tuple(ending.missed.get(sample.id, ()))
        return SampleReport(sample, self._evaluations.get(sample.id), missed)

    def _close(self, status: Status) -> None:
        content, acquisition = self.file.content, self.acquisition
        content["processes"] = self.processes
        if self.followed is not None:
            content["generated"] = self.followed.generated
        elif acquisition is not None:
            content["generated"] = acquisition.generated
        source = acquisition.source if acquisition is not None else None
        known = dict(source.provenance()) if source is not None else self.source_facts
        if known:
            content["provenance"]["source"] = known
        self.file.end(status)


def _thresholds_path(settings: ResolvedSettings) -> Path:
    given = settings.values.thresholds
    if given is not None:
        return settings.root / given
    return find("cfg/thresholds.yaml", settings.root)


def _status(gates: Sequence[GateVerdict], ending: Ending) -> Status:
    if ending.stopped or not gates[0].passed:
        return "INCOMPLETE"
    return "PASSED" if all(gate.passed for gate in gates) else "FAILED"
