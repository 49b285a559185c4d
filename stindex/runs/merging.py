"""Runs of several machines ─▶ one: their journals side by side, proven whole, reported anew.

`merge_runs` takes the directories of runs of one identity, e.g. one for each `--shard`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from stindex.config import ResolvedSettings, Settings, dataset_path
from stindex.datasets import load_dataset
from stindex.errors import UserError
from stindex.gates import sample_shortfalls
from stindex.llm.registry import ModelSpec
from stindex.llm.sources import Answerer, server_cost
from stindex.reporting.run_report import RunReport
from stindex.runs.evaluation_run import Ending, EvaluationRun
from stindex.runs.identity import differences
from stindex.runs.journal import JOURNAL_DIRECTORY
from stindex.runs.pulse import Pulse
from stindex.runs.run_file import PARTIAL
from stindex.schema import Outcome
from stindex.stored import RUN, read_versioned

# What made a run a part of the whole, or belongs to the machine that it ran on.
_OF_THE_PART = {"limit", "sample_id", "shard", "output_dir", "fresh", "retry_errors", "device"}


@dataclass(frozen=True, slots=True)
class Source:
    """A run that is merged: its directory and the content of its `run.json`."""

    directory: Path
    run: Mapping[str, Any]


def merge_runs(
    directories: Sequence[Path], output: Path, root: Path, announce: Callable[[str], None]
) -> tuple[RunReport, Path]:
    """Make one run of several below `output`; return its report and the directory of it.

    Args:
        directories: each with a journal, or with exactly one run below it.
        root: the data set and the thresholds are looked for from here.

    Raises:
        UserError: they are not runs of one identity; the data set or the prompt is another here;
            something cannot be read or written.
    """
    sources = [find_source(directory) for directory in directories]
    _refuse_different(sources)
    settings = _settings(sources[0], output, root)
    run = _identified(sources[0], settings, announce)
    _copy_journals(sources, run.directory)
    pulse = Pulse()
    try:
        return _reported(run, sources, pulse, announce), run.report_directory
    finally:
        run.release()
        pulse.close()


def find_source(directory: Path) -> Source:
    """Return the run in a directory, or the only one below it.

    Raises:
        UserError: there is none, or there are several.
    """
    if not (directory / JOURNAL_DIRECTORY).is_dir():
        found = [path.parent for path in sorted(directory.glob(f"*/{JOURNAL_DIRECTORY}"))]
        if len(found) != 1:
            what = "no run" if not found else f"{len(found)} runs"
            raise UserError(f"{directory}: holds {what}; name the directory of one run.")
        directory = found[0]
    for reports in (directory, directory / PARTIAL):
        if (reports / RUN).is_file():
            return Source(directory, read_versioned(reports / RUN))
    raise UserError(f"{directory}: has no {RUN}; name the directory of a run.")


def _refuse_different(sources: Sequence[Source]) -> None:
    first = sources[0]
    for other in sources[1:]:
        changed = differences(first.run["identity"], other.run["identity"])
        if changed:
            raise UserError(
                f"{other.directory} is not a part of the same run as {first.directory}: "
                f"{', '.join(changed)}; merge parts of one run."
            )


def _settings(source: Source, output: Path, root: Path) -> ResolvedSettings:
    stored: Mapping[str, Any] = source.run["settings"]
    kept = {
        name: entry
        for name, entry in stored.items()
        if name in Settings.model_fields and name not in _OF_THE_PART and entry["value"] is not None
    }
    given = {name: entry["value"] for name, entry in kept.items()}
    values = Settings.model_validate({**given, "output_dir": str(output.absolute())})
    named = dict.fromkeys(Settings.model_fields, "default")
    origins = {**named, **{name: str(entry["source"]) for name, entry in kept.items()}}
    spec = ModelSpec(values.model, "stored", dtype=values.torch_dtype)
    return ResolvedSettings(values, origins, spec, root)


def _identified(
    source: Source, settings: ResolvedSettings, announce: Callable[[str], None]
) -> EvaluationRun:
    path = dataset_path(settings.values.dataset, settings.root)
    dataset = load_dataset(path).repeated(settings.values.repeats)
    run = EvaluationRun(settings, dataset)
    cost = server_cost(settings) if "cost" in source.run else None
    answerer = Answerer(str(source.run["identity"]["weights"]), _refuse_to_answer, cost=cost)
    run.identify(dataset.samples, announce, answerer=answerer)
    changed = differences(source.run["identity"], run.identity.to_json())
    if changed:
        raise UserError(
            f"{source.directory}: was made with something else than there is here: "
            f"{', '.join(changed)}; merge where these are the same."
        )
    return run


def _refuse_to_answer() -> NoReturn:
    raise UserError("A part of this merge lacks an answer; complete that part and merge again.")


def _copy_journals(sources: Sequence[Source], target: Path) -> None:
    """Put the journals side by side; each has a name that no other process has given."""
    directory = target / JOURNAL_DIRECTORY
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for source in sources:
            for path in sorted((source.directory / JOURNAL_DIRECTORY).glob("*.jsonl")):
                copy = directory / path.name
                if copy.exists() and copy.stat().st_size >= path.stat().st_size:
                    continue
                new = copy.with_name(f"{path.name}.{os.getpid()}.new")
                shutil.copyfile(path, new)
                new.replace(copy)
    except OSError as problem:
        raise UserError(
            f"{directory}: a journal cannot be copied ({problem}); make room and merge again."
        ) from None


def _reported(
    run: EvaluationRun, sources: Sequence[Source], pulse: Pulse, announce: Callable[[str], None]
) -> RunReport:
    run.processes = {
        "arrangement": f"merged from {len(sources)} runs",
        "count": len(sources),
        "merged": [
            {
                "started_at": source.run.get("started_at"),
                "host": source.run.get("provenance", {}).get("host"),
                "settings": {"shard": source.run["settings"].get("shard")},
            }
            for source in sources
        ],
    }
    with suppress(KeyError):
        run.source_facts = dict(sources[0].run["provenance"]["source"])
    run.own(announce, pulse)
    # What was answered twice here was answered by two of the parts.
    run.stock = replace(run.stock, twice=frozenset())
    run.follow()
    run.evaluate_the_rest()
    return run.finish(Ending(missed=_missed(run)))


def _missed(run: EvaluationRun) -> dict[str, list[str]]:
    """Return what the suite that comes with stindex asserts of a sample."""
    missed: dict[str, list[str]] = {}
    for sample in run.selected:
        evaluation = run.known_evaluation(sample)
        if evaluation is None:
            continue
        if evaluation.outcome is not Outcome.OK:
            missed[sample.id] = [f"{evaluation.outcome}: {evaluation.reason}"]
        elif shortfalls := sample_shortfalls(run.thresholds, evaluation.score):
            missed[sample.id] = ["; ".join(shortfalls)]
    return missed
