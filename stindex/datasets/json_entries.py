"""JSON arrays and JSON lines ─▶ decoded objects, each with where it stands in the file.

What is not UTF-8 or not JSON comes out as a `Problem` with line and column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from stindex.datasets.problems import Problem
from stindex.errors import UserError

Entry = tuple[str, object]
"""Where it stands, and the decoded object or a `Problem`."""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        UserError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such data set; check the path.") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a directory; name a .json or .jsonl file in it.") from None
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise UserError(f"{path}: cannot be read ({why}); check the file.") from None


def json_entries(path: Path, content: bytes) -> Iterator[Entry]:
    """Yield the objects of a file: an array, or one a line (always where it is a `.jsonl`)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        yield "", Problem(f"line {line}", "", "", "is not UTF-8", "save the file as UTF-8")
        return
    if text.lstrip()[:1] == "[" and path.suffix != ".jsonl":
        yield from _array_entries(text)
    else:
        yield from _line_entries(text)


def _array_entries(text: str) -> Iterator[Entry]:
    try:
        entries = _decode(text)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        yield "", _broken(error, None)
        return
    for index, entry in enumerate(cast("list[object]", entries)):
        yield f"index {index}", entry


def _line_entries(text: str) -> Iterator[Entry]:
    # Not splitlines(): it would also split at U+2028 inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", _decode(line)
        except (json.JSONDecodeError, RecursionError, ValueError) as error:
            yield "", _broken(error, number)


def _decode(text: str) -> object:
    return _DECODER.decode(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


# Made once: `json.loads` makes a decoder a call.
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _broken(error: Exception, line: int | None) -> Problem:
    if isinstance(error, json.JSONDecodeError):
        where = f"line {line or error.lineno}, column {error.colno}"
        return Problem(where, "", "", f"is not JSON ({error.msg})", "correct the syntax there")
    where = f"line {line or 1}"
    what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Problem(where, "", "", f"is not JSON ({what})", "correct it")
