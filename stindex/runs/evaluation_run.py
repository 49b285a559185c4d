"""One run from its settings to its reports, without pytest.

`begin` finds the model's files, names the run and takes stock of the answers that are there;
`evaluation` gives one sample's evaluation and has it generated if need be; `finish` computes the
metrics, holds them against the gates and writes the reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stindex.comparison.references import References, comparison_json, read_references
from stindex.comparison.verdicts import ComparedRuns
from stindex.config import ResolvedSettings
from stindex.datasets import Dataset
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
from stindex.runs.acquisition import Acquisition, Stock, take_stock
from stindex.runs.identity import GenerationKeys, RunIdentity, differences, digest, schema_hash
from stindex.runs.journal import JournalWriter
from stindex.runs.record import Record
from stindex.schema import Outcome, Sample
from stindex.scoring import SampleScore, aggregate

RUN_VERSION = 1
PARTIAL = "partial"

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
        self.evaluator = Evaluator(
            make_geocoder(values.geocoder), self.prompt.response_model, values.constrained
        )
        self.notes: list[str] = []
        self.changed: list[str] = []  # by `--rescore`, in sentences
        self._evaluations: dict[str, Evaluation] = {}
        self._new: list[SampleScore] = []

    def begin(
        self,
        selected: Sequence[Sample],
        announce: Announce,
        on_answer: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """Find the model's files, name the run, take stock of the answers that are there.

        Args:
            selected: the samples to evaluate, in order.
            announce: called with lines for the user: downloads, what is resumed, what changed.
            on_answer: called in the thread of the source with each new record.

        Raises:
            UserError: the model cannot be had, or the output directory cannot be written to.
        """
        self.selected = tuple(selected)
        self._references = self._read_references()
        answerer = sources.find_answerer(self.settings, announce)
        answerer.check_samples(self.dataset)
        self.partial = len(self.selected) < self.dataset.total
        self._rescored = answerer.rescored
        self.identity = self._identity(answerer)
        self.output = self.settings.root / self.settings.values.output_dir
        self.directory = self.output / self.identity.run_id
        self.report_directory = self.directory / PARTIAL if self.partial else self.directory
        self._start()
        self._acquire(answerer, announce, on_answer)

    def _read_references(self) -> References:
        """Read and check what to compare with, before anything is loaded or written."""
        values, root = self.settings.values, self.settings.root
        output = root / values.output_dir
        references = read_references(values.baseline, values.anchor, root, output)
        references.refuse_incomparable(
            self.selected, schema_hash(self.prompt.response_model), self.dataset.content_hash
        )
        return references

    def _identity(self, answerer: Answerer) -> RunIdentity:
        values = self.settings.values
        own = RunIdentity(
            model=values.model,
            weights=answerer.fingerprint,
            dtype=values.torch_dtype,
            quantization=values.quantization,
            prompt=f"{self.prompt.name} v{self.prompt.version}, {values.answer}",
            prompt_hash=digest(self.prompt.opening),
            answer_schema=schema_hash(self.prompt.response_model),
            decoding=self.settings.decoding(),
            dataset=self.dataset.path.name,
            dataset_hash=self.dataset.content_hash,
            run_name=values.run_name or "",
        )
        return own if answerer.rescored is None else answerer.rescored.renamed(own)

    def _start(self) -> None:
        self._run: dict[str, Any] = {
            "schema_version": RUN_VERSION,
            "id": self.identity.run_id,
            "status": "RUNNING",
            "partial": self.partial,
            "started_at": _now(),
            "finished_at": None,
            "identity": self.identity.to_json(),
            "settings": self.settings.described(),
            "provenance": {
                **provenance(self.settings.root),
                "geocoder": dict(self.evaluator.geocoder.identity()),
            },
        }
        if self._rescored is not None:
            self._run["rescored_from"] = dict(self._rescored.origin)
        self._earlier = _nearest_run(self.output, self.identity)
        self._write_run()

    def _write_run(self) -> None:
        path = self.report_directory / "run.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".json.new")
            temporary.write_text(json.dumps(self._run, indent=2), encoding="utf-8")
            temporary.replace(path)
        except OSError as problem:
            raise UserError(
                f"{path}: cannot be written ({problem.strerror}); make room or name another "
                f"--output-dir."
            ) from None

    def _acquire(
        self, answerer: Answerer, announce: Announce, on_answer: Callable[[Record], None]
    ) -> None:
        values = self.settings.values
        keys = GenerationKeys(self.identity)
        requests = []
        for sample in self.selected:
            messages = self.prompt.messages(sample)
            requests.append(Request(keys.key(messages), sample, messages))
        writer = JournalWriter(self.directory)
        stock = take_stock(
            requests,
            self.directory,
            writer,
            fresh=values.fresh,
            retry_errors=values.retry_errors,
        )
        self.acquisition = Acquisition(
            requests,
            stock,
            writer,
            answerer.open,
            response_model=self.prompt.response_model,
            decoding=self.settings.decoding(),
            batch_size=values.batch_size,
            on_answer=on_answer,
        )
        if self.acquisition.to_generate:
            answerer.check()
        self.notes = [*self.dataset.notes(), *self._stock_notes(stock)]
        for note in self.notes:
            announce(note)

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
            known = self.evaluator.evaluate(sample, self.acquisition.record(sample.id))
            self._evaluations[sample.id] = known
            self._new.append(known.score)
        return known

    def new_scores(self) -> list[SampleScore]:
        """Return the scores that came in since the last call."""
        new, self._new = self._new, []
        return new

    def finish(self, ending: Ending) -> RunReport:
        """Stop the source, compute metrics, judge the gates, write the reports.

        Raises:
            UserError: a report cannot be written.
        """
        self.acquisition.close()
        self._evaluate_the_rest()
        unanswered = tuple(
            s.id
            for s in self.selected
            if s.id not in self._evaluations or self._evaluations[s.id].outcome is Outcome.ERROR
        )
        metrics = aggregate(e.score for e in self._evaluations.values())
        compared = self._compared(ending)
        gates = (coverage(len(self.selected), unanswered), *self._judge(metrics, ending, compared))
        self._note_changes(metrics)
        self._close_run(_status(gates, unanswered, ending))
        report = RunReport(
            run=self._run,
            status=self._run["status"],
            partial=self.partial,
            metrics=metrics,
            reference=self._reference(metrics, ending),
            gates=gates,
            samples=[self._sample_report(s, ending) for s in self.selected],
            missing=unanswered,
            notes=tuple(self.notes),
            comparison=comparison_json(compared, self._run, self.thresholds.run),
            baseline_samples=self._references.details,
        )
        write_reports(report, self.report_directory)
        return report

    def _evaluate_the_rest(self) -> None:
        """Evaluate answers that came in after their test did not run any more."""
        records = self.acquisition.records()
        for sample in self.selected:
            if sample.id in records and sample.id not in self._evaluations:
                self._evaluations[sample.id] = self.evaluator.evaluate(sample, records[sample.id])

    def _note_changes(self, metrics: Metrics) -> None:
        """Say what `--rescore` changed."""
        if self._rescored is None:
            return
        now = {i: (gold_json(e.sample), e.score) for i, e in self._evaluations.items()}
        found = changes(self._rescored.before, now)
        self._run["rescored_from"]["changes"] = found.to_json()
        self.changed = sentences(found, self._rescored.metrics, metrics)
        self.notes += self.changed

    def _compared(self, ending: Ending) -> dict[str, ComparedRuns]:
        if ending.stopped:
            return {}
        return self._references.compared(self._run, self._evaluations.values())

    def _judge(
        self, metrics: Metrics, ending: Ending, compared: Mapping[str, ComparedRuns]
    ) -> Iterator[GateVerdict]:
        if not ending.stopped:
            comparisons = Comparisons(compared, self._ids_of_slice, self.settings.values.strict)
            yield from judge(self.thresholds.run, metrics, self._metrics_of_slice, comparisons)

    def _metrics_of_slice(self, wanted: Mapping[str, str]) -> Metrics:
        ids = self._ids_of_slice(wanted)
        return aggregate(e.score for i, e in self._evaluations.items() if i in ids)

    def _ids_of_slice(self, wanted: Mapping[str, str]) -> set[str]:
        return {
            s.id
            for s in self.selected
            if all(str(s.metadata.get(key)) == value for key, value in wanted.items())
        }

    def _reference(self, metrics: Metrics, ending: Ending) -> dict[str, Metrics | None]:
        if ending.stopped or not self.settings.values.reference:
            return {"floor": None, "ceiling": None}
        reference = reference_metrics(
            self.selected, self.dataset.content_hash, self.evaluator, self.output
        )
        if self.settings.spec.kind == "rules":
            reference["floor"] = metrics
        return reference

    def _sample_report(self, sample: Sample, ending: Ending) -> SampleReport:
        missed = tuple(ending.missed.get(sample.id, ()))
        return SampleReport(sample, self._evaluations.get(sample.id), missed)

    def _close_run(self, status: Status) -> None:
        source = self.acquisition.source
        self._run["status"] = status
        self._run["finished_at"] = _now()
        self._run["generated"] = self.acquisition.generated
        if source is not None:
            self._run["provenance"]["source"] = dict(source.provenance())
        self._write_run()


def _thresholds_path(settings: ResolvedSettings) -> Path:
    given = settings.values.thresholds
    if given is not None:
        return settings.root / given
    return find("cfg/thresholds.yaml", settings.root)


def _status(gates: Sequence[GateVerdict], unanswered: Sequence[str], ending: Ending) -> Status:
    if unanswered or ending.stopped:
        return "INCOMPLETE"
    return "PASSED" if all(gate.passed for gate in gates) else "FAILED"


def _nearest_run(output: Path, identity: RunIdentity) -> tuple[str, list[str]] | None:
    """Return the earlier run that differs least (the latest of several), and in what."""
    mine = identity.to_json()
    best: tuple[int, str, str, list[str]] | None = None
    for path in [*output.glob("*/run.json"), *output.glob(f"*/{PARTIAL}/run.json")]:
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            changed = differences(run["identity"], mine)
            found = (-len(changed), str(run["started_at"]), str(run["id"]), changed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if changed and (best is None or found[:3] > best[:3]):
            best = found
    return None if best is None else (best[2], best[3])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
