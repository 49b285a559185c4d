"""A finished (or stopped) run as the reports see it.

Whoever ends a run, or restores one from its files, fills it in; everything in `reporting/` takes
it and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stindex.evaluation import Evaluation
from stindex.gates import GateVerdict
from stindex.schema import Sample

Status = Literal["RUNNING", "PASSED", "FAILED", "INCOMPLETE"]


@dataclass(frozen=True, slots=True)
class SampleReport:
    """One sample of the selection; `evaluation` is None where it has no answer."""

    sample: Sample
    evaluation: Evaluation | None
    missed: tuple[str, ...] = ()  # one sentence for each assertion that did not hold


@dataclass(frozen=True, slots=True)
class RunReport:
    """All that goes into the files of a run.

    Attributes:
        run: the content of `run.json`: `id`, `status`, `identity`, `settings` (each with
            `value` and `source`), `provenance` (command, versions, hardware, git, hashes), times.
        partial: a selection (`--limit`, `-k`) of the data set; a selection is complete in itself.
        metrics: `{"temporal": {...}, "spatial": {...}, "overall": {...}}`, keys as documented.
        reference: `{"floor": metrics | None, "ceiling": metrics | None}`, same shape.
        samples: in file order. Each writer iterates them once, from the start: a sequence, or an
            object whose `__iter__` reads them anew where they do not fit into memory.
        missing: ids without an answer.
        notes: sentences for the reader, e.g. what changed against an earlier run.
        slices: parts of the data set, each `{"by", "value", "samples", "metrics"}`; metrics in
            the same shape, headline keys only.
        repeats: what several answers to each sample (`--repeats`) say beyond one: noise of the data
            and of the model's sampling apart; `docs/metrics.md` names its keys.
        comparison: this run against a baseline; None where there is none. `docs/report.md` names
            its keys.
        texts: False keeps the words of texts and answers out of `report.html` (`--no-text`).
        baseline_samples: id to that sample's object of the baseline's `detailed_results.json`.
    """

    run: Mapping[str, Any]
    status: Status
    partial: bool
    metrics: Mapping[str, Mapping[str, Any]]
    reference: Mapping[str, Mapping[str, Mapping[str, Any]] | None]
    gates: tuple[GateVerdict, ...]
    samples: Iterable[SampleReport]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    slices: tuple[Mapping[str, Any], ...] = ()
    repeats: Mapping[str, Any] | None = None
    comparison: Mapping[str, Any] | None = None
    baseline_samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    texts: bool = True
