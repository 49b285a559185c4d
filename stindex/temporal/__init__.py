"""ISO 8601 and TIMEX3 values: what they denote, and whether two of them agree.

A value string goes in; out comes a `TemporalValue` (kind, half-open interval, granularity), or
the answer to how far two strings agree. Nothing here raises on malformed values, because real
gold contains them.
"""

from stindex.temporal.comparison import overlap, same_meaning, same_string
from stindex.temporal.reading import parse
from stindex.temporal.value import Duration, Granularity, Kind, TemporalValue

__all__ = [
    "Duration",
    "Granularity",
    "Kind",
    "TemporalValue",
    "overlap",
    "parse",
    "same_meaning",
    "same_string",
]
