"""A text with its mentions ─▶ HTML in which gold is a line below and the model's a line above.

Lines of overlapping mentions run in lanes of their own. It needs no colour: missed is dashed,
spurious is dotted, and a number leads to the row of the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from stindex.reporting.readings import PairReading
from stindex.reporting.visible import visible_markup
from stindex.schema import Mention

LANES = 4


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    name: str  # the class of its style
    lane: int = 0


@dataclass(frozen=True, slots=True)
class MarkedText:
    """The marked HTML, and how many lanes its deepest place has."""

    html: Markup
    lanes: int


def mark_text(text: str, pairs: Sequence[PairReading]) -> MarkedText:
    """Mark the mentions of a sample; offsets are code points, what lies outside is left out."""
    gold = _in_lanes(_lines(text, pairs, "g"))
    predicted = _in_lanes(_lines(text, pairs, "p"))
    lines = sorted([*gold, *predicted], key=lambda line: (line.start, -line.end))
    notes = _notes(text, pairs)
    cuts = sorted({0, len(text), *(cut for line in lines for cut in (line.start, line.end))})
    pieces = [
        _piece(text[start:end], [line for line in lines if line.start <= start and end <= line.end])
        + notes.get(end, "")
        for start, end in pairwise(cuts)
    ]
    deepest = max((line.lane for line in lines), default=0)
    return MarkedText(Markup("".join(pieces)), deepest + 1)  # noqa: S704 - pieces are escaped


def _lines(text: str, pairs: Iterable[PairReading], side: str) -> list[_Line]:
    found = []
    for pair in pairs:
        mention = pair.gold if side == "g" else pair.predicted
        span = _span(mention, len(text))
        if span is not None:
            found.append(_Line(*span, f"{side} {_state(pair)}".strip()))
    return sorted(found, key=lambda line: (line.start, -line.end))


def _span(mention: Mention | None, length: int) -> tuple[int, int] | None:
    if mention is None or mention.start_char is None or mention.end_char is None:
        return None
    start, end = mention.start_char, min(mention.end_char, length)
    return (start, end) if 0 <= start < end else None


def _state(pair: PairReading) -> str:
    if not pair.judged:
        return "unjudged"
    if pair.predicted is None:
        return "missed"
    if pair.gold is None:
        return "spurious"
    return "wrong" if pair.errors else ""


def _in_lanes(lines: Sequence[_Line]) -> list[_Line]:
    ends: list[int] = []
    placed = []
    for line in lines:
        lane = next((number for number, end in enumerate(ends) if end <= line.start), len(ends))
        ends[lane : lane + 1] = [line.end]
        placed.append(_Line(line.start, line.end, line.name, min(lane, LANES - 1)))
    return placed


def _notes(text: str, pairs: Iterable[PairReading]) -> dict[int, str]:
    notes: dict[int, str] = defaultdict(str)
    for pair in pairs:
        spans = (_span(mention, len(text)) for mention in (pair.gold, pair.predicted))
        ends = [span[1] for span in spans if span is not None]
        if ends:
            name = ' class="x"' if pair.errors else ""
            notes[max(ends)] += f"<sup{name}>{pair.number}</sup>"
    return notes


def _piece(text: str, lines: Sequence[_Line]) -> str:
    html = str(visible_markup(text))
    for line in reversed(lines):
        html = f'<span class="{line.name} l{line.lane}">{html}</span>'
    return html
