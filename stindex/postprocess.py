"""Character spans of what was extracted: a model gives words, scoring needs positions.

Mentions and their text go in, the same mentions with `start_char` and `end_char` come out; what
is not in the text keeps None. Readers of data sets place gold without offsets the same way.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar, cast

from stindex.schema import Mention

M = TypeVar("M", bound=Mention)
Span = tuple[int, int]

# Scripts whose words run together: Thai and Lao, Myanmar, Khmer, kana, Han, Hangul (particles
# attach to the noun), and the planes of rare Han characters.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1100, 0x11FF),
    (0x1780, 0x17FF),
    (0x2E80, 0x9FFF),
    (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_BEFORE_ALL: Span = (-1, -1)


def place_mentions(mentions: Sequence[M], text: str) -> tuple[M, ...]:
    """Give every mention of one dimension its span in `text`, in code points, end exclusive.

    As many mentions as possible are placed in the order in which they are listed, at word
    boundaries where the text has them; the rest goes to the nearest occurrence that is still
    free. Words are looked up as they are, then with case, white space and canonical equivalence
    (NFC) folded. Spans may overlap, but none is given twice. Mentions that have offsets keep
    them, and a mention that is not in the text stays without.
    """
    placed = {
        index: (mention.start_char, mention.end_char)
        for index, mention in enumerate(mentions)
        if mention.start_char is not None and mention.end_char is not None
    }
    wanted = [index for index in range(len(mentions)) if index not in placed]
    if not wanted:
        return tuple(mentions)
    finder = _Finder(text, used=set(placed.values()))
    found = _align([mentions[index].text for index in wanted], finder)
    spans = dict(zip(wanted, found, strict=True))
    return tuple(_with_span(mention, spans.get(index)) for index, mention in enumerate(mentions))


def surface_form(text: str) -> str:
    """Return `text` with case, white space and canonical equivalence folded."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _with_span(mention: M, span: Span | None) -> M:
    # The type checker loses that a mention of a kind stays one of that kind.
    return mention if span is None else cast("M", mention.at(*span))


# ── Alignment ────────────────────────────────────────────────────────────────────────────────


def _align(words: Sequence[str], finder: _Finder) -> list[Span | None]:
    """Choose an occurrence for each word: a monotonic alignment, then the nearest free ones."""
    candidates = [finder.best(word) for word in words]
    chosen = _first_in_order(candidates)
    if None in chosen:
        chosen = _most_in_order(candidates)
    _drop_repeated(chosen, finder.used)
    if None in chosen:
        _place_rest(words, chosen, finder)
    return chosen


def _next_span(candidates: Sequence[Span], previous: Span) -> Span | None:
    """Return the first candidate that does not start before `previous` and is not the same."""
    at = bisect_left(candidates, (previous[0], -1))
    if at < len(candidates) and candidates[at] == previous:
        at += 1
    return candidates[at] if at < len(candidates) else None


def _first_in_order(candidates: Sequence[Sequence[Span]]) -> list[Span | None]:
    """Take the earliest occurrence after the one before it; optimal where it places all."""
    chosen: list[Span | None] = []
    previous = _BEFORE_ALL
    for options in candidates:
        span = _next_span(options, previous)
        chosen.append(span)
        previous = span or previous
    return chosen


def _most_in_order(candidates: Sequence[Sequence[Span]]) -> list[Span | None]:
    """Place as many as possible in order, each as early as that allows.

    `ends[k]` is the earliest last span of any way to place k of the words seen so far; `steps`
    remembers which entries each word improved. Quadratic in the words, whatever the number of
    occurrences.
    """
    ends = [_BEFORE_ALL]
    steps: list[dict[int, Span]] = []
    for options in candidates:
        improved: dict[int, Span] = {}
        for k, end in enumerate(ends):
            span = _next_span(options, end)
            if span is not None and (k + 1 == len(ends) or span < ends[k + 1]):
                improved[k + 1] = span
        for k, span in improved.items():
            ends[k : k + 1] = [span]
        steps.append(improved)
    return _walk_back(steps, len(ends) - 1)


def _walk_back(steps: Sequence[dict[int, Span]], length: int) -> list[Span | None]:
    chosen: list[Span | None] = []
    for improved in reversed(steps):
        span = improved.get(length)
        chosen.append(span)
        if span is not None:
            length -= 1
    chosen.reverse()
    return chosen


def _drop_repeated(chosen: list[Span | None], used: set[Span]) -> None:
    """Mark the chosen spans as used; a span that comes up again goes to the rest."""
    for index, span in enumerate(chosen):
        if span is not None and span in used:
            chosen[index] = None
        elif span is not None:
            used.add(span)


def _place_rest(words: Sequence[str], chosen: list[Span | None], finder: _Finder) -> None:
    for index, span in enumerate(chosen):
        if span is None:
            nearest = finder.nearest_free(words[index], _anchor(chosen, index))
            chosen[index] = nearest
            if nearest is not None:
                finder.used.add(nearest)


def _anchor(chosen: Sequence[Span | None], index: int) -> int:
    """Return where a mention is expected: at the one listed before it, else after it."""
    before = next((span for span in reversed(chosen[:index]) if span), None)
    after = next((span for span in chosen[index + 1 :] if span), None)
    neighbour = before or after
    return neighbour[0] if neighbour else 0


