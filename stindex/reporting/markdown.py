"""`report.md`: the verdict and the metrics, readable in a terminal and on a code hosting page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from stindex.reporting.readings import Tally, read_sample
from stindex.reporting.run_report import RunReport
from stindex.reporting.tables import metric_rows, number, verdict
from stindex.reporting.visible import one_line, shortened

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#|~!])")
MOST_SAMPLES = 20


def markdown_report(report: RunReport) -> Iterator[str]:
    """Yield the report piece by piece."""
    yield f"# {report.status}: {_safe(str(report.run['id']))}\n\n{_safe(verdict(report))}\n\n"
    yield from (f"> {_safe(note)}\n\n" for note in report.notes)
    yield "| gate | value | n | |\n|---|---|---|---|\n"
    for gate in report.gates:
        mark = "holds" if gate.passed else f"**fails**: {_safe(gate.reason)}"
        yield f"| {_safe(gate.name)} | {number(gate.value)} | {gate.n} | {mark} |\n"
    for block, rows in metric_rows(report).items():
        yield f"\n## {block.capitalize()}\n\n"
        yield "| metric | floor | model | ceiling |\n|---|--:|--:|--:|\n"
        for row in rows:
            cells = " | ".join(number(v) for v in (row.floor, row.value, row.ceiling))
            yield f"| {row.label} | {cells} |\n"
    yield from _samples(report)


def _samples(report: RunReport) -> Iterator[str]:
    tally, wrong = Tally(), []
    for index, sample in enumerate(report.samples, start=1):
        reading = read_sample(index, sample)
        tally.add(reading)
        if reading.is_wrong:
            wrong.append((-sum(reading.errors.values()), index, sample.sample.id, reading.outcome))
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(tally.outcomes.items()))
    yield f"\n## Samples\n\n{tally.samples} samples: {outcomes}.\n"
    yield "\n| with most errors | outcome | errors |\n|---|---|--:|\n" if wrong else ""
    for errors, _, sample_id, outcome in sorted(wrong)[:MOST_SAMPLES]:
        yield f"| {_safe(sample_id)} | {outcome} | {-errors} |\n"


def _safe(text: str) -> str:
    shown = html.escape(shortened(one_line(text), 300), quote=False)
    return _SPECIAL.sub(r"\\\1", shown)
