"""Countries and states that a text names outside its mentions.

A model may miss the word `Scotland` that settles which Perth is meant. A text and the spans of its
mentions go in, the unambiguous countries and divisions named elsewhere in it come out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from stindex.geocoding.gazetteer import CURATED_NAME, Gazetteer
from stindex.geocoding.names import normalise

_CAPITALISED = re.compile(r"[A-Z][\w.'’-]+(?: (?:of )?[A-Z][\w.'’-]+){0,2}")
_SHORTEST_NAME = 4
_DIVISION_QUALITY = 2.8
# Their divisions are named in English texts without their country.
_COUNTRIES_WITH_DIVISIONS = frozenset(
    ("US", "CA", "AU", "GB", "IN", "CN", "MX", "BR", "DE", "FR", "IT", "ES", "RU", "ZA", "NG")
)
# Names that are as often something else: another place, a person, an adjective.
_AMBIGUOUS = """
    central chad conn eastern georgia german guinea jordan mass miss northern penn republic southern
    turkey victoria wash washington western
"""

Area = tuple[str, str]
"""A country's code, and the code of a division in it or nothing."""


def areas_by_key(gazetteer: Gazetteer) -> Mapping[str, Area]:
    """Return the keys that name exactly one country, or one division of a large country."""
    owners: dict[str, dict[Area, None]] = {}
    ambiguous = _AMBIGUOUS.split()
    divisions = gazetteer.names_of("ADM1", _DIVISION_QUALITY)
    known = [row for row in divisions if row[1] in _COUNTRIES_WITH_DIVISIONS]
    for key, country, admin1 in [*gazetteer.names_of("PCL", CURATED_NAME), *known]:
        if len(key) >= _SHORTEST_NAME and key not in ambiguous:
            owners.setdefault(key, {})[country, admin1] = None
    return {key: next(iter(areas)) for key, areas in owners.items() if len(areas) == 1}


def areas_in_text(
    text: str, spans: Iterable[tuple[int, int]], areas: Mapping[str, Area]
) -> list[Area]:
    """Return the areas that capitalised words outside the spans name, each once, in text order."""
    occupied = {position for start, end in spans for position in range(start, end)}
    found = (
        areas.get(key)
        for match in _CAPITALISED.finditer(text)
        if match.start() not in occupied
        for key in _runs(match.group())
    )
    return list(dict.fromkeys(area for area in found if area))


def _runs(name: str) -> Iterator[str]:
    words = name.split(" ")
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            yield normalise(" ".join(words[start:end]))
