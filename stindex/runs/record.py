"""A generation as the journal keeps it, and as one line of JSON.

Records go in and bytes come out, and the other way round; each line says its version.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

from stindex.schema import Generation

RECORD_VERSION = 1
KEY_LENGTH = 64  # hexadecimal digits of SHA-256


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a journal.

    Attributes:
        key: the generation key: a SHA-256 over all that may change the answer.
        repeat: which of several answers to the same sample, from 0.
        attempt: from 1; the latest attempt counts.
        made_by: `host:pid` of the process that generated it.
        written_at: ISO 8601 in UTC.
        origin: id of the run that an answer was taken over from; empty for the run's own.
    """

    key: str
    sample_id: str
    generation: Generation
    repeat: int = 0
    attempt: int = 1
    made_by: str = ""
    written_at: str = ""
    origin: str = ""
    version: int = RECORD_VERSION


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that says: answers to this key up to this attempt do not count any more."""

    key: str
    sample_id: str
    up_to_attempt: int
    version: int = RECORD_VERSION


JournalLine = Record | SetAside

_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False)
_FIELDS = {kind: tuple(f.name for f in fields(kind)) for kind in (Record, SetAside, Generation)}


def encode(line: JournalLine) -> bytes:
    """Return one journal line, the key first, the newline included.

    ASCII only, so that a lone surrogate of a broken answer survives and a torn line is seen.
    """
    kind = "answer" if isinstance(line, Record) else "set_aside"
    content = {"key": line.key, "kind": kind, **_own_fields(line)}
    if isinstance(line, Record):
        content["generation"] = _own_fields(line.generation)
    return _ENCODER.encode(content).encode("ascii") + b"\n"


def _own_fields(value: Record | SetAside | Generation) -> dict[str, Any]:
    # `asdict` copies what it finds, which costs more than all the rest of a line.
    return {name: getattr(value, name) for name in _FIELDS[type(value)]}


def decode(line: bytes) -> JournalLine:
    """Read one journal line.

    Raises:
        ValueError: it is torn, damaged, or of a version that this program does not know.
    """
    try:
        content: Any = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict) or len(str(content.get("key"))) != KEY_LENGTH:
        raise ValueError("no journal line")
    if content.get("version") != RECORD_VERSION:
        raise ValueError(f"journal version {content.get('version')!r} is not known")
    kind = content.pop("kind", None)
    try:
        if kind == "set_aside":
            return SetAside(**content)
        return Record(**{**content, "generation": Generation(**content["generation"])})
    except (KeyError, TypeError) as problem:
        raise ValueError(str(problem)) from None
