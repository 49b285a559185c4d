"""What a matched expression says, before it is known what it is relative to.

Rules make meanings, merging joins them, resolution turns them into values.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Unit = Literal[
    "second", "minute", "hour", "day", "week", "fortnight", "weekend", "month", "quarter", "year",
    "decade", "century", "millennium",
]  # fmt: skip
Direction = Literal["last", "this", "next", ""]


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A day, month or year; what is None was not said. Years are astronomical."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    direction: Direction = ""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A named day that moves with Easter, `offset` days from Easter Sunday."""

    offset: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class YearPart:
    """A quarter, half or season (`Q3`, `H1`, `SU`)."""

    code: str
    year: int | None = None
    direction: Direction = ""


@dataclass(frozen=True, slots=True)
class Week:
    """A numbered ISO week."""

    number: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Some units before or after an anchor.

    Attributes:
        amount: how many, negative for before; None is a vague number.
        counted: *three weeks ago* names a day, *last week* a week.
        mentioned: the anchor is the time last mentioned, not the reference date.
        past: the direction, where the amount is vague.
    """

    unit: Unit
    amount: Fraction | None
    counted: bool = False
    mentioned: bool = False
    past: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock time. `zone` is an ISO suffix or empty; `half` says which half of the day is meant
    (`am`, `pm`), empty where the hour itself says it or nothing does."""

    hour: int
    minute: int = 0
    second: int | None = None
    zone: str = ""
    half: str = ""


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """Morning, afternoon, evening or night: `TMO`, `TAF`, `TEV`, `TNI`."""

    code: str


@dataclass(frozen=True, slots=True)
class Length:
    """A duration; the amount is None where it is vague."""

    amount: Fraction | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that depends on nothing."""

    value: str
    temporal_type: str


@dataclass(frozen=True, slots=True)
class Span:
    """From one date or time to another."""

    first: Dated | Timed
    last: Dated | Timed


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of a day, or of each day of a set."""

    day: Dated | Fixed
    time: Timed | Span


Timed = Clock | PartOfDay
Dated = CalendarDate | Holiday | YearPart | Week | Shift | Moment
Meaning = Dated | Timed | Length | Fixed | Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text (code points, end exclusive) and what it says."""

    start: int
    end: int
    meaning: Meaning
