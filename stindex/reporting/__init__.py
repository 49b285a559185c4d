"""A run ─▶ the files in its directory: two for programs, two for people."""

from pathlib import Path

from stindex.reporting.markdown import markdown_report
from stindex.reporting.page import html_report, survey_report
from stindex.reporting.results import detailed_results, metrics_summary
from stindex.reporting.run_report import RunReport, SampleReport, Status
from stindex.whole_files import write_whole

__all__ = ["RunReport", "SampleReport", "Status", "write_reports"]


def write_reports(report: RunReport, directory: Path) -> Path:
    """Write the four reports of a run, each whole or not at all.

    Returns:
        The path of `report.html`.

    Raises:
        UserError: a file cannot be written; it names the file. Those before it are written.
    """
    write_whole(directory / "metrics_summary.json", metrics_summary(report))
    write_whole(directory / "detailed_results.json", detailed_results(report))
    survey = survey_report(report)
    write_whole(directory / "report.md", markdown_report(report, survey.tally))
    page = directory / "report.html"
    write_whole(page, html_report(report, survey))
    return page