# ── Occurrences ──────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Finder:
    """Occurrences of words in one text; each word is looked up once."""

    text: str
    used: set[Span]
    _exact: dict[str, tuple[list[Span], list[Span]]] = field(default_factory=dict)
    _all: dict[str, tuple[list[Span], ...]] = field(default_factory=dict)
    _folded: _FoldedText | None = None

    def best(self, word: str) -> list[Span]:
        """Return the free occurrences of the best kind that there is."""
        whole, _ = self._look_up(word)
        free = self._free(whole)
        if free:  # the usual case, in which the text need not be folded
            return free
        return next((free for free in map(self._free, self._kinds(word)) if free), [])

    def _free(self, spans: list[Span]) -> list[Span]:
        return [span for span in spans if span not in self.used] if self.used else spans

    def nearest_free(self, word: str, position: int) -> Span | None:
        """Return the free occurrence of the best kind that starts closest to `position`."""
        for spans in self._kinds(word):
            at = bisect_left(spans, (position, -1))
            after = next((span for span in spans[at:] if span not in self.used), None)
            before = next((span for span in reversed(spans[:at]) if span not in self.used), None)
            nearest = [span for span in (before, after) if span is not None]
            if nearest:
                return min(nearest, key=lambda span: (abs(span[0] - position), span))
        return None

    def _look_up(self, word: str) -> tuple[list[Span], list[Span]]:
        """Return exact occurrences: whole words, and parts of words."""
        if word not in self._exact:
            length = len(word)
            starts = _starts(self.text, word) if word.strip() else ()
            self._exact[word] = self._split([(start, start + length) for start in starts])
        return self._exact[word]

    def _kinds(self, word: str) -> tuple[list[Span], ...]:
        """Return occurrences by kind: whole words before parts, exact before folded ones."""
        if word not in self._all:
            whole, part = self._look_up(word)
            exact = {*whole, *part}
            folded = [span for span in self._find_folded(word) if span not in exact]
            folded_whole, folded_part = self._split(folded)
            self._all[word] = whole, folded_whole, part, folded_part
        return self._all[word]

    def _find_folded(self, word: str) -> list[Span]:
        form = surface_form(word)
        if not form:
            return []
        if self._folded is None:
            self._folded = _FoldedText.of(self.text)
        return self._folded.find(form)

    def _split(self, spans: Sequence[Span]) -> tuple[list[Span], list[Span]]:
        whole: list[Span] = []
        part: list[Span] = []
        for start, end in spans:
            (whole if _is_whole(self.text, start, end) else part).append((start, end))
        return whole, part


def _starts(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + 1)


def _is_whole(text: str, start: int, end: int) -> bool:
    if start > 0 and _in_one_word(text[start - 1], text[start]):
        return False
    return end >= len(text) or not _in_one_word(text[end - 1], text[end])


def _in_one_word(left: str, right: str) -> bool:
    """Whether no word boundary lies between two neighbouring characters."""
    if right.isascii():
        if not (right.isalnum() or right == "_"):
            return False
    elif unicodedata.category(right).startswith("M"):
        return True  # a combining mark belongs to what stands before it
    elif not right.isalnum() or _is_unspaced(right):
        return False
    if left.isascii():
        return left.isalnum() or left == "_"
    is_word = left.isalnum() or unicodedata.category(left).startswith("M")
    return is_word and not _is_unspaced(left)


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _UNSPACED)


@dataclass(frozen=True, slots=True)
class _FoldedText:
    """A folded text that knows where each of its characters came from.

    `starts` and `ends` hold the span in the original of each folded character.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> _FoldedText:
        folded = text.lower() if text.isascii() else text.casefold()
        is_plain = unicodedata.is_normalized("NFC", text) and len(folded) == len(text)
        # A fold that kept the length of the whole kept that of each character: no character
        # folds to nothing.
        if is_plain and not any(a.isspace() and b.isspace() for a, b in pairwise(text)):
            single = "".join(" " if c.isspace() else c for c in folded)
            return cls(single, range(len(text)), range(1, len(text) + 1))
        return cls._by_cluster(text)

    @classmethod
    def _by_cluster(cls, text: str) -> _FoldedText:
        folded: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for start, end in _clusters(text):
            cluster = text[start:end]
            form = " " if cluster.isspace() else surface_form(cluster)
            folded.append(form)
            starts.extend([start] * len(form))
            ends.extend([end] * len(form))
        return cls("".join(folded), starts, ends)

    def find(self, word: str) -> list[Span]:
        """Return the spans in the original of all occurrences of a folded word."""
        length = len(word)
        spans = [
            (self.starts[start], self.ends[start + length - 1])
            for start in _starts(self.text, word)
        ]
        return list(dict.fromkeys(spans))


def _clusters(text: str) -> Iterator[Span]:
    """Yield runs of white space, and characters with the combining marks that follow them."""
    start = 0
    while start < len(text):
        belongs: Callable[[str], bool] = str.isspace if text[start].isspace() else _is_combining
        end = start + 1
        while end < len(text) and belongs(text[end]):
            end += 1
        yield start, end
        start = end


def _is_combining(character: str) -> bool:
    return unicodedata.combining(character) > 0
