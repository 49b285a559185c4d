"""`docs/commands.md` knows every verb and every file of schemas; its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stindex.cli import VERBS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_table_of_commands(verb: str) -> None:
    commands = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert f"`stindex {verb}" in commands


@pytest.mark.parametrize("page", ["commands.md", "notebook.md", "servers.md"])
def test_links_lead_to_files(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert all((DOCS / link).exists() for link in links), links


def test_every_schema_is_linked() -> None:
    commands = (DOCS / "commands.md").read_text(encoding="utf-8")
    for schema in (DOCS / "schemas").glob("*.json"):
        assert f"(schemas/{schema.name})" in commands
