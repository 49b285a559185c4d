"""The page of all error messages is what the code says, and its messages say what to do."""

from __future__ import annotations

import ast

import pytest

from tools import list_errors

# What is said at the end of a sentence without a semicolon.
REMEDIES = (";", "name two", "either a TEXT", "name the server", "leave out", "hub id (owner/name)")


def test_the_page_is_that_of_the_code() -> None:
    written = list_errors.PAGE.read_text(encoding="utf-8")
    assert written == list_errors.page(), "run `python -m tools.list_errors`"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise UserError('a: is b; do c.')", ["a: is b; do c."]),
        ("raise errors.UserError(f'{path!r}: is b.')", ["{path}: is b."]),
        ("Problem(where, '', '', 'is b', 'do c')", ["is b; do c"]),
        ("Problem(where, '', '', found, 'do c')", ["{found}; do c"]),
        ("raise UserError('a' if one else f'{b}')", ["a / {b}"]),
        ("def said():\n return 'a'\n return 'b'\nraise UserError(said())", ["a", "b"]),
        ("raise UserError(str(problem))", []),
        ("raise KeyError('a')", []),
    ],
)
def test_a_message_is_found_however_it_is_put_together(code: str, said: list[str]) -> None:
    assert list(list_errors.messages(ast.parse(code))) == said


def test_each_whole_sentence_says_what_to_do() -> None:
    lines = list_errors.page().splitlines()
    whole = [line for line in lines if line.startswith("- ") and line.endswith(".")]
    assert len(whole) > 100
    assert [line for line in whole if not any(mark in line for mark in REMEDIES)] == []
