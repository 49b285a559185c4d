"""ISO 8601 and TIMEX3 durations ─▶ months and seconds."""

from __future__ import annotations

import re
from fractions import Fraction

from stindex.temporal.value import Duration

_NUMBER = r"[0-9]{1,12}(?:[.,][0-9]{1,12})?"
# Units in their order, with their length in months or in seconds; DE, CE, ML and Q are TIMEX3's.
_MONTH_UNITS = {"ML": 12_000, "CE": 1_200, "DE": 120, "Y": 12, "Q": 3, "M": 1}
_DAY_UNITS = {"W": 604_800, "D": 86_400}
_CLOCK_UNITS = {"H": 3_600, "M": 60, "S": 1}


def _parts(units: dict[str, int]) -> str:
    return "".join(f"(?:({_NUMBER}){unit})?" for unit in units)


_DURATION = re.compile(
    rf"([+-]?)P(?=.){_parts(_MONTH_UNITS)}{_parts(_DAY_UNITS)}(?:T(?=.){_parts(_CLOCK_UNITS)})?"
)
# The alternative format of ISO 8601, 5.5.2.4: P0003-06-04T12:30:05, P00030604T123005.
_ALTERNATIVE = re.compile(
    r"P([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(?:T([0-9]{2})(:?)([0-9]{2})(?:\6([0-9]{2}))?)?"
)


def read_duration(text: str) -> Duration | None:
    """Return the length that a string such as `P1Y6M` or `PT2.5H` gives, or None."""
    if found := _DURATION.fullmatch(text):
        return _sum(found[1], found.groups()[1:])
    if found := _ALTERNATIVE.fullmatch(text):
        parts = (found[number] for number in (1, 3, 4, 5, 7, 8))
        years, months, days, hours, minutes, seconds = (int(part or 0) for part in parts)
        return Duration(
            Fraction(12 * years + months),
            Fraction(days * 86_400 + hours * 3_600 + minutes * 60 + seconds),
        )
    return None


def _sum(sign: str, numbers: tuple[str | None, ...]) -> Duration:
    factor = -1 if sign == "-" else 1
    amounts = [Fraction((number or "0").replace(",", ".")) * factor for number in numbers]
    months = sum(
        (n * size for n, size in zip(amounts, _MONTH_UNITS.values(), strict=False)), Fraction(0)
    )
    sizes = (*_DAY_UNITS.values(), *_CLOCK_UNITS.values())
    seconds = sum(
        (n * size for n, size in zip(amounts[len(_MONTH_UNITS) :], sizes, strict=True)),
        Fraction(0),
    )
    return Duration(months, seconds)
