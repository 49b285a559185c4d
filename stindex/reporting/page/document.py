"""`report.html`: one file that shows a whole run and loads nothing.

The samples are read once. The head of the page is HTML, complete without a script; the samples
lie behind it in compressed blocks, which the page's own script unpacks when they are looked at.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stindex.reporting import wording
from stindex.reporting.page import drawings, figures
from stindex.reporting.page.audit import audited
from stindex.reporting.page.blocks import PACK, packed
from stindex.reporting.page.distances import curve_drawing, share_within
from stindex.reporting.page.errors import error_counts
from stindex.reporting.page.index import OUTCOMES, error_kinds
from stindex.reporting.page.mistakes import confusions_of
from stindex.reporting.page.places import CLASSES, DRAWN, LISTED, globe_outline, land_paths
from stindex.reporting.page.provenance import facts_of, rerun_options, settings_of
from stindex.reporting.page.survey import Survey, survey_samples
from stindex.reporting.page.verdict import anchor_view, comparison_view, gate_views
from stindex.reporting.results import metrics_summary
from stindex.reporting.run_report import RunReport
from stindex.reporting.tables import own_tables
from stindex.reporting.visible import shortened, visible_markup, visible_text
from stindex.scoring import DIMENSIONS

LIMIT_BYTES = 15_000_000
# Room for what is no block: style, script, map, tables.
HEAD_BYTES = 500_000
SHOWN_MISSING = 200

_TEMPLATES = Path(__file__).parent / "templates"


def survey_report(report: RunReport) -> Survey:
    """Read all samples once: what this page needs of them, and the tally of `report.md`."""
    return survey_samples(report, LIMIT_BYTES - HEAD_BYTES)


def html_report(report: RunReport, survey: Survey | None = None) -> Iterator[str]:
    """Yield the text of `report.html` piece by piece, audited.

    Args:
        survey: what `survey_report` has found of this report; without it, it is made here.

    Raises:
        UnsafePageError: something in the page was not written by the templates (a bug).
    """
    survey = survey or survey_report(report)
    summary = packed("".join(metrics_summary(report)))
    index = packed(_index(report, survey))
    survey.blocks.shrink(LIMIT_BYTES - HEAD_BYTES - len(index) - len(summary))
    if survey.blocks.closed:
        index = packed(_index(report, survey))
    context = {
        **_frame(report, survey),
        **_verdict(report, survey),
        **_figures(report, survey),
        **_mistakes(report, survey),
        **_provenance(report),
        "index": index,
        "summary": summary,
        "blocks": survey.blocks.items(),
        "losses": [loss.sentence(survey.tally.samples) for loss in survey.blocks.losses()],
    }
    stream = _environment().get_template("report.html.j2").stream(context)
    stream.enable_buffering(64)
    yield from audited(stream, _script())


def _index(report: RunReport, survey: Survey) -> Mapping[str, Any]:
    """Return what the script has to know before anything is looked at."""
    comparison = report.comparison or {}
    flips = {name: list(comparison.get(name) or ()) for name in ("fixed", "broken")}
    return {
        **survey.index.to_json(flips),
        "dimensions": list(DIMENSIONS),
        "kinds": [_kind_words(*kind) for kind in error_kinds()],
        "outcomes": OUTCOMES,
        "pack": PACK,
        "texts": report.texts,
        "lost": {loss.part.letter: loss.since for loss in survey.blocks.losses()},
        "rerun": rerun_options(report.run),
        "run": wording.model_name(report.run),
    }


def _kind_words(dimension: str, kind: str) -> list[str]:
    return [dimension, kind, *(wording.mistake_words(dimension, kind) or (kind, kind))]


def _frame(report: RunReport, survey: Survey) -> dict[str, Any]:
    style, script = _style(), _script()
    return {
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own files
        "policy": _policy(style, script),
        "report": report,
        "tally": survey.tally,
        "model": wording.model_name(report.run),
        "dataset": wording.dataset_name(report.run),
    }


def _verdict(report: RunReport, survey: Survey) -> dict[str, Any]:
    found = wording.verdict(report, survey.tally.samples, survey.tally.outcomes)
    return {
        "title": f"{found.word}: {visible_text(wording.model_name(report.run))}",
        "verdict": found,
        "missing": [shortened(one, 120) for one in report.missing[:SHOWN_MISSING]],
        "gates": gate_views(report),
        "comparison": comparison_view(report),
        "anchor": anchor_view(report),
    }


def _figures(report: RunReport, survey: Survey) -> dict[str, Any]:
    tally, baseline = survey.tally, survey.baseline
    runs = [("this", survey.distances)]
    if baseline.distances.total:
        runs.append(("baseline", baseline.distances))
    return {
        "blocks_of_metrics": [
            figures.metric_block(report, name) for name in wording.metric_groups()
        ],
        "is_floor": report.reference.get("floor") == report.metrics,
        "has_floor": report.reference.get("floor") not in (None, report.metrics),
        "has_ceiling": report.reference.get("ceiling") is not None,
        "own_tables": own_tables(report),
        "kicker": " and ".join(DIMENSIONS).capitalize(),
        "every_figure": figures.every_figure(report),
        "costs": figures.costs(report),
        "outcomes": [(name, tally.outcomes[name]) for name in wording.OUTCOME_GLYPHS],
        "baseline_outcomes": [(name, baseline.outcomes[name]) for name in wording.OUTCOME_GLYPHS],
        "baseline_samples": baseline.samples,
        "overruled": wording.overruled_sentence(
            tally.constrained_answers, tally.overruled_answers, tally.overruled_tokens
        ),
        "distances": survey.distances,
        "distance_runs": runs,
        "curve": curve_drawing(runs) if survey.distances.total else "",
        "slices": figures.slice_table(report.slices),
    }


def _mistakes(report: RunReport, survey: Survey) -> dict[str, Any]:
    arcs = survey.places.arcs()
    return {
        "errors": error_counts(report, survey.tally, survey.baseline.errors),
        "values": survey.values.most_frequent(),
        "confusions": {
            name: found
            for name in DIMENSIONS
            if (found := confusions_of(report.metrics.get(name, {})))
        },
        "all_arcs": len(arcs),
        # The most frequent is drawn last, so that it lies on top.
        "arcs": arcs[:DRAWN][::-1],
        "listed_arcs": arcs[:LISTED],
        "arc_classes": [words for _, words in CLASSES],
        "land": land_paths() if arcs else ("", ""),
        "globe": globe_outline(),
    }


def _provenance(report: RunReport) -> dict[str, Any]:
    return {"facts": facts_of(report.run), "settings": settings_of(report.run)}


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
    environment.filters["plain"] = visible_text
    environment.globals |= {
        "axis": drawings.axis,
        "share_bar": drawings.share_bar,
        "key_mark": drawings.key_mark,
        "arc_mark": drawings.arc_mark,
        "share_within": share_within,
        "outcome_glyphs": wording.OUTCOME_GLYPHS,
        "outcome_words": wording.OUTCOME_WORDS,
    }
    return environment


@cache
def _style() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Return the script: all files of `templates/script` in the order of their names."""
    parts = sorted((_TEMPLATES / "script").glob("*.js"))
    inner = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    return f"'use strict';(() => {{\n{inner}}})();\n"


def _policy(style: str, script: str) -> str:
    """Allow the one style and the one script by their hashes, and nothing else."""
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}';"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script';"
        " trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
