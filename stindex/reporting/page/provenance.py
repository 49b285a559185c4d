"""`run.json` ─▶ groups of names and values as the page shows them.

What stands in `run` is shown whatever it is called: nothing that was written down is left out.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Facts:
    """A heading and what stands under it, in order."""

    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, its value, and where it came from (command line, file, default)."""

    name: str
    value: str
    source: str


def facts_of(run: Mapping[str, Any]) -> tuple[Facts, ...]:
    """Return all of a run's facts but its settings, in groups that are not empty."""
    groups = [_group("Run", {key: run[key] for key in run if not isinstance(run[key], Mapping)})]
    for key, value in run.items():
        if key != "settings" and isinstance(value, Mapping):
            groups += _groups(key, value)
    return tuple(group for group in groups if group.facts)


def settings_of(run: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Return the settings, sorted by name."""
    settings = run.get("settings")
    if not isinstance(settings, Mapping):
        return ()
    return tuple(_setting(str(name), settings[name]) for name in sorted(settings, key=str))


# What chooses samples or says how to start, and not how a sample is answered.
_NOT_RERUN = frozenset(("sample_id", "limit", "fresh", "retry_errors", "run_name"))


def rerun_options(run: Mapping[str, Any]) -> list[str]:
    """Return the options of the command line that this run was started with, word by word."""
    settings = run.get("settings")
    found: list[str] = []
    for name, entry in settings.items() if isinstance(settings, Mapping) else ():
        is_given = isinstance(entry, Mapping) and entry.get("source") == "command line"
        if is_given and name not in _NOT_RERUN:
            found += _option(str(name), entry.get("value"))
    return found


def _option(name: str, value: object) -> list[str]:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{option}" if value else f"--no-{option}"]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for one in values if one is not None for word in (f"--{option}", str(one))]


def plain(value: object) -> str:
    """Return a value of `run.json` as text."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _groups(key: str, value: Mapping[str, Any]) -> Iterator[Facts]:
    flat = {name: entry for name, entry in value.items() if not isinstance(entry, Mapping)}
    # The section is called provenance already.
    yield _group("Environment" if key == "provenance" else _words(key), flat)
    for name, entry in value.items():
        if isinstance(entry, Mapping):
            yield _group(_words(name), entry)


def _group(title: str, facts: Mapping[str, Any]) -> Facts:
    return Facts(title, tuple((_words(name), _fact(name, value)) for name, value in facts.items()))


def _fact(name: str, value: object) -> str:
    if name in ("command", "argv") and isinstance(value, Sequence) and not isinstance(value, str):
        return shlex.join(str(part) for part in value)
    return plain(value)


def _setting(name: str, entry: object) -> Setting:
    if isinstance(entry, Mapping) and "value" in entry:
        return Setting(name, plain(entry["value"]), str(entry.get("source", "")))
    return Setting(name, plain(entry), "")


def _words(name: str) -> str:
    words = str(name).replace("_", " ")
    return words[:1].upper() + words[1:]
