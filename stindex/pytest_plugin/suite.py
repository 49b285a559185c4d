"""A session of pytest around one run: selection, missed samples, gates, exit status.

The hooks of this class translate; what they translate to is `EvaluationRun`. What is different
where several processes share a run is in a part: `Alone`, `Controller`, `WorkerPart`, `RankPart`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from stindex.config import ResolvedSettings, dataset_path, resolve_settings
from stindex.datasets import Dataset, load_dataset
from stindex.errors import UserError
from stindex.gates import COMPLETE, GateVerdict
from stindex.pytest_plugin.failures import plain, show_failure
from stindex.pytest_plugin.gate_reports import gate_reports, is_inconclusive
from stindex.pytest_plugin.interruption import STATUS, Interruption
from stindex.pytest_plugin.junit import remove_old_junit_file
from stindex.pytest_plugin.parts import Alone, Part, Session
from stindex.pytest_plugin.progress import Progress
from stindex.pytest_plugin.ranks import RankPart
from stindex.pytest_plugin.samples import readable_ids, sample_of, selected_samples
from stindex.pytest_plugin.workers import Controller, WorkerPart, worker_name, workers_to_start
from stindex.reporting.comparison_table import comparison_lines
from stindex.reporting.github import annotation_lines, write_step_summary
from stindex.reporting.run_report import RunReport
from stindex.reporting.terminal import sample_lines, summary_lines
from stindex.runs.evaluation_run import Ending, EvaluationRun
from stindex.runs.roles import find_role, lonely_launch
from stindex.runs.sharding import shard_of
from stindex.schema import Sample

# They remember tests by their node id, and a gate is none that could be run again.
_NO_REPLAY = ("lfplugin", "nfplugin", "stepwiseplugin")
OBJECTS_BETWEEN_COLLECTIONS = 100_000  # some ten megabytes
MOST_SHOWN = 20  # samples that are shown in the terminal before it points to the report


class RunStoppedError(Exception):
    """The run cannot go on; raised in a worker, whose controller ends the session."""


class Suite:
    """The plugin object of one session."""

    def __init__(self, config: pytest.Config, given: Mapping[str, Any]) -> None:
        """Read the settings and find out what this process is.

        Raises:
            pytest.UsageError: they are wrong.
        """
        self._config = config
        try:
            self._settings = resolve_settings(given, config.rootpath)
            self.role = find_role(
                os.environ, workers=workers_to_start(config), worker=worker_name(config)
            )
            self._session = Session(config, self._settings, self.role, self._chosen_dataset)
            self._part = _part(self._session)
        except UserError as problem:
            raise pytest.UsageError(str(problem)) from None
        if self.role.owns:
            remove_old_junit_file(config)
        self._interruption = Interruption(self._end_at_once, controlled=self.role.kind == "worker")
        self._dataset: Dataset | None = None
        self._problem: UserError | None = None
        self._report: RunReport | None = None
        self._missed: dict[str, list[str]] = {}
        self._shown_in_full = 0
        self._progress: Progress | None = None
        self._threshold: tuple[int, ...] = ()  # of the garbage collector, as it was found

    @property
    def run(self) -> EvaluationRun:
        """The run; there is one as soon as a sample's test was collected.

        Raises:
            UserError: it cannot begin.
        """
        run = self._part.run
        if run is None:
            raise pytest.UsageError("No test asks for a sample; give one the argument `sample`.")
        return run

    def stop(self, problem: UserError) -> NoReturn:
        """End the session because the run cannot go on."""
        if self.role.kind == "worker":
            raise RunStoppedError(str(problem)) from None
        # Where the owner ends the session, this process's own status would only be in its way.
        pytest.exit(str(problem), returncode=0 if self._part.tells(problem) else STATUS)

    # --- collection

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test that asks for a sample once for each."""
        if "sample" not in metafunc.fixturenames:
            return
        samples = self._samples()
        ids = readable_ids([sample.id for sample in samples])
        metafunc.parametrize("sample", samples, ids=ids, indirect=True)

    def _samples(self) -> tuple[Sample, ...]:
        """Return the samples; a broken data set is reported after collection, as a usage error."""
        try:
            if self._dataset is None and self._problem is None:
                self._dataset = _chosen(self._settings)
        except UserError as problem:
            self._problem = problem
        return self._dataset.samples if self._dataset else ()

    def _chosen_dataset(self) -> Dataset:
        """Return the data set; for a controller, which collects nothing."""
        if self._dataset is None:
            self._dataset = _chosen(self._settings)
        return self._dataset

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Stop here, with the exit status of wrong usage, if the data set cannot be read."""
        if self._problem is not None:
            self._part.refuse(self._problem, items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin the run over the samples that are left."""
        self._session.pytest_session = session
        selected = selected_samples(session.items)
        if not selected or self._dataset is None or self._config.option.collectonly:
            return
        # Tests and samples live as long as the session, and so do the evaluations that come: the
        # garbage collector need not look at the first at all, nor at the second every few samples.
        # At 100,000 of them that costs a fifth of the time. What is garbage by now is little.
        gc.freeze()
        self._threshold = gc.get_threshold()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        try:
            self._part.begin(self._dataset, selected, session.items)
        except UserError as problem:
            if self._part.tells(problem):
                pytest.exit(str(problem), returncode=0)
            raise pytest.UsageError(str(problem)) from None

    # --- the run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Report the gates as tests of their own when all samples are through."""
        self._session.pytest_session = session
        try:
            result = yield
        except BaseException:
            with self._interruption.held():
                self._finish(session, stopped=True)
            raise
        with self._interruption.held():
            self._finish(session, stopped=bool(self._interruption.reason))
        return result

    def _finish(self, session: pytest.Session, *, stopped: bool) -> None:
        run = self._part.owned
        if run is None:
            return
        if self._progress is not None:
            self._progress.close()
        try:
            self._part.gather(stopped=stopped)
            self._report = run.finish(Ending(stopped, self._missed))
        except UserError as problem:
            if not stopped:
                pytest.exit(str(problem), returncode=STATUS)
            if self._interruption.reason:  # otherwise what stopped the run says it already
                self._session.announce(str(problem))
            return
        finally:
            with suppress(UserError):
                run.close_if_running()
        for verdict in self._report.gates:
            self._log_gate(session, verdict)

    def _log_gate(self, session: pytest.Session, verdict: GateVerdict) -> None:
        reports = gate_reports(verdict, decides=self._decides(verdict))
        session.testscollected += 1
        hook, manager = session.config.hook, session.config.pluginmanager
        hook.pytest_runtest_logstart(nodeid=reports[0].nodeid, location=reports[0].location)
        unaware = [p for name in _NO_REPLAY if (p := manager.getplugin(name)) is not None]
        for report in reports:
            manager.subset_hook_caller("pytest_runtest_logreport", unaware)(report=report)
        hook.pytest_runtest_logfinish(nodeid=reports[0].nodeid, location=reports[0].location)

    def _decides(self, verdict: GateVerdict) -> bool:
        return verdict.metric == COMPLETE or self._settings.values.exit_on != "samples"

    def _end_at_once(self) -> None:
        if self._part.owned is not None:
            with suppress(UserError):
                self._part.owned.close_if_running()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn a sample's failed assertion into a missed sample, or into a failure in few lines."""
        report = yield
        if call.excinfo is not None:
            self._explain(item, call.excinfo.value, report)
        if self._part.reports_travel and report.when == "call":
            sample = sample_of(item)
            position = None if sample is None else self._position(sample)
            vars(report)["stindex_sample"] = position
        return report

    def _explain(
        self, item: pytest.Item, problem: BaseException, report: pytest.TestReport
    ) -> None:
        """Say in few lines why a test does not hold."""
        sample = sample_of(item)
        if isinstance(problem, RunStoppedError):
            report.longrepr = vars(report)["stindex_stopped"] = plain(str(problem))
        elif sample is not None and report.when == "call" and isinstance(problem, AssertionError):
            self._explain_sample(sample, problem, report)

    def _explain_sample(
        self, sample: Sample, problem: AssertionError, report: pytest.TestReport
    ) -> None:
        sentence = plain(str(problem).partition("\n")[0]) or "an assertion does not hold"
        # What a report has as attributes travels with it to another process.
        vars(report)["stindex_missed"] = [self._position(sample), sentence]
        if self._settings.values.exit_on == "gates":
            report.outcome = "skipped"
            report.wasxfail = f"missed: {sentence}"
        self._shown_in_full += 1
        lines = [f"{sample.id}: {sentence}"]
        if self._shown_in_full <= MOST_SHOWN:
            lines = sample_lines(self.run.evaluation(sample), [sentence])
        style = self._config.option.tbstyle
        show_failure(report, sample.id, sentence, lines, style)

    def _position(self, sample: Sample) -> int:
        """Return the place of a sample in the data set: its id may be too odd to travel."""
        return self._session.position(self._dataset, sample)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what does not hold; move the progress on."""
        stopped = getattr(report, "stindex_stopped", "")
        if stopped and self.role.owns:
            pytest.exit(stopped, returncode=STATUS)
        run = self._part.owned
        if run is None:
            return
        missed = getattr(report, "stindex_missed", None)
        if missed is not None:
            sample_id = run.dataset.samples[missed[0]].id
            self._missed.setdefault(sample_id, []).append(missed[1])
        if report.when == "call":
            self._note(run, report)

    def _note(self, run: EvaluationRun, report: pytest.TestReport) -> None:
        position = getattr(report, "stindex_sample", None)
        if position is not None:
            run.take_note(run.dataset.samples[position])
        if self._progress is None:
            reporter = self._session.terminal()
            if reporter is None:
                return
            self._progress = Progress(reporter, len(run.selected), run.to_generate)
        self._progress.seen(report.nodeid, run)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Call a sample that does not hold missed; leave the line to the progress."""
        if is_inconclusive(report):
            return "inconclusive", "?", "INCONCLUSIVE"
        quiet = self._progress is not None and self._progress.active
        if getattr(report, "wasxfail", "").startswith("missed: "):
            return "missed", "" if quiet else "m", "MISSED"
        if quiet and report.when == "call" and report.passed:
            return "passed", "", "PASSED"
        return None

    # --- the end

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the first missed samples, the metrics, the gates, and where the report is."""
        if self._report is None:
            return
        if self._settings.values.exit_on == "gates":
            self._show_missed(terminalreporter)
        incomplete = self._report.status == "INCOMPLETE"
        terminalreporter.write_sep(
            "=", f"stindex: {self._report.status}", red=incomplete, bold=incomplete
        )
        compared = comparison_lines(self._report.comparison)
        for line in (*summary_lines(self._report), *compared, *self.run.changed):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"report: {self._shown(self.run.report_directory)}")
        if os.environ.get("GITHUB_ACTIONS"):
            for line in annotation_lines(self._report):
                terminalreporter.write_line(line)
        write_step_summary(self._report, os.environ)

    def _show_missed(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._missed:
            return
        samples = {sample.id: sample for sample in self.run.selected}
        terminalreporter.write_sep("=", "missed samples")
        for sample_id in list(self._missed)[:MOST_SHOWN]:
            evaluation = self.run.known_evaluation(samples[sample_id])
            lines: Sequence[str] = [sample_id]
            if evaluation is not None:
                lines = sample_lines(evaluation, self._missed[sample_id])
            for line in lines:
                terminalreporter.write_line(line)
        more = len(self._missed) - MOST_SHOWN
        if more > 0:
            where = self._shown(self.run.report_directory)
            terminalreporter.write_line(f"{more} more missed samples: see {where}")

    def _shown(self, directory: Path) -> str:
        path = directory / "report.html"
        invocation = self._config.invocation_params.dir
        return str(path.relative_to(invocation) if path.is_relative_to(invocation) else path)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """End this process's part; the exit status is the owner's alone."""
        self._part.end(session)
        yield

    def pytest_unconfigure(self) -> None:
        """Let others into the run's directory when no process of this launch is left."""
        if self._threshold:
            gc.set_threshold(*self._threshold)
            # pytest collects five times at its end; what is alive now stays alive.
            gc.collect()
            gc.freeze()
        self._interruption.restore()
        self._part.close()


def _part(session: Session) -> Part:
    parts: dict[str, type[Part]] = {
        "single": Alone,
        "controller": Controller,
        "worker": WorkerPart,
        "rank": RankPart,
    }
    note = lonely_launch(os.environ)
    if note:
        session.notes.append(note)
    return parts[session.role.kind](session)


def _chosen(settings: ResolvedSettings) -> Dataset:
    """Return the data set, or the part of it that the settings choose."""
    values = settings.values
    dataset = load_dataset(dataset_path(values.dataset, settings.root))
    chosen = dataset.chosen(values.limit, values.sample_id)
    return shard_of(chosen.repeated(values.repeats), values.shard)
