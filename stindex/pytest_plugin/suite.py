"""A session of pytest around one run: selection, missed samples, gates, exit status.

The hooks of this class translate; what they translate to is `EvaluationRun`.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest

from stindex.config import DEFAULT_DATASET, ResolvedSettings, resolve_settings
from stindex.datasets import Dataset, load_dataset
from stindex.errors import UserError
from stindex.gates import GateVerdict
from stindex.pytest_plugin.gate_reports import gate_reports, is_inconclusive
from stindex.pytest_plugin.progress import Progress
from stindex.reporting.comparison_table import comparison_lines
from stindex.reporting.github import annotation_lines, write_step_summary
from stindex.reporting.run_report import RunReport
from stindex.reporting.terminal import sample_lines, summary_lines
from stindex.resources import find
from stindex.runs.evaluation_run import Ending, EvaluationRun
from stindex.schema import Sample

SUITE = pytest.StashKey["Suite"]()

MOST_SHOWN = 20  # samples that are shown in the terminal before it points to the report
_LONGEST_ID = 80
_NO_REPLAY = ("lfplugin", "nfplugin", "stepwiseplugin")


class Suite:
    """The plugin object of one session."""

    def __init__(self, config: pytest.Config, given: Mapping[str, Any]) -> None:
        """Read the settings.

        Raises:
            pytest.UsageError: they are wrong.
        """
        self._config = config
        try:
            self._settings = resolve_settings(given, config.rootpath)
        except UserError as problem:
            raise pytest.UsageError(str(problem)) from None
        self._dataset: Dataset | None = None
        self._problem: UserError | None = None
        self._run: EvaluationRun | None = None
        self._report: RunReport | None = None
        self._missed: dict[str, list[str]] = {}
        self._progress: Progress | None = None

    @property
    def run(self) -> EvaluationRun:
        """The run; there is one as soon as a sample's test was collected."""
        if self._run is None:
            raise pytest.UsageError("This fixture needs a test that asks for a sample.")
        return self._run

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

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self) -> None:
        """Stop here, with the exit status of wrong usage, if the data set cannot be read."""
        if self._problem is not None:
            raise pytest.UsageError(str(self._problem))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin the run over the samples that are left."""
        selected = {s.id: s for item in session.items if (s := sample_of(item)) is not None}
        if not selected or self._dataset is None or self._config.option.collectonly:
            return
        self._refuse_several_processes()
        try:
            self._run = self._begun(self._dataset, list(selected.values()))
        except UserError as problem:
            raise pytest.UsageError(str(problem)) from None

    def _refuse_several_processes(self) -> None:
        workers = getattr(self._config.option, "tx", None) or hasattr(self._config, "workerinput")
        if workers or int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise pytest.UsageError(
                "Several processes (-n, accelerate launch) are not supported yet; run one process."
            )

    def _begun(self, dataset: Dataset, selected: list[Sample]) -> EvaluationRun:
        reporter = self._terminal()
        run = EvaluationRun(self._settings, dataset)
        announce = reporter.write_line if reporter else lambda _: None
        run.begin(selected, announce)
        if reporter is not None:
            self._progress = Progress(reporter, len(selected), run.acquisition.to_generate)
        return run

    def _terminal(self) -> pytest.TerminalReporter | None:
        plugin = self._config.pluginmanager.getplugin("terminalreporter")
        return cast("pytest.TerminalReporter | None", plugin)

    # --- the run

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Report the gates as tests of their own when all samples are through."""
        if self._run is None:
            return (yield)
        with _terminated_as_interrupt():
            try:
                result = yield
            except BaseException:
                self._finish(session, stopped=True)
                raise
            self._finish(session, stopped=False)
        return result

    def _finish(self, session: pytest.Session, *, stopped: bool) -> None:
        if self._progress is not None:
            self._progress.close()
        try:
            self._report = self.run.finish(Ending(stopped, self._missed))
        except UserError as problem:
            pytest.exit(str(problem), returncode=2)
        for verdict in self._report.gates:
            self._log_gate(session, verdict)

    def _log_gate(self, session: pytest.Session, verdict: GateVerdict) -> None:
        reports = gate_reports(verdict, decides=self._gate_decides(verdict))
        session.testscollected += 1
        hook = session.config.hook
        hook.pytest_runtest_logstart(nodeid=reports[0].nodeid, location=reports[0].location)
        manager = session.config.pluginmanager
        unaware = [p for name in _NO_REPLAY if (p := manager.getplugin(name)) is not None]
        for report in reports:
            manager.subset_hook_caller("pytest_runtest_logreport", unaware)(report=report)
        hook.pytest_runtest_logfinish(nodeid=reports[0].nodeid, location=reports[0].location)

    def _gate_decides(self, verdict: GateVerdict) -> bool:
        return verdict.metric == "complete" or self._settings.values.exit_on != "samples"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn a sample's failed assertion into a missed sample, or into a failure in few lines."""
        report = yield
        sample = sample_of(item)
        if sample is None or self._run is None or call.when != "call" or call.excinfo is None:
            return report
        if not isinstance(call.excinfo.value, AssertionError):
            return report
        sentence = str(call.excinfo.value).partition("\n")[0] or "an assertion does not hold"
        self._missed.setdefault(sample.id, []).append(sentence)
        if self._settings.values.exit_on == "gates":
            report.outcome = "skipped"
            report.wasxfail = f"missed: {sentence}"
        shown = len(self._missed) <= MOST_SHOWN
        report.longrepr = "\n".join(self._lines(sample)) if shown else f"{sample.id}: {sentence}"
        return report

    def _lines(self, sample: Sample) -> list[str]:
        evaluation = self.run.evaluation(sample)
        return sample_lines(evaluation, self._missed[sample.id])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Move the progress on."""
        if self._progress is not None and self._run is not None and report.when == "call":
            self._progress.seen(report.nodeid, self._run)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Call a sample that does not hold missed; leave the line to the progress."""
        if is_inconclusive(report):
            return "inconclusive", "?", "INCONCLUSIVE"
        if getattr(report, "wasxfail", "").startswith("missed: "):
            return "missed", "" if self._progress and self._progress.active else "m", "MISSED"
        quiet = self._progress is not None and self._progress.active
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
        terminalreporter.write_sep("=", f"stindex: {self._report.status}")
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
            for line in self._lines(samples[sample_id]):
                terminalreporter.write_line(line)
        more = len(self._missed) - MOST_SHOWN
        if more > 0:
            where = self._shown(self.run.report_directory)
            terminalreporter.write_line(f"{more} more missed samples: see {where}")

    def _shown(self, directory: Path) -> str:
        path = directory / "report.html"
        invocation = self._config.invocation_params.dir
        return str(path.relative_to(invocation) if path.is_relative_to(invocation) else path)


