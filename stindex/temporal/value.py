"""What a temporal value denotes, as data.

`TemporalValue` is what `parse` returns and what the comparisons read: an interval of the calendar
or of an unspecified day, a duration, a repetition, or a string without a defined extent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Literal

Granularity = Literal[
    "century",
    "decade",
    "year",
    "fiscal_year",
    "fiscal_half",
    "fiscal_quarter",
    "half",
    "season",
    "quarter",
    "month",
    "week",
    "weekend",
    "day",
    "part_of_day",
    "hour",
    "minute",
    "second",
    "interval",
    "",
]


class Kind(StrEnum):
    """What sort of thing a value denotes; the last two have no extent and compare as strings."""

    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"  # of an unspecified day
    INTERVAL = "interval"
    DURATION = "duration"
    SET = "set"
    OPAQUE = "opaque"  # well-formed TIMEX3 without an extent: PRESENT_REF, PXD, XXXX-WXX-1
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time. A month has no fixed number of days, so months are kept apart."""

    months: Fraction = Fraction(0)
    seconds: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class TemporalValue:
    """A parsed value.

    Attributes:
        text: the value as it was given, without white space around it.
        begin, end: half-open interval in seconds: from 1970-01-01T00:00 in the proleptic
            Gregorian calendar, for `Kind.TIME` (and intervals of times) from midnight. UTC where
            `zoned`, local time otherwise. None on the open side of an interval, and for kinds
            without an interval.
        granularity: the unit that the value was given in; empty where it has none.
        zoned: the value names a time zone.
        approximate: the bounds are a convention (seasons, parts of day, fiscal years).
        of_day: the interval lies in an unspecified day.
        duration: the length, for `Kind.DURATION`.
        repeated: what is repeated, for `Kind.SET`.
        count: how often, for `Kind.SET`; None is without end.
    """

    text: str
    kind: Kind
    begin: Fraction | None = None
    end: Fraction | None = None
    granularity: Granularity = ""
    zoned: bool = False
    approximate: bool = False
    of_day: bool = False
    duration: Duration | None = None
    repeated: TemporalValue | None = None
    count: int | None = None

    @property
    def has_extent(self) -> bool:
        """Whether the value denotes more than its own string."""
        return self.kind not in {Kind.OPAQUE, Kind.INVALID}
