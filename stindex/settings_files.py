"""YAML settings files ─▶ validated pydantic objects, or one sentence about what is wrong.

Every file under `cfg/` comes through here, so that an unknown key, a wrong value and broken YAML
are reported alike: file, key, what is wrong, the nearest key that exists.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from stindex.errors import UserError

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path) -> object:
    """Return the content of a YAML file.

    Raises:
        UserError: the file is missing, unreadable, not UTF-8 or not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"{path}: cannot be read ({problem}); save it as UTF-8 text.") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        what = getattr(problem, "problem", None) or "malformed"
        raise UserError(f"{where}: not valid YAML ({what}); correct that line.") from None


def read_settings_file(path: Path, model: type[M]) -> M:
    """Return a YAML file as `model`; an empty file is an empty mapping.

    Raises:
        UserError: see `read_yaml`; or the content does not fit `model`.
    """
    content = read_yaml(path)
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise UserError(
            f"{path}: holds a {type(content).__name__}; write lines of the form `key: value`."
        )
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        raise UserError(f"{path}: {explain(problem, model)}") from None


def explain(problem: ValidationError, model: type[BaseModel]) -> str:
    """Return the first validation error as one sentence, naming the key and the remedy."""
    error = problem.errors(include_url=False)[0]
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        return f"`{where}` is no known key{nearest(str(error['loc'][-1]), known_keys(model))}."
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"`{where}`: {message[0].lower()}{message[1:]} (found {_shown(error.get('input'))})."


def known_keys(model: type[BaseModel]) -> list[str]:
    """Return all keys of a model and of the models inside it."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(field.alias or name)
        for inner in _models_in(field.annotation):
            keys.extend(known_keys(inner))
    return keys


def nearest(word: str, known: list[str]) -> str:
    """Return ` (did you mean …?)` with the nearest known words, or an empty string."""
    close = get_close_matches(word, known, n=3, cutoff=0.5)
    return " (did you mean " + " or ".join(f"`{c}`" for c in close) + "?)" if close else ""


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for part in getattr(annotation, "__args__", ()):
        found.extend(_models_in(part))
    return found


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
