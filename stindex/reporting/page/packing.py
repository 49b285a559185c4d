"""A sample and an answer to it ─▶ rows of numbers and words, as the page's script reads them.

Positions are counted in UTF-16 units, as JavaScript does. Words of a mention stand in a row only
where they are not what the text has at its position. The layout of a row is in `docs/report.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from stindex.reporting.page.answers import Answer
from stindex.reporting.readings import PairReading
from stindex.schema import EntityMention, Mention, Sample, SpatialMention, TemporalMention
from stindex.scoring import DIMENSIONS, ERROR_KINDS

TEXT_LIMIT = 50_000
RAW_LIMIT = 20_000
WORDS_LIMIT = 300
_FACTS = 12

Units = Callable[[int], int]

# What an error kind is in the bits of a pair; one more says that a pair is not judged.
BITS = {kind: 1 << number for number, kind in enumerate(ERROR_KINDS)}
UNJUDGED = 1 << len(ERROR_KINDS)
_NOT_ANNOTATED, _EXHAUSTIVE, _PARTIAL = range(3)
_SAME = 1
_NO_PLACE = {"unresolved": "no such place is known", "off": "geocoding was off"}


def utf16_units(text: str) -> Units:
    """Return what turns a position in code points into one in UTF-16 units."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return lambda position: position
    units = [0, *accumulate(1 + (character > "\uffff") for character in text)]
    last = len(units) - 1
    return lambda position: units[min(position, last)]


def cut(text: str, limit: int) -> str | list[Any]:
    """Return a text, or its beginning and the length of the whole where it is too long."""
    return text if len(text) <= limit else [text[:limit], len(text)]


class RowWriter:
    """Writes the rows of one sample.

    Attributes:
        texts: False leaves out every word of the text and of an answer.
    """

    def __init__(self, sample: Sample, *, texts: bool) -> None:
        self.sample = sample
        self.texts = texts
        self._units = utf16_units(sample.text)
        self._gold = {
            id(mention): (number, _value(mention))
            for layer in sample.gold.values()
            for number, mention in enumerate(layer.mentions)
        }

    def head(self) -> tuple[Any, ...]:
        """Return length, reference date, metadata, and layers with their gold."""
        layers = [self._layer(name) for name in DIMENSIONS]
        return (
            len(self.sample.text),
            self.sample.reference_date,
            _facts(self.sample.metadata),
            *(state for state, _ in layers),
            *(mentions for _, mentions in layers),
        )

    def answer(self, answer: Answer) -> tuple[Any, ...]:
        """Return the pairs of each dimension, then what is known about the answer."""
        pairs: dict[str, list[list[Any]]] = {name: [] for name in DIMENSIONS}
        for pair in answer.pairs:
            pairs[pair.dimension].append(self._pair(pair))
        reason = answer.reason if self.texts else ""
        return (*pairs.values(), answer.facts, reason, answer.missed)

    def raw(self, answer: Answer) -> list[Any] | None:
        """Return raw answer and thought; None where there is none."""
        if not self.texts or answer.raw_text is None:
            return None
        return [cut(answer.raw_text, RAW_LIMIT), cut(answer.thought, RAW_LIMIT)]

    def text(self) -> str | list[Any] | None:
        """Return the text."""
        return cut(self.sample.text, TEXT_LIMIT) if self.texts else None

    def _layer(self, name: str) -> tuple[int, list[list[Any]]]:
        layer = self.sample.gold.get(name)
        if layer is None:
            return _NOT_ANNOTATED, []
        mentions = [[*self._gold[id(one)][1], *self._place(one)] for one in layer.mentions]
        return (_EXHAUSTIVE if layer.exhaustive else _PARTIAL), mentions

    def _pair(self, pair: PairReading) -> list[Any]:
        bits = 0 if pair.judged else UNJUDGED
        for kind in pair.errors:
            bits |= BITS[kind]
        gold, gold_value = (-1, None) if pair.gold is None else self._gold[id(pair.gold)]
        km = None if pair.km is None else round(pair.km, 1)
        if pair.predicted is None:
            return [gold, bits, km]
        value = _value(pair.predicted)
        if pair.gold is None or not _same_words(pair.predicted, pair.gold):
            return [gold, bits, km, [*value, *self._place(pair.predicted)]]
        # A prediction is written as far as it differs from its gold.
        return [gold, bits, km, _SAME if value == gold_value else value]

    def _place(self, mention: Mention) -> list[Any]:
        """Return start, length, and the words where the text has others there."""
        start, end = _span(mention)
        if start is None or end is None or not 0 <= start <= end <= len(self.sample.text):
            return [None, 0, self._words(mention)]
        place = [self._units(start), self._units(end) - self._units(start)]
        is_there = end <= TEXT_LIMIT and self.sample.text[start:end] == mention.text
        return place if is_there or not self.texts else [*place, self._words(mention)]

    def _words(self, mention: Mention) -> str:
        return mention.text[:WORDS_LIMIT] if self.texts else ""


def _same_words(a: Mention, b: Mention) -> bool:
    return a.start_char == b.start_char and a.end_char == b.end_char and a.text == b.text


def _span(mention: Mention) -> tuple[int | None, int | None]:
    return mention.start_char, mention.end_char


def _value(mention: Mention) -> list[Any]:
    """Return value and type; of a place its coordinates, type, and what the geocoder said."""
    if isinstance(mention, TemporalMention):
        return [mention.normalized[:WORDS_LIMIT], mention.temporal_type]
    if isinstance(mention, EntityMention):
        return [mention.normalized[:WORDS_LIMIT], mention.entity_type]
    return [
        None if mention.latitude is None else round(mention.latitude, 3),
        None if mention.longitude is None else round(mention.longitude, 3),
        mention.location_type,
        _resolved(mention),
    ]


def _resolved(mention: SpatialMention) -> str:
    place = mention.place
    if place is None:
        return _NO_PLACE.get(mention.geocoding, mention.geocoding)[:WORDS_LIMIT]
    return (f"{place.name}, {place.country}" if place.country else place.name)[:WORDS_LIMIT]


def _facts(metadata: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    """Return what is short and plain in the metadata, as names and values."""
    plain = [(k, v) for k, v in metadata.items() if isinstance(v, str | int | float)]
    return [[str(key)[:60], str(value)[:60]] for key, value in plain[:_FACTS]]
