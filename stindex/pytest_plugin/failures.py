"""A sample that does not hold ─▶ what pytest shows of it, everywhere once and without a traceback.

Lines under the test's name, one sentence in the summary, in JUnit and with `--tb=line`: as pytest
shows an exception, so that it also reaches the controller of pytest-xdist and another rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest._code.code import (  # there is no public way
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTracebackNative,
)


def show_failure(
    report: pytest.TestReport, sample_id: str, sentence: str, lines: Sequence[str], style: str
) -> None:
    """Let a report show the lines, and the sentence where there is room for one.

    Args:
        style: the value of `--tb`; with `line` the sentence is all there is, and names the sample.
    """
    path, line, _ = report.location
    only_a_line = style == "line"
    message = f"{sample_id}: {sentence}" if only_a_line else sentence
    shown = [] if only_a_line else [f"{plain(one)}\n" for one in lines]
    report.longrepr = ReprExceptionInfo(
        reprtraceback=ReprTracebackNative(shown),
        reprcrash=ReprFileLocation(path, (line or 0) + 1, plain(message)),
    )


def plain(text: str) -> str:
    """Return text without what cannot be sent to another process: lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
