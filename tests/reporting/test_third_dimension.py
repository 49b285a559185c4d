"""The page of a run with a third dimension, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .browsing import chosen, visited

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "people"


@pytest.fixture(scope="module")
def page_of_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("people")
    shutil.copytree(
        EXAMPLE, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("reports")
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    (path,) = directory.glob("reports/*/report.html")
    return path


def test_a_sample_shows_the_mentions_of_a_third_dimension(
    browser: Browser, page_of_people: Path
) -> None:
    with visited(browser, page_of_people.as_uri() + "#n=2") as page:
        detail = page.locator(".detail")
        detail.locator("table").first.wait_for()
        words = detail.inner_text()
        assert "John Watson" in words
        assert "p2" in words


def test_samples_can_be_sorted_and_chosen_by_a_third_dimension(
    browser: Browser, page_of_people: Path
) -> None:
    with visited(browser, page_of_people.as_uri()) as page:
        chosen(page, "sort").select_option("people")
        page.locator(".row").first.wait_for()
        page.wait_for_timeout(300)
        assert page.locator(".row b").all_inner_texts() == ["baker-street", "radium"]
        chosen(page, "error").select_option("people.missed")
        page.wait_for_timeout(300)
        assert page.locator(".row b").all_inner_texts() == ["baker-street"]
