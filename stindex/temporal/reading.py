"""A temporal value string ─▶ what it denotes.

Reads ISO 8601 (dates, times, durations, intervals, repetitions) and TIMEX3. What cannot be read
is a value of kind `INVALID`, never an exception.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from stindex.temporal.calendar import shift_months
from stindex.temporal.dates import read_date
from stindex.temporal.durations import read_duration
from stindex.temporal.times import read_datetime, read_time_of_day
from stindex.temporal.value import Duration, Kind, TemporalValue

_DAY = 86_400
_MEAN_MONTH_DAYS = Fraction(146_097, 4_800)

# TIMEX3 values that are well formed and have no extent: references, unknown years, durations of
# unknown length, and other units with an X for what is not known.
_OPAQUE = re.compile(
    r"(PRESENT|PAST|FUTURE)_REF"
    r"|PT?X{1,4}[A-Z]{1,2}|P[0-9]+(\.[0-9]+)?(WE|MO|AF|EV|NI|DT)"
    r"|(?=.*X)[0-9X]{2,4}(-[0-9A-Z]{1,3}){0,3}(T[0-9X:A-Z]+)?"
    r"|TX{2}(:[0-9X]{2}){0,2}"
    r"|--[0-9]{2}(-?[0-9]{2})?|---[0-9]{2}"  # ISO 8601:2000: a day of any year, of any month
)
_REPEAT = re.compile(r"R(-1|[0-9]{0,9})/(.+)", re.DOTALL)
_ZONE = re.compile(r"(?<=[0-9])(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$")
_ABBREVIATED = re.compile(r"(?![0-9]{4})[0-9WQH]")
# Without separators: a day and a day of its month or year, a time and one of its hour or day.
_ABBREVIATED_BASIC = re.compile(
    r"[0-9]{8}/(0[1-9]|1[0-2])?[0-9]{2}|[0-9]{8}T[0-9]{4}([0-9]{2})?/[0-9]{2}([0-9]{2})?"
)
_LENGTH = re.compile(r"[+-]?P")
# The other separator of an interval (ISO 8601, 4.4.2).
_DOUBLE_HYPHEN = re.compile(r"[^-](?:-?[^-])*--[^-](?:-?[^-])*")
_OPEN = frozenset({"", ".."})
_LONGEST = 200  # no value is longer; a limit keeps hostile input cheap


@lru_cache(maxsize=65_536)
def parse(value: str) -> TemporalValue:
    """Return what a value denotes. Never raises; the same string gives the same object."""
    text = value.strip().replace("−", "-")  # ISO 8601 prefers the minus sign where there is one
    if len(text) > _LONGEST or not text.isascii():
        return TemporalValue(text, Kind.INVALID)
    found = _read(text) or _read(text.upper().replace(",", "."))
    return replace(found or TemporalValue(text, Kind.INVALID), text=text)


def _read(text: str) -> TemporalValue | None:
    if repeat := _REPEAT.fullmatch(text):
        return _read_repetition(text, repeat[1], repeat[2])
    if text.count("/") == 1:
        return _read_interval(text)
    if _DOUBLE_HYPHEN.fullmatch(text):
        return _read_interval(text.replace("--", "/"))
    return _read_single(text)


def _read_single(text: str) -> TemporalValue | None:
    if text.startswith(("P", "-P", "+P")) and (duration := read_duration(text)):
        return TemporalValue(text, Kind.DURATION, duration=duration)
    found = read_date(text) or read_datetime(text) or read_time_of_day(text)
    if found is None and _OPAQUE.fullmatch(text):
        return TemporalValue(text, Kind.OPAQUE)
    return found


def _read_repetition(text: str, count: str, rest: str) -> TemporalValue | None:
    repeated = _read(rest)
    if repeated is None or repeated.kind in {Kind.SET, Kind.OPAQUE}:
        return None
    times = None if count in {"", "-1"} else int(count)
    return TemporalValue(text, Kind.SET, repeated=repeated, count=times)


def _read_interval(text: str) -> TemporalValue | None:
    parts = [part.strip() for part in text.split("/")]
    if len(parts) != 2:  # the hyphens of something with slashes of its own
        return None
    first, last = parts
    if first in _OPEN or last in _OPEN:
        return _half_open(text, first, last)
    begin, end = _read_single(first), _read_end(first, last)
    if begin is None or end is None:
        return None
    if begin.duration:
        return _counted_back(text, begin.duration, end)
    if end.duration:
        return _counted_on(text, begin, end.duration)
    return _spanning(text, begin, end)


def _half_open(text: str, first: str, last: str) -> TemporalValue | None:
    """Read an interval that one of its ends is missing from."""
    begin = None if first in _OPEN else _read_single(first)
    end = None if last in _OPEN else _read_single(last)
    return _spanning(text, begin, end)


def _read_end(first: str, last: str) -> TemporalValue | None:
    """Read the end of an interval; what it leaves out is as in the beginning.

    So is the zone (ISO 8601, 5.5.2.3).
    """
    begin, zone = _apart_from_zone(first)
    bare, own_zone = _apart_from_zone(last)
    end = _completed(begin, bare)
    if "T" in end and not _LENGTH.match(end):
        end += own_zone or zone
    return _read_single(end)


def _apart_from_zone(text: str) -> tuple[str, str]:
    """Return a time and the zone at its end; a date (`2022-03-15`) has none."""
    zone = _ZONE.search(text) if "T" in text or ":" in text else None
    return (text[: zone.start()], zone[0]) if zone else (text, "")


def _completed(first: str, last: str) -> str:
    day, mark, _ = first.partition("T")
    if day and mark and last.startswith("T"):
        return day + last
    cut = len(first) - len(last)
    if _ABBREVIATED_BASIC.fullmatch(f"{first}/{last}"):
        return first[:cut] + last
    if cut <= 0 or not _ABBREVIATED.match(last):
        return last
    if first[cut - 1] in "-T:W":
        return first[:cut] + last
    if re.fullmatch(r"[0-9]{4}", first) and len(last) == 2 and last > first[2:]:
        return first[:2] + last
    return last


def _spanning(
    text: str, begin: TemporalValue | None, end: TemporalValue | None
) -> TemporalValue | None:
    ends = [value for value in (begin, end) if value is not None]
    if any(value.begin is None or value.end is None for value in ends) or not ends:
        return None
    if len({value.of_day for value in ends}) > 1:
        return None
    first = begin.begin if begin else None
    last = _closing(end) if end else None
    if first is not None and last is not None and last <= first:
        # Nine to five in the evening is a span, five to nine in the morning passes midnight.
        if not ends[0].of_day:
            return None
        last += _DAY
    return TemporalValue(
        text,
        Kind.INTERVAL,
        first,
        last,
        "interval",
        zoned=any(value.zoned for value in ends),
        approximate=any(value.approximate for value in ends),
        of_day=ends[0].of_day,
    )


def _closing(end: TemporalValue) -> Fraction | None:
    """Where an interval closes: with the whole of a last day or month, but at a clock time."""
    return end.begin if end.granularity in {"hour", "minute", "second"} else end.end


def _counted_on(text: str, begin: TemporalValue, length: Duration) -> TemporalValue | None:
    if begin.begin is None or (begin.of_day and length.months):
        return None
    end = _shift(begin.begin, length, 1)
    return _bounded(text, begin, begin.begin, end)


def _counted_back(text: str, length: Duration, end: TemporalValue) -> TemporalValue | None:
    last = _closing(end)
    if last is None or (end.of_day and length.months):
        return None
    return _bounded(text, end, _shift(last, length, -1), last)


def _bounded(
    text: str, given: TemporalValue, begin: Fraction, end: Fraction
) -> TemporalValue | None:
    if end <= begin:
        return None
    return replace(
        given, text=text, kind=Kind.INTERVAL, begin=begin, end=end, granularity="interval"
    )


def _shift(moment: Fraction, length: Duration, sign: int) -> Fraction:
    """Move a moment by a duration: whole months by the calendar, the rest by its length."""
    months = int(length.months)
    rest = (length.months - months) * _MEAN_MONTH_DAYS * _DAY + length.seconds
    day, of_day = divmod(moment, _DAY)
    moved = shift_months(day, sign * months) * _DAY + of_day
    return moved + sign * rest
