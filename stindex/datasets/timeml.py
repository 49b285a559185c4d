"""TimeML (`.tml`): TIMEX3 inline in the text, creation time as reference date ─▶ native objects.

Time is annotated exhaustively, places are not annotated at all. Elements without words (implicit
times) are no mentions. TIMEX3's further attributes are kept and not scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.datasets.problems import Problem, Repair
from stindex.datasets.reading import Reading
from stindex.datasets.xml_source import parse_document, reading_of_files
from stindex.schema import TIMEX3_TYPES

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KEPT = ("mod", "quant", "freq", "functionInDocument", "anchorTimeID", "temporalFunction")
_CREATION = "CREATION_TIME"


def timeml_reading(path: Path) -> Reading:
    """Read a `.tml` file, or all below a directory; the id of a sample is its file's name.

    Raises:
        UserError: it is missing or cannot be read.
    """
    return reading_of_files(path, (".tml", ".xml"), _document)


def _document(where: str, file: Path, sample_id: str) -> tuple[object, list[Repair]]:
    root = parse_document(file, where, sample_id)
    if isinstance(root, Problem):
        return root, []
    body = root.find("TEXT")
    reading = _Inline()
    reading.walk(body if body is not None else root)
    mentions, repairs = _mentions(where, sample_id, reading)
    created, doubt = _creation_time(root)
    if doubt:
        repairs.append(Repair(where, sample_id, doubt))
    docid = root.findtext("DOCID")
    entry: dict[str, Any] = {
        "id": sample_id,
        "text": "".join(reading.parts),
        "reference_date": created,
        "ground_truth": {"temporal": mentions},
        "metadata": {"docid": docid.strip()} if docid and docid.strip() else {},
    }
    return entry, repairs


class _Inline:
    """The text of an element, and where the TIMEX3 elements in it stand."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.found: list[tuple[dict[str, str], int, int]] = []
        self._length = 0

    def walk(self, element: Element) -> None:
        """Take in an element with all that is in it; deep nesting is no problem."""
        stack: list[tuple[Element, Iterator[Element], int]] = [(element, iter(element), 0)]
        self._add(element.text)
        while stack:
            current, children, start = stack[-1]
            child = next(children, None)
            if child is not None:
                stack.append((child, iter(child), self._length))
                self._add(child.text)
                continue
            stack.pop()
            if current.tag == "TIMEX3":
                self.found.append((dict(current.attrib), start, self._length))
            if stack:
                self._add(current.tail)

    def _add(self, text: str | None) -> None:
        if text:
            self.parts.append(text)
            self._length += len(text)


def _mentions(
    where: str, sample_id: str, reading: _Inline
) -> tuple[list[dict[str, Any]], list[Repair]]:
    text = "".join(reading.parts)
    mentions: list[dict[str, Any]] = []
    repairs: list[Repair] = []
    for attributes, first, last in sorted(reading.found, key=lambda found: found[1:]):
        start, end = trimmed(text, first, last)
        if start < end:
            mention = timex_mention(attributes, text, start, end)
            if mention in mentions:
                done = f"{mention['text']!r} at {start}:{end} is annotated twice"
                repairs.append(Repair(where, sample_id, f"{done} and was left out once"))
                continue
            mentions.append(mention)
            if (first, last) != (start, end):
                done = f"{text[first:last]!r} at {first}:{last} has white space around its words"
                repairs.append(Repair(where, sample_id, f"{done}, which was left out"))
            if mention["temporal_type"] is None:
                said = attributes.get("type", "")
                done = f"{mention['text']!r} has the type {said!r}, which is none of TIMEX3's"
                repairs.append(Repair(where, sample_id, f"{done}, and counts without one"))
        elif attributes.get("functionInDocument") != _CREATION:
            done = f"TIMEX3 {attributes.get('tid', '')!r} has no words and is no mention"
            repairs.append(Repair(where, sample_id, done))
    return mentions, repairs


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span without the white space at its ends."""
    words = text[start:end]
    left = len(words) - len(words.lstrip())
    return start + left, start + left + len(words.strip())


def timex_mention(attributes: dict[str, str], text: str, start: int, end: int) -> dict[str, Any]:
    """Return a TIMEX3 at a place of a text as an object of the native format."""
    kind = attributes.get("type", "").strip().upper()
    kept = {name: attributes[name] for name in _KEPT if attributes.get(name)}
    return {
        "text": text[start:end],
        "start_char": start,
        "end_char": end,
        "normalized": attributes.get("value", "").strip(),
        "temporal_type": kind if kind in TIMEX3_TYPES else None,
        **kept,
    }


def _creation_time(root: Element) -> tuple[str | None, str]:
    """Return the creation time as ISO 8601, or None and perhaps why."""
    marked = [t for t in root.iter("TIMEX3") if t.get("functionInDocument") == _CREATION]
    inside = root.findall("DCT/TIMEX3")
    for timex in (*inside, *marked):
        return as_reference_date(timex.get("value", ""))
    return None, ""


def as_reference_date(value: str) -> tuple[str | None, str]:
    """Return a value as a reference date, or None and why it is none."""
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(value.strip())
        except ValueError:
            continue
        return value.strip(), ""
    return None, f"its creation time {value!r} is no date and was left out"
