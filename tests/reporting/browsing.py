"""Opening a report in a browser as a reader would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.reporting import write_reports
from stindex.reporting.run_report import RunReport

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The script has built the list, or said why not.
USABLE = (
    "performance.getEntriesByName('usable').length + performance.getEntriesByName('failed').length"
)


@contextmanager
def opened(
    browser: Browser,
    report: RunReport,
    directory: Path,
    fragment: str = "",
    **context: Any,  # noqa: ANN401 - options of a browser's context
) -> Iterator[Page]:
    """Write a report and open its page; any error of its script fails the test.

    Args:
        context: as Playwright's `new_context` takes it.
    """
    path = write_reports(report, directory)
    with visited(browser, path.as_uri() + fragment, **context) as page:
        yield page


@contextmanager
def visited(browser: Browser, address: str, **context: Any) -> Iterator[Page]:  # noqa: ANN401 - as above
    """Open an address and wait until the page can be used."""
    problems: list[str] = []
    around = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    page = around.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(address)
    if context.get("java_script_enabled", True):
        page.wait_for_function(USABLE)
    yield page
    around.close()
    assert problems == []
