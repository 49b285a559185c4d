"""The words that the rule-based reader of places knows, from a text file of the package."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def spotting_words() -> Mapping[str, frozenset[str]]:
    """Return the sections of the word list by their headings; all words in lower case.

    A line with bars holds names of several words, any other line single words.
    """
    text = files("stindex.geocoding").joinpath("spotting_words.txt").read_text(encoding="utf-8")
    sections: dict[str, set[str]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            words = [w.strip() for w in line.split("|")] if "|" in line else line.split()
            sections.setdefault(section, set()).update(words)
    return MappingProxyType({name: frozenset(words) for name, words in sections.items()})
