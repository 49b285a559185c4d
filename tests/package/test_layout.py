"""The tests lie where the rooms are, and what the rooms may cost adds up to what was promised."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import BUDGETS, TESTS

PACKAGE = TESTS.parent / "stindex"
# What is no room of the package: data and docs of the checkout, and what is true of the whole.
OF_THE_WHOLE = {"chaos", "data", "docs", "fuzz", "package"}


def _files(pattern: str) -> list[Path]:
    return sorted(TESTS.glob(pattern))


def test_each_folder_of_tests_is_a_room() -> None:
    folders = {path.parent.name for path in _files("*/test_*.py")}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders - OF_THE_WHOLE <= rooms


def test_each_room_has_tests() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= {path.parent.name for path in _files("*/test_*.py")}


def test_a_test_beside_the_folders_is_of_a_module_beside_the_rooms() -> None:
    tested = {path.stem.removeprefix("test_") for path in _files("test_*.py")}
    assert tested <= {path.stem for path in PACKAGE.glob("*.py")}


def test_each_room_has_a_budget() -> None:
    folders = {path.parent.name for path in _files("*/test_*.py")}
    assert folders | {"single files"} == set(BUDGETS)


def test_the_budgets_add_up_to_15_minutes_and_to_2() -> None:
    whole, quick = (sum(column) for column in zip(*BUDGETS.values(), strict=True))
    assert whole <= 15 * 60
    assert quick <= 2 * 60
    assert all(quick <= whole for whole, quick in BUDGETS.values())


def test_the_map_of_the_architecture_has_every_room_and_module() -> None:
    page = (TESTS.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {f"`{path.parent.name}/`" for path in PACKAGE.glob("*/__init__.py")}
    modules = {f"`{path.name}`" for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    assert {name for name in rooms | modules if name not in page} == set()
