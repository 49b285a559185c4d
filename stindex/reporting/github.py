"""What GitHub Actions shows of a run: annotations of gates, and the summary of a job.

Annotations are lines on standard output that start with `::error` or `::warning`; the summary is
Markdown at the end of the file that `GITHUB_STEP_SUMMARY` names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from stindex.reporting.markdown import markdown_report
from stindex.reporting.run_report import RunReport
from stindex.reporting.visible import one_line

MOST_BYTES = 1_000_000  # GitHub refuses a summary of more than 1 MiB
MOST_ANNOTATIONS = 10  # of a kind, which is as many as GitHub shows of one step


def annotation_lines(report: RunReport) -> Iterator[str]:
    """Yield a line for each gate that failed or cannot tell, and one for an incomplete run."""
    failed = [gate for gate in report.gates if not gate.passed]
    unsure = [gate for gate in report.gates if gate.passed and gate.inconclusive]
    if report.status == "INCOMPLETE" and not failed:
        yield _command("error", "evaluation INCOMPLETE", "the run was stopped before it ended")
    for gate in failed[:MOST_ANNOTATIONS]:
        yield _command("error", f"gate {gate.state}: {gate.name}", gate.reason)
    for gate in unsure[:MOST_ANNOTATIONS]:
        yield _command("warning", f"gate inconclusive: {gate.name}", gate.reason)


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_step_summary(report: RunReport, environment: Mapping[str, str]) -> None:
    """Append the report to the summary of the job, if there is one; a summary never fails a run."""
    named = environment.get("GITHUB_STEP_SUMMARY")
    if not named:
        return
    text = "".join(markdown_report(report)).encode("utf-8", "replace")
    if len(text) > MOST_BYTES:
        end = text.rfind(b"\n", 0, MOST_BYTES)
        text = text[:end] + b"\n\nThe rest stands in `report.md`.\n"
    try:
        with Path(named).open("ab") as summary:
            summary.write(text)
    except OSError:
        return
