"""Errors by kind ─▶ rows with bars; of the metrics where they count them, else of the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stindex.reporting import wording
from stindex.reporting.page import drawings
from stindex.reporting.page.index import error_kinds
from stindex.reporting.readings import Tally
from stindex.reporting.run_report import RunReport
from stindex.scoring import DIMENSIONS


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often one kind of error was made; `baseline` is None where there is none.

    `link` is the fragment that shows the samples in which it was made.
    """

    kind: str
    words: str
    count: int
    baseline: int | None
    bar: Markup
    link: str


def error_counts(
    report: RunReport, tally: Tally, baseline: Mapping[tuple[str, str], int]
) -> dict[str, list[ErrorCount]]:
    """Return the errors of each dimension that was annotated, in the order of the kinds."""
    counted = {kind: _count(report.metrics, tally, *kind) for kind in _kinds()}
    largest = max([*counted.values(), *baseline.values()], default=0)
    has_baseline = bool(report.baseline_samples)
    rows: dict[str, list[ErrorCount]] = {name: [] for name in _annotated(report, counted)}
    for (name, kind), count in counted.items():
        if name not in rows:
            continue
        theirs = baseline.get((name, kind), 0) if has_baseline else None
        bar = drawings.count_bar(count, largest, theirs)
        words = wording.ERROR_WORDS[kind]
        rows[name].append(ErrorCount(kind, words, count, theirs, bar, f"#error={name}.{kind}"))
    return rows


def _annotated(report: RunReport, counted: Mapping[tuple[str, str], int]) -> Iterator[str]:
    """Yield the dimensions that a sample is annotated in, or that an error was counted in."""
    for name in DIMENSIONS:
        found = any(count for (dimension, _), count in counted.items() if dimension == name)
        if found or report.metrics.get(name, {}).get("samples") != 0:
            yield name


def _kinds() -> list[tuple[str, str]]:
    return [kind for kind in error_kinds() if wording.mistake_words(*kind) is not None]


def _count(metrics: Mapping[str, Mapping[str, Any]], tally: Tally, name: str, kind: str) -> int:
    counted = metrics.get(name, {}).get("errors")
    if isinstance(counted, Mapping) and kind in counted:
        return int(counted[kind])
    return tally.errors[name, kind]
