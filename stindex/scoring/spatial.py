"""The spatial dimension: how far from the gold a place was put, and whether that is near enough.

Judgements hold `type_equal`; `located` (the gold has coordinates: all that follows is None where
it has none); `kind` (`point`, `area` or None) and `kind_from_gold`; `distance_km` (None where the
prediction has no coordinates); `within_25km`, `within_161km` and `areal_ok`; `place_error` (one of
`PLACE_ERRORS`; None where the place is right).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import intern

from stindex.schema import Place, Sample, SpatialMention
from stindex.scoring.dimension import NO_TYPE, Block, Slicing, Sums, V
from stindex.scoring.sample_score import JudgedPair, Judgement

NEAR_KM = 25.0
# 100 miles: the distance that geoparsing has used since Leidner (2007).
FAR_KM = 161.0
MAX_RADIUS_KM = 500.0

KIND_OF = {"city": "point", "landmark": "point", "country": "area", "region": "area"}
# The prefix of the counts and series of each group; all places together have none.
_GROUPS = {"point": "point.", "area": "area."}
_UNJUDGED = ("distance_km", "within_25km", "within_161km", "areal_ok", "place_error")
# What can be wrong with a place: it has no coordinates, is of another level, or is another place.
PLACE_ERRORS = ("namesake", "granularity", "unresolved")


class SpatialDimension:
    """Place mentions: type and coordinates."""

    name = "spatial"
    own_errors = ("place",)

    @property
    def slicings(self) -> Mapping[str, Slicing[SpatialMention]]:
        """Parts by type."""
        return {"type": lambda mention, _: (self.type_of(mention) or NO_TYPE,)}

    def value_of(self, mention: SpatialMention) -> str:
        """Return the coordinates, whatever they are."""
        return f"{mention.latitude} {mention.longitude}"

    def type_of(self, mention: SpatialMention) -> str | None:
        """Return one of the location types in lower case, or None."""
        return None if mention.location_type is None else mention.location_type.lower()

    def judge(self, gold: SpatialMention, predicted: SpatialMention) -> Judgement:
        """Compare types, and where the two are."""
        kind, from_gold = _kind(gold, predicted.place)
        head: dict[str, bool | float | str | None] = {
            "type_equal": _same_type(gold, predicted),
            "located": _has_coordinates(gold),
            "kind": kind,
            "kind_from_gold": from_gold,
        }
        if not _has_coordinates(gold):
            return {**head, **dict.fromkeys(_UNJUDGED)}
        distance = distance_km(gold, predicted)
        return {**head, **judge_distance(gold, predicted.place, distance)}

    def errors(self, judgement: Judgement) -> tuple[str, ...]:
        """Return `place` where the gold has coordinates and these are not there."""
        return ("place",) if judgement["located"] and not judgement["areal_ok"] else ()

    def counts(
        self,
        sample: Sample,  # noqa: ARG002 - the protocol's
        gold: Sequence[SpatialMention],
        predicted: Sequence[SpatialMention],
        pairs: Sequence[JudgedPair],
    ) -> Mapping[str, int]:
        """Count coordinates and hits, for all places and for points and areas apart."""
        counts: dict[str, int] = {}
        for mention in gold:
            if _has_coordinates(mention):
                _add(counts, "located_gold", KIND_OF.get(_folded(mention.location_type)))
        kinds = {pair.predicted: pair.judgement["kind"] for pair in pairs}
        for index, mention in enumerate(predicted):
            kind = kinds[index] if index in kinds else _predicted_kind(mention)
            _add(counts, "predicted_places", kind)
            if _has_coordinates(mention):
                _add(counts, "geocoded", kind)
        for pair in pairs:
            if pair.judgement["located"]:
                _count_pair(counts, pair.judgement)
        return counts

    def series(self, pairs: Sequence[JudgedPair]) -> Mapping[str, Sequence[float]]:
        """Return the distances, for all places and for points and areas apart."""
        series: dict[str, list[float]] = {}
        for pair in pairs:
            distance = pair.judgement["distance_km"]
            if distance is not None:
                for prefix in _prefixes(pair.judgement["kind"]):
                    series.setdefault(f"{prefix}distance_km", []).append(float(distance))
        return series

    def metrics(self, totals: Sums[V]) -> Block[V]:
        """Return the metrics of coordinates."""
        block = _distance_metrics(totals, "")
        for name, prefix in _GROUPS.items():
            block[name] = _distance_metrics(totals, prefix)
        return block


def judge_distance(gold: SpatialMention, place: Place | None, distance: float | None) -> Judgement:
    """Judge a distance in km; None, a prediction without coordinates, is near nothing."""
    right = distance is not None and is_right_place(gold, place, distance)
    return {
        "distance_km": distance,
        "within_25km": distance is not None and distance <= NEAR_KM,
        "within_161km": distance is not None and distance <= FAR_KM,
        "areal_ok": right,
        "place_error": None if right else place_error(gold, place, distance),
    }


def place_error(gold: SpatialMention, place: Place | None, distance: float | None) -> str:
    """Return what is wrong with a place that is not right, one of `PLACE_ERRORS`.

    `granularity`: the place found is of another level than the gold (country, region, or what
    lies in one) and in the country where the gold's point lies; where no shape tells, within
    500 km. `namesake`: any other place with coordinates.
    """
    if distance is None:
        return "unresolved"
    if gold.location_type is None or place is None:
        return "namesake"
    if _level(gold.location_type) == _level(place.kind):
        return "namesake"
    related = _in_country(place.country, gold)
    if related is None:
        related = distance <= MAX_RADIUS_KM
    return "granularity" if related else "namesake"


def _level(location_type: str) -> str:
    folded = _folded(location_type)
    return folded if folded in ("country", "region") else "within"


def distance_km(gold: SpatialMention, predicted: SpatialMention) -> float | None:
    """Return the geodesic distance on WGS-84 in km; None where one has no coordinates."""
    if (
        gold.latitude is None
        or gold.longitude is None
        or predicted.latitude is None
        or predicted.longitude is None
    ):
        return None
    return geodesic_km((gold.latitude, gold.longitude), (predicted.latitude, predicted.longitude))


def geodesic_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the geodesic distance (Karney 2013) of two (latitude, longitude) in degrees, km."""
    if a == b:
        return 0.0
    # Slow to import and often not needed; geopy has no type information.
    from geopy.distance import geodesic  # type: ignore[import-untyped]  # noqa: PLC0415

    return float(geodesic(a, b).km)


