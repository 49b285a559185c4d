"""`report.html` in a real browser: nothing runs, nothing is asked for, and it fits a phone."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

import pytest

from stindex.reporting import write_reports

from .building import Draft, failing_gate, run_report
from .hostile import BEACON, STRINGS
from .test_page import hostile_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


def _unavailable(reason: str) -> None:
    # Where it counts nothing is skipped.
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
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


def _open(browser: Browser, path: Path, width: int = 1280, scheme: str = "light") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    opened = context.new_page()
    opened.goto(path.as_uri())
    return opened


def test_no_hostile_string_runs_or_asks_for_anything(browser: Browser, tmp_path: Path) -> None:
    ran: list[str] = []
    requests: list[str] = []
    groups = [STRINGS[start : start + 12] for start in range(0, len(STRINGS), 12)]
    for number, texts in enumerate(groups):
        directory = tmp_path / str(number)
        directory.mkdir()
        path = write_reports(hostile_report(*texts), directory)
        opened = browser.new_page()
        opened.on("request", lambda request: requests.append(request.url))
        opened.on("dialog", lambda dialog: ran.append(dialog.message))
        opened.goto(path.as_uri())
        opened.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        opened.mouse.move(200, 300)
        if opened.evaluate("'pwned' in window") or opened.url != path.as_uri():
            ran.extend(texts)
        opened.close()
    assert len(STRINGS) >= 60
    assert ran == []
    assert [url for url in requests if not url.startswith("file:")] == []
    assert len(requests) == len(groups)  # each page itself, and nothing else


class _Counting(BaseHTTPRequestHandler):
    """Note every path that is asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def beacon() -> Iterator[tuple[str, list[str]]]:
    """Give the address of a server, and the list of what it was asked for."""
    _Counting.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Counting) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/beacon", _Counting.asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("protected", [True, False], ids=["policy", "control"])
def test_the_policy_blocks_what_an_escaping_bug_would_let_through(
    browser: Browser, tmp_path: Path, beacon: tuple[str, list[str]], protected: bool
) -> None:
    address, asked = beacon
    html = write_reports(run_report([Draft()]), tmp_path).read_text(encoding="utf-8")
    loading = [text for text in STRINGS if BEACON in text and text.startswith(("<img", "<link"))]
    planted = f"<script>window.pwned=1</script>{''.join(loading)}".replace(BEACON, address)
    html = html.replace("<main>", f"<main>{planted}")
    if not protected:
        html = re.sub(r"<meta http-equiv[^>]*>", "", html)
    broken = tmp_path / "broken.html"
    broken.write_text(html, encoding="utf-8")
    opened = _open(browser, broken)
    opened.wait_for_timeout(300)
    assert opened.evaluate("'pwned' in window") is not protected
    assert (asked == []) is protected
    opened.context.close()


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_never_scrolls_sideways(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    long = Draft(id="i" * 300, text="w" * 900, raw_text="{" * 900, missed=("m" * 400,))
    metrics = run_report([Draft(), Draft()]).metrics
    report = run_report(
        [Draft(), long],
        status="FAILED",
        gates=(failing_gate(),),
        reference={"floor": metrics, "ceiling": metrics},
        run={"id": "r" * 300, "identity": {"model": "m" * 300}, "settings": {"s" * 99: "v" * 300}},
    )
    opened = _open(browser, write_reports(report, tmp_path), width, scheme)
    opened.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.context.close()


def test_dark_and_light_differ(browser: Browser, tmp_path: Path) -> None:
    path = write_reports(run_report([Draft()]), tmp_path)
    colours = set()
    for scheme in ("light", "dark"):
        opened = _open(browser, path, scheme=scheme)
        colours.add(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
        opened.context.close()
    assert len(colours) == 2


def test_a_link_of_the_index_opens_its_sample_with_the_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    drafts = [Draft(id=f"doc-{number}") for number in range(20)]
    opened = _open(browser, write_reports(run_report(drafts), tmp_path))
    assert not opened.locator("#s9").is_visible()
    link = opened.get_by_role("link", name="doc-8", exact=True)
    link.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#s9").is_visible()
    opened.context.close()


def test_landmarks_and_headings_are_in_order(browser: Browser, tmp_path: Path) -> None:
    opened = _open(browser, write_reports(run_report([Draft()]), tmp_path))
    assert opened.evaluate("document.documentElement.lang") == "en"
    for role in ("main", "banner", "navigation", "contentinfo"):
        assert opened.get_by_role(role).count() == 1
    levels = opened.evaluate(
        "[...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[:2] == [1, 2]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    opened.context.close()
