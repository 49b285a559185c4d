"""The table as it grows: places, and the keys under which each is found.

`Table.add` takes a place and gives its number; `Table.name` gives it a name. `lines` are the rows
as `stindex.geocoding.index` reads them. Qualities of names are in tenths, so that they stay whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from stindex.geocoding.names import normalise

# How good a name is for its place, in tenths: `stindex.geocoding.gazetteer` says what follows.
OWN, CURATED, DEMONYM, ADMINISTRATIVE, COUNTY, ALTERNATE = 30, 28, 25, 20, 15, 10


@dataclass(frozen=True, slots=True)
class Place:
    """A row without its names; `Entry` of `stindex.geocoding.gazetteer` explains the fields."""

    name: str
    latitude: float
    longitude: float
    code: str
    country: str = ""
    admin1: str = ""
    admin2: str = ""
    population: int = 0
    radius_km: float = 0.0

    def fields(self) -> list[str]:
        """Return the first nine columns of the row."""
        # Four digits, then three: as the published table was made.
        point = [f"{round(degrees, 4):.3f}" for degrees in (self.latitude, self.longitude)]
        where = [self.code, self.country, self.admin1, self.admin2]
        return [self.name, *point, *where, str(self.population), f"{self.radius_km:.0f}"]


@dataclass
class Table:
    """Places in order, and the quality of each key for each place."""

    places: list[Place] = field(default_factory=list)
    keys: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, place: Place) -> int:
        """Append a place; return its number, from 1."""
        self.places.append(place)
        return len(self.places)

    def name(self, number: int, name: str, quality: int = OWN) -> None:
        """Give a place a name; the best quality of a key counts."""
        if key := normalise(name):
            self.keys[key][number] = max(quality, self.keys[key].get(number, 0))

    def code(self, number: int, kind: str, code: str) -> None:
        """Give a place a code, which is found as `ab:TX` or `iso3:fra` and never as a word."""
        self.keys[f"{kind}:{code}"][number] = ALTERNATE

    def knows(self, name: str, codes: frozenset[str]) -> bool:
        """Whether a place of one of these feature codes bears this name."""
        numbers = self.keys.get(normalise(name), {})
        return any(self.places[number - 1].code in codes for number in numbers)

    def lines(self) -> Iterator[str]:
        """Yield the rows with all their names, tab-separated."""
        names = defaultdict(list)
        for key in sorted(self.keys):
            for number, quality in self.keys[key].items():
                names[number].append(key if quality == OWN else f"{key}:{quality}")
        for number, place in enumerate(self.places, start=1):
            yield "\t".join([*place.fields(), "|".join(names[number])])
