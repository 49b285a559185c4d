"""What a mention is said to lie in: `Paris, Texas`, `Ames (Iowa)`, or a parent region.

Names of containing units go in, countries and divisions of the gazetteer come out. Several parts
(`Springfield, Sangamon County, Illinois`) narrow each other, from the largest inwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from stindex.geocoding.gazetteer import CURATED_NAME, Entry, Gazetteer
from stindex.geocoding.names import normalise

_NAME = r"((?:[A-Z][\w.'’-]*)(?:[ -](?:of |and |the )?[A-Z][\w.'’-]*){0,3})"
# A spaced dash only: `Egypt-US talks` says nothing about where Egypt lies.
_AFTER = (
    re.compile(rf"(?:\s*,\s*|\s*\(|\s+[-–—]\s+)(?:in |near )?{_NAME}"),
    re.compile(
        r"\s*,?\s+in (?:the |northern |southern |eastern |western |central |north |south |east "
        rf"|west |state of |province of )*{_NAME}"
    ),
)
_WINDOW = 60
_TWO_CAPITALS = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """A country or division that contains places; empty below its own level.

    `code` is PCL, ADM1 or ADM2; `country`, `admin1` and `admin2` are codes as in `Entry`.
    """

    code: str
    country: str
    admin1: str = ""
    admin2: str = ""

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return the unit that an entry is."""
        return cls(entry.code, entry.country, entry.admin1, entry.admin2)

    def contains(self, entry: Entry) -> bool:
        """Whether a place lies in the unit and is smaller than it."""
        if entry.country != self.country:
            return False
        match self.code:
            case "PCL":
                return entry.code != "PCL"
            case "ADM1":
                return entry.admin1 == self.admin1 and entry.code not in ("PCL", "ADM1")
            case _:
                inside = bool(self.admin2) and entry.admin2 == self.admin2
                return inside and entry.code not in ("PCL", "ADM1", "ADM2")

    def within(self, outer: Unit) -> bool:
        """Whether the unit is a part of another, or the same."""
        return (
            self.country == outer.country
            and outer.admin1 in ("", self.admin1)
            and outer.admin2 in ("", self.admin2)
        )


def units_after(text: str, position: int, gazetteer: Gazetteer) -> tuple[Unit, ...]:
    """Return the units named right after a position in the text: `, Texas`, ` (Iowa)`."""
    window = text[position : position + _WINDOW]
    for pattern in _AFTER:
        if match := pattern.match(window):
            words = match.group(1).split(" ")
            heads = (" ".join(words[:count]) for count in range(len(words), 0, -1))
            found = (_units(head, gazetteer) for head in heads)
            return next(filter(None, found), ())
    return ()


def nested_units(parts: Sequence[str], gazetteer: Gazetteer) -> list[tuple[Unit, ...]]:
    """Return the units of each part, the innermost first, as far as they lie in the outer ones.

    A part that is unknown, or that lies in none of the outer ones, is passed over.
    """
    levels: list[tuple[Unit, ...]] = []
    for part in reversed(parts):
        units = _units(part.strip(), gazetteer) or _units_of_city(part, gazetteer)
        outer = levels[0] if levels else ()
        inner = tuple(unit for unit in units if not outer or any(map(unit.within, outer)))
        if inner:
            levels.insert(0, inner)
    return levels


def _units(name: str, gazetteer: Gazetteer) -> tuple[Unit, ...]:
    for spelling in dict.fromkeys((name, name.rstrip(".'’,"))):
        entries = list(gazetteer.lookup_key(normalise(spelling)))
        if _TWO_CAPITALS.fullmatch(spelling):
            countries = [entry for entry in entries if entry.code == "PCL"]
            entries = [*gazetteer.lookup_key(f"ab:{spelling}"), *countries]
        if units := tuple(Unit.of(entry) for entry in entries if _is_unit(entry)):
            return units
    return ()


def _is_unit(entry: Entry) -> bool:
    county = entry.code == "ADM2" and entry.quality >= CURATED_NAME
    return entry.code in ("PCL", "ADM1") or county


def _units_of_city(name: str, gazetteer: Gazetteer) -> tuple[Unit, ...]:
    """Return the division of the largest city of a name: Brooklyn's parent may be New York City."""
    cities = [entry for entry in gazetteer.lookup(name) if entry.is_city]
    if not cities:
        return ()
    city = max(cities, key=lambda entry: (entry.quality, entry.population, -entry.id))
    return (Unit("ADM1", city.country, city.admin1),)
