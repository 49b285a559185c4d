"""`report.html`: one file that shows a whole run and loads nothing.

The samples are read once. What the head of the page needs of them is added up on the way; what
they look like in detail is kept as far as a page of about 15 MB has room.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stindex.gates import GateVerdict
from stindex.reporting import drawings, wording
from stindex.reporting.audit import audited
from stindex.reporting.provenance import facts_of, settings_of
from stindex.reporting.readings import SampleReading, Tally, read_sample
from stindex.reporting.run_report import RunReport
from stindex.reporting.sample_view import error_words, view_sample
from stindex.reporting.visible import shortened, visible_markup, visible_text
from stindex.scoring import DIMENSIONS

DETAIL_BYTES = 9_000_000
DETAIL_SAMPLES = 2_000
OPEN_SAMPLES = 12
SHOWN_MISSING = 200

_TEMPLATES = Path(__file__).parent / "templates"


def html_report(report: RunReport) -> Iterator[str]:
    """Yield the text of `report.html` piece by piece, audited.

    Raises:
        UnsafePageError: something in the page was not written by the templates (a bug).
    """
    survey = _survey(report)
    context = _head(report, survey.tally) | _body(report, survey)
    stream = _environment().get_template("report.html.j2").stream(context)
    stream.enable_buffering(64)
    yield from audited(stream)


# ── Samples ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One sample in the index."""

    number: int
    id: str
    language: str
    category: str
    outcome: str
    f1: tuple[float | None, ...]
    errors: str
    is_wrong: bool
    is_missed: bool


@dataclass(slots=True)
class _Shelf:
    """Details in file order, until the room for them is used up."""

    rendered: dict[int, Markup] = field(default_factory=dict)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.size >= DETAIL_BYTES

    def put(self, number: int, html: str) -> None:
        self.size += len(html.encode("utf-8", "backslashreplace"))
        if not self.is_full:
            self.rendered[number] = Markup(html)  # noqa: S704 - rendered by an escaping template


@dataclass(slots=True)
class _Survey:
    """All that one pass over the samples leaves behind."""

    tally: Tally = field(default_factory=Tally)
    rows: list[IndexRow] = field(default_factory=list)
    wrong: _Shelf = field(default_factory=_Shelf)
    right: _Shelf = field(default_factory=_Shelf)

    @property
    def shows_all(self) -> bool:
        fits = self.wrong.size + self.right.size < DETAIL_BYTES
        return fits and self.tally.samples <= DETAIL_SAMPLES

    def details(self) -> dict[int, Markup]:
        """Return all details if there is room for all, else the first with something wrong."""
        if not self.shows_all:
            return self.wrong.rendered
        return dict(sorted((self.wrong.rendered | self.right.rendered).items()))


def _survey(report: RunReport) -> _Survey:
    survey = _Survey()
    template = _environment().get_template("sample.html.j2")
    for number, sample in enumerate(report.samples, start=1):
        reading = read_sample(number, sample)
        survey.tally.add(reading)
        survey.rows.append(_index_row(reading))
        shelf = survey.wrong if reading.is_wrong else survey.right
        is_wanted = reading.is_wrong or number <= DETAIL_SAMPLES
        if is_wanted and not shelf.is_full:
            shelf.put(number, template.render(view=view_sample(reading)))
    return survey


def _index_row(reading: SampleReading) -> IndexRow:
    metadata = reading.sample.metadata
    return IndexRow(
        number=reading.number,
        id=shortened(reading.sample.id, 120),
        language=shortened(str(metadata.get("language") or ""), 30),
        category=shortened(str(metadata.get("category") or ""), 60),
        outcome=reading.outcome,
        f1=tuple(reading.f1[name] for name in DIMENSIONS),
        errors=error_words(reading),
        is_wrong=reading.is_wrong,
        is_missed=bool(reading.report.missed),
    )


def _body(report: RunReport, survey: _Survey) -> dict[str, Any]:
    details = survey.details()
    return {
        "rows": survey.rows,
        "details": details,
        "shows_all": survey.shows_all,
        "wrong_samples": survey.tally.wrong_samples,
        "opens_all": len(details) <= OPEN_SAMPLES,
        "has_language": any(row.language for row in survey.rows),
        "has_category": any(row.category for row in survey.rows),
        "has_missed": survey.tally.missed_samples > 0,
        "facts": facts_of(report.run),
        "settings": settings_of(report.run),
        "figures": _figures(report),
    }


# ── Head ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class GateView:
    """One row of the table of gates."""

    gate: GateVerdict
    label: str
    value: str
    need: str
    plot: Markup
    reason: str


@dataclass(frozen=True, slots=True)
class MetricView:
    """One row of a table of metrics, as printed."""

    label: str
    floor: str
    value: str
    ceiling: str
    plot: Markup


