"""Place names in a text, found by the gazetteer alone: what a reader without a model can do.

A text and the gazetteer go in, place mentions with their positions and types come out. Capitalised
words are looked up, the longest name first; whether a find is believed depends on how well known
the place is and on the words around it. Scripts without capitals are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from stindex.geocoding.gazetteer import Entry, Gazetteer
from stindex.geocoding.names import normalise
from stindex.geocoding.prior import prior
from stindex.geocoding.spotting_evidence import Find, believed
from stindex.geocoding.tokens import Token, joined, possessive_length, tokenize
from stindex.geocoding.word_lists import spotting_words
from stindex.schema import SpatialMention

_LONGEST_NAME = 6
# Below this a name is an adjective (`European`) or one of many alternate names.
_NAME_QUALITY = 2.6
_AIRPORT_QUALITY = 2.4
_KNOWN_ALTERNATE = 200_000
_SMALLEST_SHORT_NAME = 10_000
_SMALLEST_ACRONYM = 1_000_000


@dataclass(frozen=True, slots=True)
class _Span:
    """A mention as code points `start` to `end`, exclusive."""

    start: int
    end: int
    location_type: str


def spot(text: str, gazetteer: Gazetteer) -> list[SpatialMention]:
    """Return the place names of a text in text order.

    Positions are code points, ends exclusive; `location_type` is that of the best known place
    of the name. Coordinates are left to the geocoder.
    """
    tokens = tokenize(text)
    finds = believed(text, tokens, _finds(text, tokens, gazetteer), gazetteer)
    spans = sorted(
        {_extended(text, tokens, find) for find in finds},
        key=lambda span: (span.start, -span.end, span.location_type),
    )
    return [
        SpatialMention(
            text=text[span.start : span.end],
            location_type=span.location_type,
            start_char=span.start,
            end_char=span.end,
        )
        for span in spans
    ]


def _finds(text: str, tokens: Sequence[Token], gazetteer: Gazetteer) -> list[Find]:
    finds: list[Find] = []
    position = 0
    while position < len(tokens):
        find = _longest_name(text, tokens, position, gazetteer)
        if find is not None:
            finds.append(find)
        position = position + 1 if find is None else find.last + 1
    return finds


def _longest_name(
    text: str, tokens: Sequence[Token], first: int, gazetteer: Gazetteer
) -> Find | None:
    if not tokens[first].capital:
        return None
    for last in reversed(range(first, _run_end(text, tokens, first))):
        if not tokens[last].capital:
            continue
        start, end = tokens[first].start, tokens[last].end
        end -= possessive_length(text[start:end])
        entry = _best_entry(text[start:end], gazetteer)
        if entry is not None and not (tokens[first].word == "the" and entry.name[:4] != "The "):
            return Find(first, last, start, end, normalise(text[start:end]), entry)
    return None


def _run_end(text: str, tokens: Sequence[Token], first: int) -> int:
    """Return the end of the run of tokens that may belong to one name."""
    connectors = spotting_words()["connectors"]
    end = first + 1
    while (
        end < min(len(tokens), first + _LONGEST_NAME)
        and joined(text, tokens[end - 1], tokens[end])
        and (tokens[end].capital or tokens[end].word in connectors)
    ):
        end += 1
    return end


def _best_entry(name: str, gazetteer: Gazetteer) -> Entry | None:
    key = normalise(name)
    if key in spotting_words()["never"] and name not in ("US", "U.S."):
        return None
    entries: Iterator[Entry] = (e for e in gazetteer.lookup_key(key) if _is_name_of(e, key))
    if name.isupper() and len(key) <= 5:
        entries = (e for e in entries if not e.is_city or e.population > _SMALLEST_ACRONYM)
    elif len(key) <= 3:
        # `Ont`, `Man`: short names are abbreviations, except for towns (Van, Ulm).
        entries = (e for e in entries if e.is_city and e.population > _SMALLEST_SHORT_NAME)
    return max(entries, key=lambda e: (prior(e), -e.id), default=None)


def _is_name_of(entry: Entry, key: str) -> bool:
    if entry.code == "AIRP":
        return entry.quality >= _AIRPORT_QUALITY and " " in key
    known = entry.is_city and entry.population >= _KNOWN_ALTERNATE and len(key) > 4
    return entry.quality >= _NAME_QUALITY or known


def _extended(text: str, tokens: Sequence[Token], find: Find) -> _Span:
    """Take in the capitalised generic word of a name: `Fraser Valley`, `North Dallas`."""
    span = _Span(find.start, find.end, find.entry.location_type)
    words = spotting_words()
    after = tokens[find.last + 1] if find.last + 1 < len(tokens) else None
    if after and after.capital and find.end == after.start - 1 and text[find.end] == " ":
        for section, kind in (("regions after", "region"), ("features after", "feature")):
            if after.word in words[section]:
                return replace(span, end=after.end, location_type=kind)
    before = tokens[find.first - 1] if find.first else None
    if before and before.capital and joined(text, before, tokens[find.first]):
        if before.word in words["features before"]:
            return replace(span, start=before.start, location_type="feature")
        if before.word in words["directions"] and not before.opens_sentence:
            return replace(span, start=before.start)
    return span
