"""The places of a document settle each other: which of their candidates lie together.

The senses of a document go in, a probability for each candidate comes out. In a few rounds every
sense is weighed anew by the countries, divisions and points that the OTHER names speak for.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from stindex.geocoding.gazetteer import Entry
from stindex.geocoding.senses import Sense
from stindex.geocoding.text_evidence import Area

_ROUNDS = 4
_SHARPNESS = 1.3
_REPETITION = 0.5
_LEAST_VOTE = 0.02

_COUNTRY_WEIGHT = 1.0
_DIVISION_WEIGHT = 1.6
_COUNTY_WEIGHT = 1.5
_COUNTY_SLOPE = 3.0
_FLOOR = 0.02
# A country that a single mention votes for is not certain: a share is of the votes and one more.
_SHARE_OFFSET = 1.0
_DIVISION_VOTE = 1.5
_ANCHOR_VOTE = 0.5
_TEXT_VOTE = 0.4

_NEAR_KM, _NEAR_WEIGHT = 120.0, 1.2
_CLOSE_KM, _CLOSE_WEIGHT = 25.0, 1.0
_KM_PER_DEGREE = 111.2
_BAND_DEGREES = 4.0

_Key = TypeVar("_Key")
# What has no point that could be near something.
_WITHOUT_POINT = frozenset({"PCL", "CONT", "OCN"})


@dataclass(slots=True)
class _Votes:
    country: dict[str, float] = field(default_factory=dict)
    division: dict[tuple[str, str], float] = field(default_factory=dict)
    county: dict[str, float] = field(default_factory=dict)

    def add(self, country: str, division: str, weight: float, division_weight: float) -> None:
        """Vote for a country and, if there is one, its division."""
        if country and weight:
            self.country[country] = self.country.get(country, 0.0) + weight
        if division and division_weight:
            key = (country, division)
            self.division[key] = self.division.get(key, 0.0) + division_weight

    def add_all(self, other: _Votes) -> None:
        """Add all votes of another."""
        for country, votes in other.country.items():
            self.country[country] = self.country.get(country, 0.0) + votes
        for division, votes in other.division.items():
            self.division[division] = self.division.get(division, 0.0) + votes
        for county, votes in other.county.items():
            self.county[county] = self.county.get(county, 0.0) + votes


@dataclass(frozen=True, slots=True)
class _Points:
    """The points that the senses speak for, from south to north."""

    latitudes: list[float]
    points: list[tuple[float, float, float, str]]

    def near(self, entry: Entry, name: str) -> Iterator[tuple[float, float]]:
        """Yield (km, probability) of the points of other names up to four degrees north or south.

        Equirectangular: within 1 % of the geodesic where it matters.
        """
        low = bisect_left(self.latitudes, entry.latitude - _BAND_DEGREES)
        high = bisect_right(self.latitudes, entry.latitude + _BAND_DEGREES)
        shrink = math.cos(math.radians(entry.latitude))
        for latitude, longitude, probability, owner in self.points[low:high]:
            if owner != name:
                east = (longitude - entry.longitude + 180.0) % 360.0 - 180.0
                km = _KM_PER_DEGREE * math.hypot(latitude - entry.latitude, east * shrink)
                yield km, probability


def posteriors(senses: Sequence[Sense], named: Sequence[Area]) -> list[list[float]]:
    """Return for each sense the probabilities of its candidates, in their order; each sums to 1.

    Args:
        senses: all senses of a document.
        named: countries and divisions that the text names outside its mentions.
    """
    beliefs = [_softmax(sense.scores) for sense in senses]
    for _ in range(_ROUNDS):
        beliefs = _round(senses, beliefs, named)
    return beliefs


def _round(
    senses: Sequence[Sense], beliefs: Sequence[list[float]], named: Sequence[Area]
) -> list[list[float]]:
    own: dict[str, _Votes] = {}
    for sense, belief in zip(senses, beliefs, strict=True):
        own.setdefault(sense.name, _Votes()).add_all(_votes(sense, belief))
    total = _Votes()
    for country, division in named:
        total.add(country, division, _TEXT_VOTE, _TEXT_VOTE)
    for votes in own.values():
        total.add_all(votes)
    points = _points(senses, beliefs)
    return [
        belief
        if len(sense.entries) < 2
        else _softmax(
            [
                score + _agreement(entry, total, own[sense.name]) + _nearness(entry, points, sense)
                for score, entry in zip(sense.scores, sense.entries, strict=True)
            ]
        )
        for sense, belief in zip(senses, beliefs, strict=True)
    ]


def _votes(sense: Sense, belief: Sequence[float]) -> _Votes:
    votes = _Votes()
    repeated = 1.0 + _REPETITION * math.log(len(sense.mentions))
    for entry, probability in zip(sense.entries, belief, strict=True):
        if probability < _LEAST_VOTE:
            continue
        weight = probability * repeated
        of_division = _DIVISION_VOTE if entry.code == "ADM1" else 1.0
        votes.add(entry.country, entry.admin1, weight, weight * of_division)
        if entry.admin2:
            votes.county[entry.admin2] = votes.county.get(entry.admin2, 0.0) + weight
    for unit in sense.anchors[:1]:
        votes.add(unit.country, unit.admin1, 0.0, _ANCHOR_VOTE)
    return votes


def _points(senses: Sequence[Sense], beliefs: Sequence[list[float]]) -> _Points:
    points = []
    for sense, belief in zip(senses, beliefs, strict=True):
        if belief:
            best = max(range(len(belief)), key=belief.__getitem__)
            entry = sense.entries[best]
            if entry.code not in _WITHOUT_POINT:
                points.append((entry.latitude, entry.longitude, belief[best], sense.name))
    points.sort()
    return _Points([point[0] for point in points], points)


def _agreement(entry: Entry, total: _Votes, own: _Votes) -> float:
    score = 0.0
    if entry.country:
        score += _COUNTRY_WEIGHT * _share(entry.country, total.country, own.country)
    if entry.admin1:
        weight = _DIVISION_WEIGHT * (0.5 if entry.code == "ADM1" else 1.0)
        key = (entry.country, entry.admin1)
        score += weight * _share(key, total.division, own.division)
    if entry.admin2:
        others = total.county.get(entry.admin2, 0.0) - own.county.get(entry.admin2, 0.0)
        score += _COUNTY_WEIGHT * math.log10(1.0 + _COUNTY_SLOPE * max(0.0, others))
    return score


def _share(key: _Key, total: dict[_Key, float], own: dict[_Key, float]) -> float:
    """Return the logarithm of the share of the others' votes, 0 where nobody votes for it."""
    everything = math.fsum(total.values()) - math.fsum(own.values())
    others = max(0.0, total.get(key, 0.0) - own.get(key, 0.0))
    return math.log10(_FLOOR + others / (max(0.0, everything) + _SHARE_OFFSET)) - math.log10(_FLOOR)


def _nearness(entry: Entry, points: _Points, sense: Sense) -> float:
    if entry.code in _WITHOUT_POINT:
        return 0.0
    near = close = 0.0
    for km, probability in points.near(entry, sense.name):
        near += probability * math.exp(-km / _NEAR_KM)
        close += probability * math.exp(-km / _CLOSE_KM)
    return _NEAR_WEIGHT * math.log1p(near) + _CLOSE_WEIGHT * math.log1p(close)


def _softmax(scores: Sequence[float]) -> list[float]:
    best = max(scores, default=0.0)
    weights = [math.exp(_SHARPNESS * (score - best)) for score in scores]
    total = math.fsum(weights)  # `sum` differs between versions of Python
    return [weight / total for weight in weights]
