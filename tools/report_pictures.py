"""Makes the pictures of the report in `docs/images` from a real run, in a real browser.

Runs the rule-based reader over the 100 samples of the package, without a geocoder and with it
(seconds, no model), opens the page that it writes in Chromium and takes its pictures. Needs
Playwright and a Chromium on the PATH: `python tools/report_pictures.py`. A directory of another
run can be named instead: `python tools/report_pictures.py reports/RUN`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
# A sample in which a place was put on the wrong side of the world.
SAMPLE = "news-009"
# What a picture waits for at most, milliseconds.
PATIENCE = 20_000


@dataclass(frozen=True)
class Picture:
    """One picture: its name, the fragment that it opens, and what it waits for and shows."""

    name: str
    fragment: str
    ready: str
    width: int = 1280
    height: int = 900
    scheme: str = "light"
    scroll_to: str = ""


PICTURES = (
    Picture("report", "", ".row", height=980),
    Picture("report-errors", "", ".row", height=1180, scroll_to="#errors"),
    Picture("report-sample", f"#sample={SAMPLE}", ".pairs", height=940),
    Picture("report-dark", f"#sample={SAMPLE}", ".pairs", height=940, scheme="dark"),
    Picture("report-phone", "", ".row", width=390, height=844),
)


@contextmanager
def real_run() -> Iterator[Path]:
    """Give the directory of a run that was just made, held against one without a geocoder."""
    with tempfile.TemporaryDirectory() as output:
        run_suite(output, "--run-name", "before", "--geocoder", "none")
        before = next(Path(output).glob("rules-*"))
        run_suite(output, "--run-name", "now", "--baseline", before.name)
        yield next(path for path in Path(output).glob("rules-*") if path != before)


def run_suite(output: str, *options: str) -> None:
    """Run the suite with the rule-based reader."""
    command = [sys.executable, "-m", "pytest", "eval_tests", "--model", "rules", "-q"]
    subprocess.run([*command, "--output-dir", output, *options], cwd=ROOT, check=True)  # noqa: S603 - our own words


def take(browser: Browser, page_file: Path, picture: Picture) -> Path:
    """Take one picture and return its path."""
    page = browser.new_page(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.scheme == "dark" else "light",
    )
    page.goto(page_file.as_uri() + picture.fragment)
    page.locator(picture.ready).first.wait_for(timeout=PATIENCE)
    if picture.scroll_to:
        page.locator(picture.scroll_to).evaluate("e => e.scrollIntoView()")
    target = IMAGES / f"{picture.name}.png"
    page.screenshot(path=target)
    page.close()
    return target


def take_all(run: Path) -> None:
    """Take all pictures of a run."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            sys.stdout.write(f"{take(browser, run / 'report.html', picture)}\n")
        browser.close()


def main(arguments: list[str]) -> None:
    """Take the pictures of the run that is named, or of a new one."""
    if arguments:
        take_all(Path(arguments[0]))
        return
    with real_run() as run:
        take_all(run)


if __name__ == "__main__":
    main(sys.argv[1:])
