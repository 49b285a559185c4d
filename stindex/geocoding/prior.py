"""How likely a place is meant by its name, before anything is known of the document.

An entry of the gazetteer goes in, a score comes out on the scale of decimal logarithms of a
population: a city of a million scores 6. The values are round and were not fitted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from stindex.geocoding.gazetteer import (
    CURATED_NAME,
    OWN_NAME,
    Entry,
)

_SMALLEST_CITY = 10**2.5
_CAPITAL_BONUS = 1.2
_COUNTRY = 7.6
_DEMONYM = 6.5
_FAMOUS_DIVISION = 6.9
_DIVISION = 5.6
_NAMED_COUNTY = 6.5
_BRITISH_COUNTY = 5.5
_COUNTY = 3.6
# Countries whose first-order divisions are named in the news without their country.
_FAMOUS_DIVISIONS = frozenset({"US", "CA", "AU", "GB"})
_OTHER: Mapping[str, float] = MappingProxyType(
    {"CONT": 7.5, "SEA": 7.5, "OCN": 7.5, "AIRP": 4.0, "FAC": 5.5}
)
_FEATURE = 6.0

_ALTERNATE_PENALTY = 3.0
# A big city's alternate names (Bombay) are known names; those of a small one are noise.
_BIG_CITY = 200_000
_BIG_CITY_SHARE = 0.35
_ADMINISTRATIVE_PENALTY = 1.5

COUNTY_WORD = re.compile(
    r"\b(county|parish|borough|district|province|municipality|census area|regency|prefecture)\b",
    re.IGNORECASE,
)


def prior(entry: Entry) -> float:
    """Return the score of a place under its name; higher is likelier, 2.5 to about 9."""
    return _by_kind(entry) - _alternate_name_penalty(entry)


def _by_kind(entry: Entry) -> float:
    match entry.code:
        case "PPL":
            return _size(entry)
        case "PPLC":
            return _size(entry) + (_CAPITAL_BONUS if entry.quality >= OWN_NAME else 0.0)
        case "PCL":
            base = _COUNTRY if entry.quality >= OWN_NAME else _DEMONYM
            return base + 0.1 * math.log10(max(entry.population, 1e5)) - 0.6
        case "ADM1":
            famous = entry.country in _FAMOUS_DIVISIONS and entry.quality >= CURATED_NAME
            return _FAMOUS_DIVISION if famous else _DIVISION
        case "ADM2":
            return _county(entry)
        case code:
            return _OTHER.get(code, _FEATURE)


def _size(city: Entry) -> float:
    return math.log10(max(city.population, _SMALLEST_CITY))


def _county(entry: Entry) -> float:
    if entry.quality < OWN_NAME:
        return _COUNTY
    if COUNTY_WORD.search(entry.name):
        return _NAMED_COUNTY
    return _BRITISH_COUNTY if entry.country == "GB" else _COUNTY


def _alternate_name_penalty(entry: Entry) -> float:
    if not (entry.is_city or entry.code in ("ADM1", "ADM2")):
        return 0.0
    if entry.quality < 1.5:
        big = entry.population >= _BIG_CITY
        return _ALTERNATE_PENALTY * (_BIG_CITY_SHARE if big else 1.0)
    return _ADMINISTRATIVE_PENALTY if entry.quality < CURATED_NAME else 0.0
