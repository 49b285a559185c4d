"""The fields of `Settings` ─▶ options of pytest.

Where another plugin has taken the name of an option, it is registered with the prefix `--stindex-`
alone, which `pytest --help` shows. For that the options are added after those of the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from stindex.config import Settings

_PREFIX = "stindex_"
_FILES = ("anchor", "baseline", "dataset", "predictions", "prompt", "rescore", "thresholds")
_CONVERTERS: dict[object, type] = {int: int, float: float}


def add_options(parser: pytest.Parser) -> None:
    """Register an option for each field; none has a default, so that it shows what was given."""
    group = parser.getgroup("stindex", "stindex: evaluation of a language model")
    for name, field in Settings.model_fields.items():
        option = name.replace("_", "-")
        attributes = {**_attributes(field), "dest": _PREFIX + name, "default": None}
        attributes["help"] = _help(field)
        try:
            group.addoption(f"--{option}", **attributes)
        except (ValueError, argparse.ArgumentError):
            group.addoption(f"--stindex-{option}", **attributes)


def loaded_by_conftest(manager: pytest.PytestPluginManager) -> bool:
    """Whether this plugin is loaded late, after the plugins that may have taken options."""
    files = (getattr(plugin, "__file__", None) for plugin in manager.get_plugins())
    return any(file is not None and Path(file).name == "conftest.py" for file in files)


def given_options(config: pytest.Config) -> dict[str, Any]:
    """Return field name to value, of the options that are on the command line.

    A relative path is looked for where the command was typed, and then below pytest's root.
    """
    values = {name: config.getoption(_PREFIX + name) for name in Settings.model_fields}
    # pytest has taken `--strict`: who asks it to be strict means the gates too.
    if values["strict"] is None and config.getoption("strict", default=False):
        values["strict"] = True
    given = {name: value for name, value in values.items() if value is not None}
    here, root = config.invocation_params.dir, config.rootpath
    return given | {name: _found(given[name], here, root) for name in _FILES if name in given}


def _found(named: str, here: Path, root: Path) -> str:
    """Return a path as seen from `root`, if there is something at it as seen from `here`."""
    path = here / named
    if here == root or not path.exists():
        return named
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _attributes(field: FieldInfo) -> dict[str, Any]:
    if field.annotation is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(field.annotation) is list:
        return {"action": "append", "metavar": "ID"}
    if get_origin(field.annotation) is Literal:
        return {"choices": list(get_args(field.annotation))}
    kinds = {field.annotation, *_inner(field.annotation)}
    if "auto" in kinds:  # a number or this word: pydantic tells them apart
        return {"metavar": "N|auto"}
    for kind, converter in _CONVERTERS.items():
        if kind in kinds:
            return {"type": converter, "metavar": "N"}
    return {"metavar": "VALUE"}


def _inner(annotation: object) -> set[object]:
    found: set[object] = set()
    for part in get_args(annotation):
        found |= {part} | _inner(part) if not isinstance(part, FieldInfo) else set()
    return found


def _help(field: FieldInfo) -> str:
    default = field.default
    shown = "" if default is None or default == [] else f" (default: {default})"
    return f"{field.description}{shown}".replace("%", "%%")
