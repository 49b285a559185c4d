"""Positions that do not fit their text: put right where that is certain, left out elsewhere.

The mentions of a document go in as objects of the native format with `start_char` and `end_char`;
those come out that stand where they say, with a `Repair` for each that did not. Certain are: other
white space or case at the place, words that the text has only once, a shift that all other
mentions of the document (or of the file) share, and another way of counting under which all
mentions of the document stand where they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from stindex.datasets.problems import Repair
from stindex.postprocess import surface_form

Mention = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its mentions of one layer, as a corpus has them."""

    where: str
    sample_id: str
    text: str
    mentions: Sequence[Mention]


def fit(documents: Sequence[Document]) -> tuple[list[list[Mention]], list[Repair]]:
    """Return the mentions of each document that stand in its text, and what was done to them."""
    of_file = _shared_shift(documents)
    fitted: list[list[Mention]] = []
    repairs: list[Repair] = []
    for document in documents:
        of_document = _shared_shift([document])
        shifts = [shift for shift in (of_document, of_file) if shift is not None]
        mentions, done = _fit_document(document, shifts)
        fitted.append(mentions)
        repairs.extend(done)
    return fitted, repairs


def _fit_document(document: Document, shifts: Sequence[int]) -> tuple[list[Mention], list[Repair]]:
    kept: list[Mention] = []
    repairs: list[Repair] = []
    seen: set[str] = set()
    counted = _recounted(document)
    for number, mention in enumerate(document.mentions):
        if counted is not None:
            found, done = _counted(mention, counted[number])
        else:
            found, done = _fit_mention(mention, document.text, shifts)
        if found is not None and (identity := repr(sorted(found.items()))) in seen:
            found, done = None, "is annotated twice and was left out once"
        elif found is not None:
            seen.add(identity)
        if found is not None:
            kept.append(found)
        if done:
            repairs.append(_repair(document, mention, done))
    return kept, repairs


def _repair(document: Document, mention: Mention, done: str) -> Repair:
    message = f"{mention['text']!r} at {mention['start_char']}:{mention['end_char']} {done}"
    return Repair(document.where, document.sample_id, message)


def _fit_mention(mention: Mention, text: str, shifts: Sequence[int]) -> tuple[Mention | None, str]:
    """Return the mention where it stands, or None, and what was done; empty if nothing was."""
    words, start, end = mention["text"], mention["start_char"], mention["end_char"]
    there = text[start:end] if 0 <= start < end else ""
    if there == words and words:
        return mention, ""
    if there and surface_form(there) == surface_form(words):
        return {**mention, "text": there}, f"is written {there!r} in the text"
    for shift in shifts:
        if _stands(text, words, start + shift):
            return _moved(mention, start + shift), _where_to(start + shift, words)
    if (only := _only_place(text, words)) is not None:
        return _moved(mention, only), _where_to(only, words)
    return None, f"was left out: the text has {there!r} there"


def _counted(mention: Mention, found: Mention) -> tuple[Mention | None, str]:
    same = found["start_char"] == mention["start_char"]
    return found, "" if same else _where_to(found["start_char"], found["text"])


def _moved(mention: Mention, start: int) -> Mention:
    return {**mention, "start_char": start, "end_char": start + len(mention["text"])}


def _where_to(start: int, words: str) -> str:
    return f"stands at {start}:{start + len(words)}"


def _stands(text: str, words: str, start: int) -> bool:
    return bool(words) and start >= 0 and text.startswith(words, start)


def _only_place(text: str, words: str) -> int | None:
    """Return where the words stand if they stand there only."""
    if not words.strip():
        return None
    first = text.find(words)
    return first if first >= 0 and text.find(words, first + 1) < 0 else None


def _shared_shift(documents: Sequence[Document]) -> int | None:
    """Return by how much positions are off, if all that can be told are off by the same.

    It can be told where the words stand only once in the text; and if there is no such mention,
    where all of them stand one further to the left, or all one further to the right.
    """
    told = _told_by_words(documents)
    if told:
        return told.pop() if len(told) == 1 else None
    by_one = [shift for shift in (0, -1, 1) if _all_stand(documents, shift)]
    return by_one[0] if len(by_one) == 1 else None


def _all_stand(documents: Iterable[Document], shift: int) -> bool:
    return all(
        _stands(document.text, mention["text"], mention["start_char"] + shift)
        for document in documents
        for mention in document.mentions
    )


def _told_by_words(documents: Iterable[Document]) -> set[int]:
    """Return the shifts of the mentions whose words stand only once in their text."""
    shifts: set[int] = set()
    for document in documents:
        for mention in document.mentions:
            only = _only_place(document.text, mention["text"])
            if only is not None:
                shifts.add(only - mention["start_char"])
    return shifts


# ── Other ways of counting ───────────────────────────────────────────────────────────────────


def _utf16(text: str) -> list[int]:
    return [1 + (character > "\uffff") for character in text]


def _utf8(text: str) -> list[int]:
    return [len(character.encode("utf-8", "surrogatepass")) for character in text]


def _line_end_of_one(text: str) -> list[int]:
    return [int(text[at : at + 2] != "\r\n") for at in range(len(text))]


def _line_end_of_two(text: str) -> list[int]:
    return [1 + (character == "\n") for character in text]


# Text to what each of its characters counts.
_WAYS: tuple[Callable[[str], list[int]], ...] = (_utf16, _utf8, _line_end_of_one, _line_end_of_two)


def _recounted(document: Document) -> list[Mention] | None:
    """Return the mentions as code points, where another way of counting makes all of them fit.

    None if they fit as they are, or if no way, or several that differ, would do.
    """
    if _all_stand([document], 0):
        return None
    found = [fitting for way in _WAYS if (fitting := _under(way, document)) is not None]
    return found[0] if found and all(other == found[0] for other in found) else None


def _under(way: Callable[[str], list[int]], document: Document) -> list[Mention] | None:
    counted: dict[int, int] = {}
    for place, position in enumerate(accumulate(way(document.text), initial=0)):
        counted.setdefault(position, place)
    found: list[Mention] = []
    for mention in document.mentions:
        start, end = (counted.get(mention[key], -1) for key in ("start_char", "end_char"))
        if start < 0 or document.text[start:end] != mention["text"]:
            return None
        found.append({**mention, "start_char": start, "end_char": end})
    return found
