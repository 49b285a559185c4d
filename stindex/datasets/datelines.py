"""Datelines (`LYON, France (AP) — `, or a line with the date of the report alone), left out.

Corpora differ in whether they annotate them. A native object goes in; out comes the same object
with the dateline cut out of the text, the mentions in it removed, and the others moved.
"""

from __future__ import annotations

import re
from typing import Any

_PLACE = re.compile(
    r"\s*(?=[A-Z]{3})[A-Z][A-Z.'’ -]*(?:,? [A-Z][\w.'’]*){0,5}(?:,? \d{1,2})?"
    r"(?: ?\([A-Z][\w /.]{1,24}\))? ?(?:--|[–—]| - ) ?"
)
_FIRST_LINES = 3

Span = tuple[int, int]


def dateline_of(entry: dict[str, Any]) -> Span | None:
    """Return where the dateline of an object stands; None where there is none.

    A line among the first three that holds a temporal mention of the reference date and nothing
    else, or a place in capitals at the start, up to its dash.
    """
    text = entry["text"]
    date = (entry.get("reference_date") or "")[:10]
    temporal = (entry.get("ground_truth") or {}).get("temporal") or ()
    of_report = {m["text"].strip() for m in temporal if date and m["normalized"][:10] == date}
    start = 0
    for line in text.splitlines(keepends=True)[:_FIRST_LINES]:
        if line.strip() in of_report:
            return start, start + len(line)
        start += len(line)
    found = _PLACE.match(text)
    return found.span() if found else None


def without_dateline(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the object without its dateline; itself where it has none."""
    span = dateline_of(entry)
    if span is None or not (entry["text"][: span[0]] + entry["text"][span[1] :]).strip():
        return entry
    start, end = span
    truth = {
        layer: None if mentions is None else [m for m in (_moved(m, span) for m in mentions) if m]
        for layer, mentions in entry["ground_truth"].items()
    }
    text = entry["text"]
    return {**entry, "text": text[:start] + text[end:], "ground_truth": truth}


def _moved(mention: dict[str, Any], span: Span) -> dict[str, Any] | None:
    start, end = span
    if mention.get("start_char") is None or mention["end_char"] <= start:
        return mention
    if mention["start_char"] < end:
        return None
    cut = end - start
    moved = {"start_char": mention["start_char"] - cut, "end_char": mention["end_char"] - cut}
    return {**mention, **moved}
