"""The places that a mention may mean, whatever the document says.

The words of a mention go in, entries of the gazetteer come out with the way they were found: by
the name itself, by an abbreviation, a demonym, or, as a last resort, by a part of the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stindex.geocoding.gazetteer import CURATED_NAME, Entry, Gazetteer
from stindex.geocoding.names import (
    demonym_bases,
    normalise,
    parted,
    partial_keys,
    stripped_forms,
)

_BRACKETS = "\"“”'()[] \t\n"
_TWO_CAPITALS = re.compile(r"[A-Z]{2}")
_THREE_CAPITALS = re.compile(r"[A-Z]{3}")
_DEMONYM_CODES = frozenset({"PCL", "ADM1", "RGN", "CONT"})
_DEMONYM_CITY = 300_000
_ADDED_WORDS = ("county", "province", "island", "river", "airport")

# How often the best candidate of such a match was within 161 km, on news about epidemics and
# local news: the posterior among the candidates says nothing of it.
MATCH_CONFIDENCE: Mapping[str, float] = MappingProxyType(
    {"exact": 1.0, "code": 1.0, "demonym": 1.0, "head": 1.0, "stripped": 0.6, "part": 0.4}
)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Entries in the table's order, and how they were found: a key of `MATCH_CONFIDENCE`."""

    entries: tuple[Entry, ...] = ()
    match: str = ""


def candidates(surface: str, gazetteer: Gazetteer) -> Candidates:
    """Return the places that a mention's words may mean; no entries where there are none."""
    name = surface.strip(_BRACKETS)
    ways: tuple[tuple[str, Callable[[str, Gazetteer], tuple[Entry, ...]]], ...] = (
        ("exact", _exact),
        ("code", _country_code),
        ("demonym", _demonym),
        ("head", _head),
        ("stripped", _stripped),
        ("stripped", _with_generic_word),
        ("part", _part),
    )
    for match, find in ways:
        if entries := find(name, gazetteer):
            return Candidates(entries, match)
    return Candidates()


def _exact(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    entries = gazetteer.lookup_key(normalise(name))
    if not entries and _TWO_CAPITALS.fullmatch(name):
        return gazetteer.lookup_key(f"ab:{name}")
    if not entries and " & " in name:
        return gazetteer.lookup_key(normalise(name.replace(" & ", " and ")))
    return entries


def _country_code(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    if _THREE_CAPITALS.fullmatch(name):
        return gazetteer.lookup_key(f"iso3:{name.lower()}")
    return ()


def _demonym(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    for base in demonym_bases(normalise(name)):
        entries = tuple(e for e in gazetteer.lookup_key(base) if _has_demonym(e))
        if entries:
            return entries
    return ()


def _has_demonym(entry: Entry) -> bool:
    known = entry.code in _DEMONYM_CODES or (entry.is_city and entry.population > _DEMONYM_CITY)
    return known and entry.quality >= CURATED_NAME


def _head(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    """Look `Springfield` of `Springfield, Illinois` up."""
    head, around = parted(name)
    return gazetteer.lookup_key(normalise(head)) if around else ()


def _stripped(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    found = (gazetteer.lookup_key(normalise(form)) for form in stripped_forms(name))
    return next(filter(None, found), ())


def _with_generic_word(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    key = normalise(name)
    found = (gazetteer.lookup_key(f"{key} {word}") for word in _ADDED_WORDS)
    return next(filter(None, found), ())


def _part(name: str, gazetteer: Gazetteer) -> tuple[Entry, ...]:
    for key in partial_keys(normalise(name)):
        entries = tuple(e for e in gazetteer.lookup_key(key) if e.quality >= CURATED_NAME)
        if entries:
            return entries
    return ()
