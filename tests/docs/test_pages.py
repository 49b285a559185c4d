"""What the pages say is there: links, files, names in the table of the architecture."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from stindex.extensions import ADD
from tools.performance_picture import PICTURE, picture

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SCREENS = 2
LINES_OF_A_SCREEN = 45


def _anchors(page: Path) -> set[str]:
    """Return what the headings of a page can be linked by, as code hosting pages make them."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), link


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file() and target not in seen:
                ahead.append(target)
    assert [str(page) for page in PAGES if "docs" in page.parts and page not in seen] == []


def test_every_picture_is_shown() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for image in (ROOT / "docs" / "images").iterdir():
        assert image.name in text


def test_the_readme_fits_two_screens() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= SCREENS * LINES_OF_A_SCREEN


def _places() -> list[tuple[str, str]]:
    """Return (file, name) for each place that the architecture's table says to register in."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| a ")]
    return [
        (path, name)
        for row in rows
        for name, path in re.findall(r"`([A-Za-z_]+)`[^`|]*? (?:in|of) `(stindex/[\w/]+\.py)`", row)
    ]


@pytest.mark.parametrize(("path", "name"), _places())
def test_the_architecture_names_what_is_there(path: str, name: str) -> None:
    code = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(?:class |def )?{name}\b", code, re.MULTILINE)


def test_the_architecture_has_a_place_for_everything_that_is_added() -> None:
    assert {name for _, name in _places()} >= {
        "DIMENSIONS",
        "FORMATS",
        "GATE_KINDS",
        "GEOCODERS",
        "OWN_SOURCES",
        "OWN_TABLES",
        "VERBS",
        "_LAUNCHERS",
    }


def test_the_architecture_has_a_paragraph_for_each_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [p.name for p in (ROOT / "stindex").iterdir() if (p / "__init__.py").is_file()]
    assert [room for room in rooms if f"**`{room}/`**" not in page] == []


def test_every_hook_is_explained() -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    assert [name for name in ADD if f"`{name}`" not in page] == []


def test_the_version_is_in_one_place_and_the_changelog_begins_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    changes = re.findall(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert changes[0] == version
    code = [*(ROOT / "stindex").rglob("*.py"), *ROOT.glob("*.py")]
    assert [path for path in code if f'"{version}"' in path.read_text(encoding="utf-8")] == []


def test_the_picture_of_the_performance_shows_the_figures_that_are_kept() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture()
