"""Opening a report in a browser as a reader would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.reporting import write_reports
from stindex.reporting.run_report import RunReport

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

# The script has built the list, or said why not.
_USABLE = (
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
        until(page, _USABLE)
    yield page
    around.close()
    assert problems == []


def until(page: Page, condition: str) -> None:
    """Wait until an expression holds; Playwright's own way needs `eval`, which the page forbids.

    Raises:
        TimeoutError: it does not hold after 20 seconds.
    """
    end = time.monotonic() + 20
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        page.wait_for_timeout(10)


def chosen(page: Page, name: str) -> Locator:
    """Return the field of a filter."""
    return page.locator(f".filters [name={name}]")