def sample_of(item: pytest.Item) -> Sample | None:
    """Return the sample that a test is about; None for every other test."""
    callspec = getattr(item, "callspec", None)
    sample = callspec.params.get("sample") if callspec is not None else None
    return sample if isinstance(sample, Sample) else None


def readable_ids(sample_ids: list[str]) -> list[str]:
    """Return parts of node ids: printable, short, and different from each other."""
    seen: dict[str, int] = {}
    ids = []
    for sample_id in sample_ids:
        shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in sample_id)
        if len(shown) > _LONGEST_ID:
            digest = hashlib.sha256(sample_id.encode("utf-8", "surrogatepass")).hexdigest()
            shown = f"{shown[:64]}~{digest[:8]}"
        seen[shown] = seen.get(shown, 0) + 1
        ids.append(shown if seen[shown] == 1 else f"{shown}~{seen[shown]}")
    return ids


def _chosen(settings: ResolvedSettings) -> Dataset:
    """Return the data set, or the part of it that `--limit` and `--sample-id` choose."""
    values = settings.values
    own = settings.root / values.dataset
    path = find(DEFAULT_DATASET) if values.dataset == DEFAULT_DATASET and not own.exists() else own
    return load_dataset(path).chosen(values.limit, values.sample_id)


class _terminated_as_interrupt:  # noqa: N801 (used like a function)
    """SIGTERM ends the session as Ctrl-C does, so that reports of what there is are written."""

    def __enter__(self) -> None:
        try:
            self._before = signal.signal(signal.SIGTERM, self._interrupt)
        except ValueError:  # not in the main thread
            self._before = None

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _interrupt(_signal: int, _frame: FrameType | None) -> None:
        pytest.exit("terminated by SIGTERM", returncode=2)