@dataclass(frozen=True, slots=True)
class MetricBlock:
    """The metrics of one dimension: groups of rows, each with a title and what n is."""

    title: str
    counts: str
    groups: tuple[tuple[str, str, tuple[MetricView, ...]], ...]
    has_ceiling: bool


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often one kind of error was made."""

    kind: str
    words: str
    count: int
    bar: Markup


def _head(report: RunReport, tally: Tally) -> dict[str, Any]:
    style = _style()
    found = wording.verdict(report, tally.samples, tally.outcomes)
    return {
        "style": Markup(style),  # noqa: S704 - our own file
        "policy": _policy(style),
        "title": f"{found.word}: {visible_text(wording.model_name(report.run))}",
        "verdict": found,
        "model": wording.model_name(report.run),
        "dataset": wording.dataset_name(report.run),
        "report": report,
        "tally": tally,
        "missing": [shortened(one, 120) for one in report.missing[:SHOWN_MISSING]],
        "gates": [_gate_view(gate) for gate in report.gates],
        "blocks": [_metric_block(report, name) for name in wording.METRIC_GROUPS],
        "is_floor": report.reference.get("floor") == report.metrics,
        "has_floor": report.reference.get("floor") not in (None, report.metrics),
        "has_ceiling": report.reference.get("ceiling") is not None,
        "outcomes": [(name, tally.outcomes[name]) for name in wording.OUTCOME_GLYPHS],
        "overruled": wording.overruled_sentence(
            tally.constrained_answers, tally.overruled_answers, tally.overruled_tokens
        ),
        "errors": {name.capitalize(): _error_counts(tally, name) for name in DIMENSIONS},
        "costs": _costs(report),
    }


def _gate_view(gate: GateVerdict) -> GateView:
    return GateView(
        gate,
        wording.metric_label(gate.metric),
        wording.gate_value_text(gate),
        wording.threshold_text(gate),
        drawings.threshold_plot(gate.value, gate.threshold),
        gate.reason if wording.needs_reason(gate) else "",
    )


def _metric_block(report: RunReport, name: str) -> MetricBlock:
    block = report.metrics.get(name, {})
    groups = tuple(
        (
            group.title,
            f"n = {block.get(group.counted) or 0}" if group.counted else "",
            tuple(_metric_view(report, name, row) for row in group.rows),
        )
        for group in wording.METRIC_GROUPS[name]
    )
    has_ceiling = report.reference.get("ceiling") is not None and name == "spatial"
    return MetricBlock(name.capitalize(), wording.count_words(report, name), groups, has_ceiling)


def _metric_view(report: RunReport, name: str, row: wording.MetricRow) -> MetricView:
    dotted = f"{name}.{row.key}"
    plot = Markup()
    if row.unit != "km":
        plot = drawings.dot_plot(*wording.framed_values(report, dotted))
    floor, value, ceiling = wording.framed_texts(report, dotted, row.unit)
    return MetricView(row.label, floor, value, ceiling, plot)


def _error_counts(tally: Tally, name: str) -> list[ErrorCount]:
    largest = max(tally.errors.values(), default=0)
    kinds = [kind for kind in wording.ERROR_WORDS if _has_kind(name, kind)]
    return [
        ErrorCount(
            kind,
            wording.ERROR_WORDS[kind],
            tally.errors[name, kind],
            drawings.count_bar(tally.errors[name, kind], largest),
        )
        for kind in kinds
    ]


def _has_kind(name: str, kind: str) -> bool:
    return {"value": name == "temporal", "place": name == "spatial"}.get(kind, True)


def _costs(report: RunReport) -> list[tuple[str, str]]:
    def seconds(key: str) -> str:
        value = wording.lookup(report.metrics, f"overall.{key}")
        return wording.UNDEFINED if value is None else f"{value:.3g} s"

    tokens = wording.lookup(report.metrics, "overall.tokens_per_second")
    return [
        ("A sample, on average", seconds("average_processing_time_seconds")),
        ("Latency, median", seconds("p50_processing_time_seconds")),
        ("Latency, 95th percentile", seconds("p95_processing_time_seconds")),
        ("Tokens a second", f"{tokens:.0f}" if tokens else wording.UNDEFINED),
    ]


def _figures(report: RunReport) -> list[tuple[str, str, str, str]]:
    """Return every number of the metrics under its key: floor, this model, ceiling."""
    framed = ((key, wording.framed_values(report, key)) for key in _keys(report.metrics, ""))
    return [
        (key, _digits(floor), _digits(value), _digits(ceiling))
        for key, (floor, value, ceiling) in framed
    ]


def _digits(value: float | None) -> str:
    if value is None:
        return wording.UNDEFINED
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _keys(block: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in block.items():
        if name in ("n", "combined_of"):
            continue
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


# ── Templates ────────────────────────────────────────────────────────────────────────────────


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": visible_markup, "num": wording.number_text}
    environment.globals |= {
        "axis": drawings.axis,
        "share_bar": drawings.share_bar,
        "key_mark": drawings.key_mark,
        "outcome_glyphs": wording.OUTCOME_GLYPHS,
        "outcome_words": wording.OUTCOME_WORDS,
        "dimensions": tuple(DIMENSIONS),
    }
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    """Allow the one style by its hash and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
