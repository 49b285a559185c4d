"""A stored run ─▶ the `RunReport` that its reports are written from, without scoring anything.

Every figure is the stored one. The texts of the samples are in the data set alone: they are there
where its file is and has the content that was evaluated, and empty elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from stindex.comparison.baselines import find_baseline
from stindex.config import dataset_path
from stindex.datasets import load_dataset
from stindex.errors import UserError
from stindex.evaluation import Evaluation
from stindex.gates import GateVerdict
from stindex.reporting.run_report import RunReport, SampleReport, Status
from stindex.runs.record import Record
from stindex.schema import (
    EntityMention,
    FinishReason,
    Generation,
    GoldLayer,
    Mention,
    Outcome,
    Place,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import DIMENSIONS, aggregate
from stindex.stored import PARTIAL, RUN, StoredRun, read_versioned, stored_score


@dataclass(frozen=True, slots=True)
class StoredTexts:
    """The samples of the evaluated data set by id; `problem` is a sentence where there are none."""

    samples: Mapping[str, Sample]
    problem: str = ""


def stored_texts(stored: StoredRun, root: Path) -> StoredTexts:
    """Return the samples of the data set that a run was about.

    Args:
        root: where a relative path in the run's settings starts.
    """
    named = str(stored.run["settings"]["dataset"]["value"])
    path = dataset_path(named, root)
    try:
        dataset = load_dataset(path)
    except UserError as problem:
        return StoredTexts({}, f"The texts are not shown: {problem}")
    if dataset.content_hash != stored.run["identity"]["dataset_hash"]:
        return StoredTexts(
            {}, f"The texts are not shown: {path} has changed since the run; rescore it with it."
        )
    repeats = stored.run["settings"].get("repeats", {}).get("value", 1)
    return StoredTexts({sample.id: sample for sample in dataset.repeated(repeats).samples})


@dataclass(frozen=True, slots=True)
class StoredBaseline:
    """The baseline's samples as its `detailed_results.json` has them; `problem` says why not."""

    samples: Mapping[str, Mapping[str, Any]]
    problem: str = ""


def stored_baseline(stored: StoredRun, root: Path) -> StoredBaseline:
    """Return the samples of the baseline that a run was compared with; empty without one.

    Args:
        root: where a relative path in the run's settings starts; an id is looked for beside the
            run.
    """
    named = stored.run["settings"].get("baseline", {}).get("value")
    if not named or not stored.summary.get("comparison"):
        return StoredBaseline({})
    beside = stored.directory.parents[1 if stored.directory.name == PARTIAL else 0]
    try:
        found = find_baseline(str(named), root, beside)
    except UserError as problem:
        return StoredBaseline({}, f"The baseline's samples are not shown: {problem}")
    compared = stored.summary["comparison"]["baseline"]
    if (found.run_id, found.run.get("started_at")) != (compared["id"], compared["started_at"]):
        return StoredBaseline(
            {}, f"The baseline's samples are not shown: {named} was made anew since the comparison."
        )
    return StoredBaseline(found.details)


@dataclass(frozen=True, slots=True)
class _StoredSamples:
    """Reads the samples of a run anew each time it is iterated; they need not fit into memory."""

    stored: StoredRun
    texts: Mapping[str, Sample]

    def __iter__(self) -> Iterator[SampleReport]:
        for detail in self.stored.samples():
            yield restored_sample(detail, self.texts)


def restored_report(
    stored: StoredRun, texts: StoredTexts, baseline: StoredBaseline | None = None
) -> RunReport:
    """Return a stored run as the reports see it."""
    problems = texts.problem, baseline.problem if baseline else ""
    summary, written = stored.summary, aggregate(())
    run = read_versioned(stored.directory / RUN)
    return RunReport(
        run=run,
        status=cast("Status", stored.status),
        partial=stored.partial,
        metrics=_ordered(stored.metrics, written),
        reference={
            name: metrics and _ordered(metrics, written)
            for name, metrics in summary["reference"].items()
        },
        gates=tuple(_verdict(gate) for gate in stored.gates),
        samples=_StoredSamples(stored, texts.samples),
        missing=tuple(summary["missing"]),
        slices=tuple(summary.get("slices", ())),
        repeats=summary.get("repeats"),
        comparison=summary.get("comparison"),
        notes=(*run.get("notes", ()), *filter(None, problems)),
        baseline_samples=baseline.samples if baseline else {},
        texts=_shows_texts(stored.run),
    )


