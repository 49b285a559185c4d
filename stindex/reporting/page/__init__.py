"""`report.html`: one file that shows a whole run and loads nothing."""

from stindex.reporting.page.document import html_report, survey_report

__all__ = ["html_report", "survey_report"]
