"""`report.md`: the run on one page, for a terminal, a pull request or a chat.

Tables are padded so that they read without being rendered. Whatever came from the user or a model
is escaped or stands in a code span, where nothing is markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stindex.gates import GateVerdict
from stindex.reporting.readings import SampleReading, Tally, tally_samples
from stindex.reporting.run_report import RunReport
from stindex.reporting.tables import Table, own_tables
from stindex.reporting.visible import display_width, one_line, shortened
from stindex.reporting.wording import (
    FAIL,
    OUTCOME_GLYPHS,
    OUTCOME_WORDS,
    PASS,
    UNSURE,
    cost_words,
    count_words,
    dataset_name,
    framed_cells,
    gate_value_text,
    lookup,
    metric_groups,
    model_name,
    number_text,
    overruled_sentence,
    threshold_text,
    verdict,
)

SHOWN_MISSING = 20

_MARKUP = re.compile(
    r"[\\`*_\[\]<>|#~&!$@]|(?<=http):|(?<=https):|(?<=ftp):|(?<=www)\.", re.IGNORECASE
)

Row = Sequence[str]


def markdown_report(report: RunReport, tally: Tally | None = None) -> Iterator[str]:
    """Yield the text of `report.md`; the samples are read once, or not where their tally is given.

    Args:
        tally: what `stindex.reporting.page.survey_report` has found of this report.
    """
    tally = tally or tally_samples(report.samples)
    for part in (
        _verdict(report, tally),
        _gates(report),
        _differs_too(report),
        *(_metrics(report, name) for name in metric_groups()),
        *(_own_table(one) for one in own_tables(report)),
        _outcomes(report, tally),
        _worst(tally.worst, tally.wrong_samples),
        _footer(report),
    ):
        if part:
            yield "\n".join(part).rstrip("\n") + "\n\n"


def escaped(text: str) -> str:
    """Return one line of text in which nothing is Markdown, HTML, a link or a mention."""
    return _MARKUP.sub(_escape, one_line(text))


def code_span(text: str) -> str:
    """Return a code span that holds in a table, fenced by more backticks than the text has."""
    line = one_line(text).replace("|", r"\|")
    if not line:
        return ""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def table(header: Row, rows: Sequence[Row], right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a padded table; `right` are the columns that hold numbers."""
    widths = [
        max(3, *(display_width(cell) for cell in column))
        for column in zip(header, *rows, strict=True)
    ]
    rule = [
        "-" * (width - 1) + ":" if column in right else "-" * width
        for column, width in enumerate(widths)
    ]
    return [_line(row, widths, right) for row in (header, rule, *rows)]


def _line(row: Row, widths: Sequence[int], right: Sequence[int]) -> str:
    cells = []
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        padding = " " * (width - display_width(cell))
        cells.append(padding + cell if column in right else cell + padding)
    return f"| {' | '.join(cells)} |"


def _escape(found: re.Match[str]) -> str:
    # A mention survives a backslash on code hosting pages; an entity it does not.
    return "&#64;" if found[0] == "@" else f"\\{found[0]}"


def _verdict(report: RunReport, tally: Tally) -> list[str]:
    found = verdict(report, tally.samples, tally.outcomes)
    sentences = " ".join(escaped(sentence) for sentence in found.sentences)
    lines = [
        f"# {found.glyph} {found.word}: {escaped(model_name(report.run))}",
        "",
        f"**{found.beside[:1].upper()}{found.beside[1:]}.** {sentences}",
    ]
    if cost := cost_words(report.run):
        lines += ["", f"Cost: {escaped(cost)}."]
    if report.missing:
        shown = ", ".join(code_span(shortened(one, 80)) for one in report.missing[:SHOWN_MISSING])
        rest = len(report.missing) - SHOWN_MISSING
        more = f" and {rest} more" if rest > 0 else ""
        lines += ["", f"Not measured: {shown}{more}."]
    return lines + [line for note in report.notes for line in ("", f"- {escaped(note)}")]


