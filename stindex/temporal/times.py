"""Clock times and parts of the day, with their date or without ─▶ intervals in seconds."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from stindex.temporal.dates import read_date
from stindex.temporal.value import Granularity, Kind, TemporalValue

_CLOCK = re.compile(
    r"(?P<hour>[0-9]{2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"|(?P<minute_>[0-9]{2})(?P<second_>[0-9]{2})?)?"
    r"(?:[.,](?P<fraction>[0-9]{1,12}))?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
# First and last hour of the parts of a day: a convention, TIMEX3 does not define them.
_PARTS_OF_DAY = {
    "MO": (6, 12),
    "MI": (11, 13),
    "AF": (12, 18),
    "EV": (18, 24),
    "NI": (20, 30),
    "DT": (6, 18),
}
_UNITS: dict[Granularity, int] = {"hour": 3_600, "minute": 60, "second": 1}


def read_datetime(text: str) -> TemporalValue | None:
    """Return the interval that a day with a time denotes, or None.

    `T` stands between them; a space is taken for it, as RFC 3339 does.
    """
    day_text, mark, clock = text.partition("T")
    if not mark:
        day_text, mark, clock = text.partition(" ")
    day = read_date(day_text) if mark and day_text else None
    if day is None or day.begin is None or day.granularity != "day":
        return None
    time = _read_clock(text, clock)
    if time is None or time.begin is None or time.end is None:
        return None
    return replace(
        time,
        kind=Kind.DATETIME,
        begin=day.begin + time.begin,
        end=day.begin + time.end,
        of_day=False,
    )


def read_time_of_day(text: str) -> TemporalValue | None:
    """Return the interval that a time denotes in an unspecified day, or None.

    Without the leading `T` only the extended format is a time: `1430` is a year.
    """
    if text.startswith("T"):
        return _read_clock(text, text[1:])
    return _read_clock(text, text) if re.match(r"[0-9]{2}:", text) else None


def _read_clock(text: str, clock: str) -> TemporalValue | None:
    if hours := _PARTS_OF_DAY.get(clock):
        first, last = (Fraction(hour * 3_600) for hour in hours)
        return TemporalValue(
            text, Kind.TIME, first, last, "part_of_day", approximate=True, of_day=True
        )
    if found := _CLOCK.fullmatch(clock):
        return _clock_time(text, found)
    return None


def _clock_time(text: str, found: re.Match[str]) -> TemporalValue | None:
    given = [
        found["hour"],
        found["minute"] or found["minute_"],
        found["second"] or found["second_"],
    ]
    hour, minute, second = (int(part or 0) for part in given)
    # 24:00 is the end of a day, 60 a leap second.
    if not ((hour < 24 or (hour == 24 and not minute + second)) and minute < 60 and second <= 60):
        return None
    shift = _zone_seconds(found["zone"])
    if shift is None:
        return None
    unit = list(_UNITS)[sum(part is not None for part in given) - 1]
    begin, width = Fraction(hour * 3_600 + minute * 60 + second - shift), Fraction(_UNITS[unit])
    if digits := found["fraction"]:
        begin += width * Fraction(int(digits), 10 ** len(digits))
        width /= 10 ** len(digits)
    return TemporalValue(
        text, Kind.TIME, begin, begin + width, unit, zoned=bool(found["zone"]), of_day=True
    )


def _zone_seconds(zone: str | None) -> int | None:
    """Seconds east of UTC; 0 without a zone, None for an impossible one."""
    if zone in {None, "Z"}:
        return 0
    digits = str(zone)[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 18 or minutes > 59:
        return None
    return (hours * 3_600 + minutes * 60) * (-1 if str(zone)[0] == "-" else 1)
