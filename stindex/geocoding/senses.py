"""The senses of a document: its mentions, grouped by name, with what each may mean and why.

The mentions and the text go in. Out come groups of mentions that mean the same place (one sense of
a name per document, unless the document itself says `Perth, Scotland` and `Perth, Australia`), each
with its candidates and their scores before any other place of the document is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stindex.geocoding.candidates import Candidates, candidates
from stindex.geocoding.containers import Unit, nested_units, units_after
from stindex.geocoding.gazetteer import CURATED_NAME, OWN_NAME, Entry, Gazetteer
from stindex.geocoding.names import normalise, parted
from stindex.geocoding.prior import prior
from stindex.schema import SpatialMention

_MOST_CANDIDATES = 60
_SAME_DIVISION = 8.0
_SAME_COUNTRY = 6.0
_DIVISION_WORD_BONUS = 3.0
_CITY_WORD_BONUS = 2.0
_CONTAINER_BONUS = 1.0
_COUNTRY_NAMESAKE_MALUS = 1.5
_CAPITAL_NAMESAKE_MALUS = 3.0
# A state smaller than this and its capital are one place (Singapore, Monaco).
_CITY_STATE_RADIUS_KM = 60.0

_DIVISION_WORD = re.compile(
    r"\s+(?:County|Parish|Province|District|Prefecture|Region|State|Governorate|Oblast|Department)\b"
)
_CITY_WORD = re.compile(r"\s+(?:City|Township)\b")
_AFTER_NAME_AND_COMMA = re.compile(r"[A-Z][\w.'’-]+,\s*$")
_AFTER, _BEFORE = 30, 25


@dataclass(frozen=True, slots=True)
class Sense:
    """Mentions that mean the same place.

    Attributes:
        name: the normalised name; senses of one name do not speak for each other.
        mentions: indices of the mentions.
        entries: the candidates, the best score first.
        scores: the score of each candidate, on the scale of `prior`.
        anchors: the units that the document says the place lies in.
        match: how the candidates were found.
    """

    name: str
    mentions: tuple[int, ...]
    entries: tuple[Entry, ...]
    scores: tuple[float, ...]
    anchors: tuple[Unit, ...]
    match: str


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the words right beside a mention say about it."""

    anchors: tuple[Unit, ...] = ()
    stated: bool = False
    is_division: bool = False
    is_city: bool = False
    is_container: bool = False


def senses(mentions: Sequence[SpatialMention], text: str, gazetteer: Gazetteer) -> list[Sense]:
    """Return the senses of a document in the order of their first mentions."""
    by_name: dict[str, list[int]] = {}
    for index, mention in enumerate(mentions):
        by_name.setdefault(normalise(mention.text), []).append(index)
    return [
        sense
        for name, indices in by_name.items()
        for sense in _senses_of_name(name, indices, mentions, text, gazetteer)
    ]


def _senses_of_name(
    name: str,
    indices: Sequence[int],
    mentions: Sequence[SpatialMention],
    text: str,
    gazetteer: Gazetteer,
) -> Iterator[Sense]:
    found = candidates(mentions[indices[0]].text, gazetteer)
    around = {i: _surroundings(mentions[i], text, found, gazetteer) for i in indices}
    for members in _members(indices, {i: around[i].anchors for i in indices}):
        yield _sense(name, members, found, [around[i] for i in members])


def _members(
    indices: Sequence[int], anchors: Mapping[int, tuple[Unit, ...]]
) -> list[tuple[int, ...]]:
    """Group mentions of a name by what they are said to lie in.

    A mention of which nothing is said goes with the last one before it of which something is,
    or with the first one after it.
    """
    current = next((anchors[i] for i in indices if anchors[i]), ())
    groups: dict[tuple[Unit, ...], list[int]] = {}
    for index in indices:
        current = anchors[index] or current
        groups.setdefault(current, []).append(index)
    return [tuple(group) for group in groups.values()]