def _shows_texts(run: Mapping[str, Any]) -> bool:
    """Return whether the run let its page show texts; one of before that setting did."""
    setting = run.get("settings", {}).get("text")
    return bool(setting["value"]) if isinstance(setting, Mapping) else True


def _ordered(stored: Mapping[str, Any], like: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored metrics in the order in which they are computed; in the file they are sorted.

    What this program computes no more comes last.
    """
    names = [name for name in like if name in stored]
    names += [name for name in stored if name not in like]
    return {
        name: _ordered(stored[name], like.get(name) or {})
        if isinstance(stored[name], Mapping)
        else stored[name]
        for name in names
    }


def _verdict(gate: Mapping[str, Any]) -> GateVerdict:
    known = {field.name for field in fields(GateVerdict)}
    kept = {name: value for name, value in gate.items() if name in known}
    if kept.get("interval") is not None:
        kept["interval"] = tuple(kept["interval"])
    return GateVerdict(**kept)


def restored_sample(detail: Mapping[str, Any], texts: Mapping[str, Sample]) -> SampleReport:
    """Return one object of `detailed_results.json` as a sample of a report."""
    sample = texts.get(detail["id"]) or Sample(detail["id"], "", {})
    sample = replace(sample, gold=_gold(detail["gold"]))
    missed = tuple(detail["missed"])
    if detail["outcome"] is None:
        return SampleReport(sample, None, missed)
    return SampleReport(sample, _evaluation(sample, detail), missed)


def _evaluation(sample: Sample, detail: Mapping[str, Any]) -> Evaluation:
    prediction, score = detail["prediction"], stored_score(detail)
    return Evaluation(
        sample,
        Record("", sample.id, restored_generation(detail)),
        Outcome(detail["outcome"]),
        detail["reason"],
        detail["thought"],
        None if prediction is None else Prediction(_layers(prediction)),
        score,
    )


def restored_generation(detail: Mapping[str, Any]) -> Generation:
    """Return the answer in one object of `detailed_results.json` that has one."""
    tokens, timing = detail["tokens"], detail["score"]["timing"] or {}
    return Generation(
        detail["raw_text"],
        cast("FinishReason", detail["finish_reason"]),
        tokens["prompt"],
        tokens["completion"],
        detail["seconds"],
        timing.get("batch_size", 1),
        tokens["thought"],
        tokens["grammar_interventions"],
        detail["reason"] if detail["finish_reason"] == "error" else "",
    )


def _gold(gold: Mapping[str, Any]) -> dict[str, GoldLayer]:
    partial = gold.get("annotation", {})
    return {
        name: GoldLayer(mentions, exhaustive=partial.get(name) != "partial")
        for name, mentions in _layers(gold).items()
    }


def _layers(stored: Mapping[str, Any]) -> dict[str, tuple[Mention, ...]]:
    kinds: dict[str, Callable[[Mapping[str, Any]], Mention]] = {
        "temporal": _temporal,
        "spatial": _spatial,
    }
    return {
        name: tuple(kinds.get(name, _entity)(mention) for mention in stored[f"{name}_mentions"])
        for name in DIMENSIONS
        if f"{name}_mentions" in stored
    }


def _temporal(mention: Mapping[str, Any]) -> TemporalMention:
    # What is empty was left out.
    return TemporalMention(**{"normalized": "", **mention})


def _entity(mention: Mapping[str, Any]) -> EntityMention:
    return EntityMention(**mention)


def _spatial(mention: Mapping[str, Any]) -> SpatialMention:
    place = mention.get("place")
    return SpatialMention(**{**mention, "place": None if place is None else Place(**place)})
