"""The two tables of the documentation, held against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stindex.temporal import Kind, overlap, parse, same_meaning, same_string

_PAGE = Path(__file__).parents[2] / "docs" / "temporal-values.md"
_CODE = re.compile(r"`([^`]+)`")
_PAIR = re.compile(r"`([^`]+)` and `([^`]+)`")


def rows(title: str) -> Iterator[list[str]]:
    """Yield the cells of the table that has a title as its first heading."""
    lines = _PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(next(line for line in lines if line.startswith(f"| {title} |")))
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def forms() -> Iterator[tuple[str, str]]:
    kind = ""
    for first, values, _ in rows("kind"):
        kind = first.strip("`") or kind
        for value in _CODE.findall(values):
            yield value, kind


def equalities() -> Iterator[tuple[str, str, list[str]]]:
    for values, *answers in rows("values"):
        for a, b in _PAIR.findall(values):
            yield a, b, answers


@pytest.mark.parametrize(("value", "kind"), list(forms()))
def test_a_documented_value_is_of_the_kind_that_the_documentation_says(
    value: str, kind: str
) -> None:
    assert parse(value).kind is Kind(kind)


def test_every_kind_is_documented() -> None:
    assert {kind for _, kind in forms()} == {kind.value for kind in Kind}


@pytest.mark.parametrize(("a", "b", "answers"), list(equalities()))
def test_documented_values_agree_as_far_as_the_documentation_says(
    a: str, b: str, answers: list[str]
) -> None:
    string, meaning, share = answers
    assert ("yes" if same_string(a, b) else "no") == string
    assert ("yes" if same_meaning(a, b) else "no") == meaning
    assert round(overlap(a, b), 3) == float(share)


def test_the_tables_were_found() -> None:
    assert len(list(forms())) > 80
    assert len(list(equalities())) > 20