def is_right_place(gold: SpatialMention, place: Place | None, distance: float) -> bool:
    """Judge a predicted point with the extent of areas in mind.

    Within 161 km is right, for whatever it is. For a point-like gold (city, landmark, feature,
    other) that is all. Where the gold is an area (country or region; without a type: where the
    resolved place is one) it is also right if the gold's point lies in the polygon of the
    resolved country, unless the gold says that it is a region; and, where there is no polygon to
    ask, within the radius of a circle of the resolved area's size, at most 500 km. A region that
    was resolved to a whole country gets neither.

    Args:
        place: what the geocoder resolved the prediction to; None for coordinates without one.
        distance: between the gold's point and the prediction's, km.
    """
    if distance <= FAR_KM:
        return True
    kind, _ = _kind(gold, place)
    if kind != "area" or place is None:
        return False
    if place.kind == "country":
        if _folded(gold.location_type) == "region":
            return False
        inside = _in_country(place.country, gold)
        if inside is not None:
            return inside
    return distance <= min(place.radius_km, MAX_RADIUS_KM)


def _in_country(country: str, gold: SpatialMention) -> bool | None:
    """Return whether the gold's point lies in a country; None where its shape is not known."""
    if not country or gold.latitude is None or gold.longitude is None:
        return None
    from stindex.geocoding.areas import covers  # noqa: PLC0415 - loaded only where it is asked

    return covers(country, gold.latitude, gold.longitude)


def _kind(gold: SpatialMention, place: Place | None) -> tuple[str | None, bool]:
    """Return `point`, `area` or None, and whether that comes from the gold."""
    if gold.location_type is not None:
        return KIND_OF.get(_folded(gold.location_type)), True
    return (KIND_OF.get(place.kind) if place else None), False


def _predicted_kind(mention: SpatialMention) -> str | None:
    own = mention.location_type or (mention.place.kind if mention.place else None)
    return KIND_OF.get(_folded(own))


def _same_type(gold: SpatialMention, predicted: SpatialMention) -> bool | None:
    if gold.location_type is None:
        return None
    return _folded(gold.location_type) == _folded(predicted.location_type)


def _folded(location_type: str | None) -> str:
    return (location_type or "").lower()


def _has_coordinates(mention: SpatialMention) -> bool:
    return mention.latitude is not None and mention.longitude is not None


def _prefixes(kind: object) -> tuple[str, ...]:
    return ("", f"{kind}.") if kind in _GROUPS else ("",)


def _add(counts: dict[str, int], name: str, kind: object, number: int = 1) -> None:
    for prefix in _prefixes(kind):
        key = intern(prefix + name)  # the same string for all samples of a run
        counts[key] = counts.get(key, 0) + number


def _count_pair(counts: dict[str, int], judgement: Judgement) -> None:
    kind = judgement["kind"]
    _add(counts, "located_pairs", kind)
    for name in ("within_25km", "within_161km", "areal_ok"):
        _add(counts, name, kind, int(bool(judgement[name])))
        # End to end a group is made of gold that says itself what it is: of a gold that was
        # missed nobody else can.
        end_to_end_kind = kind if judgement["kind_from_gold"] else None
        _add(counts, f"{name}_end_to_end", end_to_end_kind, int(bool(judgement[name])))


def _distance_metrics(totals: Sums[V], prefix: str) -> Block[V]:
    distances = f"{prefix}distance_km"
    matched, gold = f"{prefix}located_pairs", f"{prefix}located_gold"
    return {
        "geocoding_success_rate": totals.rate(f"{prefix}geocoded", f"{prefix}predicted_places"),
        "mean_distance_error_km": totals.mean(distances),
        "median_distance_error_km": totals.median(distances),
        "accuracy_at_25km": totals.rate(f"{prefix}within_25km", matched),
        "accuracy_at_161km": totals.rate(f"{prefix}within_161km", matched),
        "accuracy_at_25km_end_to_end": totals.rate(f"{prefix}within_25km_end_to_end", gold),
        "accuracy_at_161km_end_to_end": totals.rate(f"{prefix}within_161km_end_to_end", gold),
        "accuracy_at_161km_areal": totals.rate(f"{prefix}areal_ok", matched),
        "accuracy_at_161km_areal_end_to_end": totals.rate(f"{prefix}areal_ok_end_to_end", gold),
        "auc": totals.auc(distances, matched),
    }