def _gate_mark(gate: GateVerdict) -> str:
    if gate.inconclusive:
        return f"{UNSURE} inconclusive" if gate.passed else f"{FAIL} **inconclusive**"
    return f"{PASS} pass" if gate.passed else f"{FAIL} **fail**"


def _gates(report: RunReport) -> list[str]:
    if not report.gates:
        return []
    rows = [
        (
            _gate_mark(gate),
            code_span(gate.metric),
            gate_value_text(gate),
            escaped(threshold_text(gate)),
            str(gate.n),
        )
        for gate in report.gates
    ]
    return ["## Gates", "", *table(("", "Gate", "Value", "Needs", "n"), rows, (2, 3, 4))]


def _differs_too(report: RunReport) -> list[str]:
    """Say what a reader has to know of the comparison; its figures are in `report.html`."""
    if report.comparison is None or not report.comparison.get("warnings"):
        return []
    name = code_span(str(report.comparison.get("baseline", {}).get("id", "")))
    notes = [f"- {escaped(sentence)}" for sentence in report.comparison["warnings"]]
    return ["## Beside the baseline", "", f"What differs from {name} too:", "", *notes]


def _metrics(report: RunReport, name: str) -> list[str]:
    columns = 4 if name == "spatial" else 3  # the geocoder limits coordinates only
    rows: list[Row] = []
    for group in metric_groups()[name]:
        rows.append((f"*{group.title}*", *[""] * (columns - 1)))
        for metric in group.rows:
            texts = framed_cells(report, f"{name}.{metric.key}", metric.unit)
            rows.append((metric.label, *texts)[:columns])
    title = name.capitalize()
    header = (title, "Floor (rules)", "This model", "Ceiling (geocoder)")[:columns]
    remark = "A dash is undefined: there was nothing to divide by, or it was not computed."
    counts = f"{count_words(report, name)}. {remark}"
    return [f"## {title}", "", *table(header, rows, range(1, columns)), "", counts]


def _own_table(own: Table) -> list[str]:
    rows = [[escaped(cell) for cell in row] for row in own.rows]
    remark = ["", escaped(own.remark)] if own.remark else []
    head = [escaped(cell) for cell in own.head]
    return [f"## {escaped(own.title)}", "", *table(head, rows), *remark]


def _outcomes(report: RunReport, tally: Tally) -> list[str]:
    rows = [
        (f"{OUTCOME_GLYPHS[name]} {name}", str(tally.outcomes[name]), OUTCOME_WORDS[name])
        for name in OUTCOME_GLYPHS
        if tally.outcomes[name]
    ]
    overruled = overruled_sentence(
        tally.constrained_answers, tally.overruled_answers, tally.overruled_tokens
    )
    seconds = lookup(report.metrics, "overall.average_processing_time_seconds")
    speed = "" if seconds is None else f"{seconds:.3g} s a sample on average."
    lines = ["## Outcomes", "", *table(("Outcome", "Samples", "Meaning"), rows, (1,))]
    return [*lines, "", " ".join(filter(None, (overruled, speed)))]


def _worst(readings: Sequence[SampleReading], wrong: int) -> list[str]:
    if not readings:
        return ["## Samples", "", "Nothing went wrong in any sample."]
    rows = [
        (
            code_span(shortened(reading.sample.id, 60)),
            f"{OUTCOME_GLYPHS[reading.outcome]} {reading.outcome}",
            *(number_text(reading.f1[name]) for name in metric_groups()),
            ", ".join(f"{count} {kind}" for kind, count in reading.errors.items()),
        )
        for reading in readings
    ]
    header = (
        "Sample",
        "Outcome",
        *(f"{name.capitalize()} F1" for name in metric_groups()),
        "Errors",
    )
    several = f"{len(rows)} of the {wrong} samples in which something went wrong, the worst first."
    return ["## The worst samples", "", several, "", *table(header, rows, (2, 3))]


def _footer(report: RunReport) -> list[str]:
    data = dataset_name(report.run)
    return [
        f"Run {code_span(str(report.run.get('id', '')))}"
        + (f" on {code_span(data)}. " if data else ". ")
        + "Every sample is in `report.html`, every number in `metrics_summary.json`, every answer"
        " in `detailed_results.json`."
    ]