def _surroundings(
    mention: SpatialMention, text: str, found: Candidates, gazetteer: Gazetteer
) -> _Surroundings:
    parts = [*parted(mention.text)[1], *(mention.parent_region or "").split(",")]
    levels = nested_units([part for part in parts if part.strip()], gazetteer)
    stated = next(filter(None, (_matching(units, found) for units in levels)), ())
    if mention.start_char is None or mention.end_char is None:
        return _Surroundings(anchors=stated, stated=bool(stated))
    after = text[mention.end_char : mention.end_char + _AFTER]
    before = text[max(0, mention.start_char - _BEFORE) : mention.start_char]
    written = _matching(units_after(text, mention.end_char, gazetteer), found)
    return _Surroundings(
        anchors=stated or written,
        stated=bool(stated),
        is_division=bool(_DIVISION_WORD.match(after)),
        is_city=bool(_CITY_WORD.match(after)),
        is_container=bool(_AFTER_NAME_AND_COMMA.search(before)),
    )


def _matching(units: Sequence[Unit], found: Candidates) -> tuple[Unit, ...]:
    """Return the units that hold a candidate: `Iraq, Iran` is a list, not a place in Iran."""
    return tuple(u for u in units if any(u.contains(entry) for entry in found.entries))


def _sense(
    name: str, members: tuple[int, ...], found: Candidates, around: Sequence[_Surroundings]
) -> Sense:
    anchors = _anchors(found, around)
    scored = [(_score(entry, found, anchors, around), entry) for entry in found.entries]
    scored.sort(key=lambda pair: (-pair[0], pair[1].id))
    best = scored[:_MOST_CANDIDATES]
    return Sense(
        name=name,
        mentions=members,
        entries=tuple(entry for _, entry in best),
        scores=tuple(score for score, _ in best),
        anchors=anchors,
        match=found.match,
    )


def _anchors(found: Candidates, around: Sequence[_Surroundings]) -> tuple[Unit, ...]:
    anchors = next((a.anchors for a in around if a.anchors), ())
    names_country = any(e.code == "PCL" and e.quality >= CURATED_NAME for e in found.entries)
    if names_country and not any(a.stated for a in around):
        # `Georgia, Ukraine and Moldova` is a list.
        return tuple(unit for unit in anchors if unit.code != "PCL")
    return anchors


def _score(
    entry: Entry, found: Candidates, anchors: Sequence[Unit], around: Sequence[_Surroundings]
) -> float:
    score = prior(entry) + _from_words(entry, around) + _from_anchors(entry, anchors)
    return score if anchors else score - _namesake_malus(entry, found.entries)


def _from_words(entry: Entry, around: Sequence[_Surroundings]) -> float:
    bonus = 0.0
    if entry.code in ("ADM1", "ADM2") and any(a.is_division for a in around):
        bonus += _DIVISION_WORD_BONUS
    if entry.code == "PPL" and any(a.is_city for a in around):
        bonus += _CITY_WORD_BONUS
    if entry.code in ("ADM1", "PCL") and any(a.is_container for a in around):
        bonus += _CONTAINER_BONUS
    return bonus


def _from_anchors(entry: Entry, anchors: Sequence[Unit]) -> float:
    inside = [unit for unit in anchors if unit.contains(entry)]
    if not inside:
        return 0.0
    return max(_SAME_COUNTRY if unit.code == "PCL" else _SAME_DIVISION for unit in inside)


def _namesake_malus(entry: Entry, entries: Sequence[Entry]) -> float:
    """Return what a place loses because its name is also a country's: cities named Peru."""
    # Georgia is left out: the state is named as often as the country.
    countries = [e for e in entries if e.code == "PCL" and e.country != "GE"]
    if not countries:
        return 0.0
    if entry.code in ("PPL", "ADM2"):
        return _COUNTRY_NAMESAKE_MALUS
    if entry.code != "PPLC" or entry.quality >= OWN_NAME:
        return 0.0
    own = [e for e in countries if e.country == entry.country]
    return 0.0 if any(e.radius_km < _CITY_STATE_RADIUS_KM for e in own) else _CAPITAL_NAMESAKE_MALUS
