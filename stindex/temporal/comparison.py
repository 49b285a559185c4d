"""Three answers to how far two temporal values agree: as strings, in meaning, in part.

Two value strings go in, a truth value or a share between 0 and 1 comes out. `docs/` has the table
of the equalities.
"""

from __future__ import annotations

from fractions import Fraction

from stindex.temporal.reading import parse
from stindex.temporal.value import Duration, Kind, TemporalValue

# The mean length of a month of the Gregorian calendar: 146 097 days in 4 800 months.
_MEAN_MONTH_SECONDS = Fraction(146_097 * 86_400, 4_800)


def same_string(a: str, b: str) -> bool:
    """Equality of TempEval-3: the strings are equal, white space around them aside."""
    return a.strip() == b.strip()


def same_meaning(a: str, b: str) -> bool:
    """Whether two values denote the same: `2022-074` and `2022-03-15`, `P1W` and `P7D`.

    Reflexive, symmetric and transitive. Values without a defined extent (`PXD`, `PRESENT_REF`,
    malformed ones) mean the same only as equal strings.
    """
    return same_string(a, b) or _meaning(parse(a)) == _meaning(parse(b))


def overlap(a: str, b: str) -> float:
    """Partial credit between 0 and 1: intersection over union of the two intervals.

    Durations are laid on one beginning, so that it is the shorter over the longer; a month then
    counts as the mean month. Open intervals, and values of different kinds, get 1 if they mean
    the same and 0 otherwise.
    """
    if same_meaning(a, b):
        return 1.0
    return float(_shared(parse(a), parse(b)))


def _meaning(value: TemporalValue) -> tuple[object, ...]:
    """A key that is equal for values of equal meaning."""
    match value.kind:
        case Kind.OPAQUE | Kind.INVALID:
            return (value.text,)
        case Kind.DURATION:
            return (Kind.DURATION, value.duration)
        case Kind.SET:
            inner = () if value.repeated is None else _meaning(value.repeated)
            return (Kind.SET, value.count, inner)
        case _:
            # Conventional bounds say which season is meant, not when it begins and ends.
            unit = value.granularity if value.approximate else ""
            return (value.of_day, value.zoned, value.begin, value.end, unit)


def _shared(a: TemporalValue, b: TemporalValue) -> Fraction:
    if a.duration and b.duration:
        return _ratio(a.duration, b.duration)
    if a.repeated and b.repeated and a.count == b.count:
        return _shared(a.repeated, b.repeated)
    if a.of_day != b.of_day:
        return Fraction(0)
    return _intersection_over_union(a, b)


def _ratio(a: Duration, b: Duration) -> Fraction:
    low, high = sorted((_seconds(a), _seconds(b)))
    if low < 0 < high or not (low and high):
        return Fraction(0) if low != high else Fraction(1)
    return min(low / high, high / low)


def _seconds(duration: Duration) -> Fraction:
    return duration.seconds + duration.months * _MEAN_MONTH_SECONDS


def _intersection_over_union(a: TemporalValue, b: TemporalValue) -> Fraction:
    if a.begin is None or a.end is None or b.begin is None or b.end is None:
        return Fraction(0)
    common = min(a.end, b.end) - max(a.begin, b.begin)
    if common <= 0:
        return Fraction(0)
    return common / (max(a.end, b.end) - min(a.begin, b.begin))
