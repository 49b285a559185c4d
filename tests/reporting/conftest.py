"""One Chromium for the tests of this directory that need a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


class Accessibility(Protocol):
    """What is used of axe-core: `response["violations"]` of what `run` returns."""

    def run(self, page: Page) -> Any:  # noqa: ANN401 - JSON
        """Look at a page."""


def _unavailable(reason: str) -> None:
    # Where it counts nothing is skipped.
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")  # it ends, and is paid for, with this room
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        _unavailable("no chromium on the PATH; install it to test the page in a browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _unavailable("playwright is not installed; install the extra [dev]")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="package")  # it ends, and is paid for, with this room
def axe() -> Accessibility:
    """Give axe-core, which looks for what shuts readers out."""
    try:
        from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]  # has none
            Axe,
        )
    except ImportError:
        _unavailable("axe-playwright-python is not installed; install the extra [dev]")
    checker: Accessibility = Axe()
    return checker
