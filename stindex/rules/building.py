"""From the groups of a matched pattern to its meaning: one function for each kind of pattern.

The groups are strings as they stand in the text; a function returns None where what matched is no
time after all (a 31st of a month is checked later, when the year is known).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import cast

from stindex.rules.language import Language
from stindex.rules.meaning import (
    CalendarDate,
    Clock,
    Direction,
    Fixed,
    Holiday,
    Length,
    Meaning,
    Moment,
    PartOfDay,
    Shift,
    Span,
    Unit,
    Week,
    YearPart,
)
from stindex.rules.numbers import number, ordinal

Groups = Mapping[str, str]
Builder = Callable[[Groups, Language], Meaning | None]

ZONE_OFFSETS = {
    "CET": "+01:00", "CEST": "+02:00", "MEZ": "+01:00", "MESZ": "+02:00", "BST": "+01:00",
    "EET": "+02:00", "EEST": "+03:00", "WET": "+00:00", "MSK": "+03:00", "IST": "+05:30",
    "JST": "+09:00", "KST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00",
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00",
    "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00",
}  # fmt: skip
_PERIODS = {
    "second": "PT{}S", "minute": "PT{}M", "hour": "PT{}H", "day": "P{}D", "week": "P{}W",
    "weekend": "P{}WE", "month": "P{}M", "year": "P{}Y",
}  # fmt: skip
# Units that a value writes in another: fortnights in weeks, decades in years.
_MULTIPLES: Mapping[str, tuple[Unit, int]] = {
    "fortnight": ("week", 2), "quarter": ("month", 3), "decade": ("year", 10),
    "century": ("year", 100), "millennium": ("year", 1000),
}  # fmt: skip
# Half of a unit, in the next smaller one.
_HALVES: Mapping[str, tuple[Unit, int]] = {
    "hour": ("minute", 30), "year": ("month", 6), "day": ("hour", 12), "minute": ("second", 30),
}  # fmt: skip


# --- Groups -------------------------------------------------------------------------------------


def _unit(groups: Groups, language: Language) -> Unit:
    word = groups["u"].lower()
    return language.units[word] if word in language.units else cast("Unit", word)


def _year(groups: Groups) -> int | None:
    return int(groups["y"]) if "y" in groups else None


def _month(word: str, language: Language) -> int:
    word = word.lower()
    if word.isdigit():
        return int(word)
    return language.months.get(word) or language.month_abbreviations[word]


def _weekday(word: str, language: Language) -> int:
    word = word.lower()
    for table in (language.weekdays, language.weekday_abbreviations):
        if word in table:
            return table[word]
    # Mondays, lundis; Portuguese drops the -feira.
    for form in (word.removesuffix("s"), f"{word}-feira"):
        if form in language.weekdays:
            return language.weekdays[form]
    raise KeyError(word)


def _direction(groups: Groups, language: Language) -> Direction:
    word = groups.get("direction", "").lower()
    if word in language.last:
        return "last"
    if word in language.next_:
        return "next"
    return "this" if word in language.this else ""


# --- Dates --------------------------------------------------------------------------------------


def _date(groups: Groups, language: Language) -> Meaning | None:
    weekday = _weekday(groups["w"], language) if "w" in groups else None
    month, day = _month(groups["m"], language), int(groups["d"])
    return CalendarDate(_year(groups), month, day, weekday) if 1 <= month <= 12 else None


def _bare_month(groups: Groups, language: Language) -> Meaning | None:
    return CalendarDate(month=_month(groups["m"], language))


def _month_of_year(groups: Groups, language: Language) -> Meaning | None:
    return CalendarDate(_year(groups), _month(groups["m"], language))


def _numeric(groups: Groups, language: Language) -> Meaning | None:
    """`15/03/2022`: the parts tell which is the month; where they do not, the language does."""
    first, second, year = int(groups["a"]), int(groups["b"]), int(groups["y"])
    if len(groups["y"]) == 2:
        year += 2000 if year < 50 else 1900
    month_first = language.month_first and groups["sep"] == "/"
    day, month = (second, first) if month_first else (first, second)
    if month > 12:
        day, month = month, day
    return CalendarDate(year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _iso(groups: Groups, _: Language) -> Meaning | None:
    return Fixed(groups["iso"], "DATETIME" if "t" in groups else "DATE")


def _year_alone(groups: Groups, _: Language) -> Meaning | None:
    if "era" in groups:
        return CalendarDate(1 - int(groups["short"]))
    return CalendarDate(int(groups.get("y") or groups["short"]))


def _decade(groups: Groups, _: Language) -> Meaning | None:
    if "tens" in groups:
        tens = int(groups["tens"])
        return Fixed(str(190 + tens // 10 if tens > 20 else 200 + tens // 10), "DATE")
    return Fixed(groups["decade"][:3], "DATE")


def _century(groups: Groups, language: Language) -> Meaning | None:
    century = ordinal(groups["o"], language)
    if not 1 <= century <= 30:
        return None
    if "era" in groups:
        return Fixed(f"-{century * 100 - 1:04}/-{century * 100 - 100:04}", "DATE")
    return Fixed(f"{century - 1:02}", "DATE")


def _quarter(groups: Groups, language: Language) -> Meaning | None:
    quarter = groups.get("quarter") or str(ordinal(groups["word"], language))
    return YearPart(f"Q{quarter}", _year(groups)) if quarter in "1234" else None


def _half(groups: Groups, language: Language) -> Meaning | None:
    half = groups.get("half") or str(ordinal(groups["word"], language))
    return YearPart(f"H{half}", _year(groups))


def _season(groups: Groups, language: Language) -> Meaning | None:
    code = language.seasons[groups["s"].lower()]
    return YearPart(code, _year(groups), _direction(groups, language))


def _week(groups: Groups, _: Language) -> Meaning | None:
    week = int(groups["week"])
    return Week(week, _year(groups)) if 1 <= week <= 53 else None


def _weekday_alone(groups: Groups, language: Language) -> Meaning | None:
    return CalendarDate(weekday=_weekday(groups["w"], language))


def _directed(groups: Groups, language: Language) -> Meaning | None:
    direction = _direction(groups, language) or "next"
    if "w" in groups:
        return CalendarDate(weekday=_weekday(groups["w"], language), direction=direction)
    return CalendarDate(month=_month(groups["m"], language), direction=direction)


def _holiday(groups: Groups, language: Language) -> Meaning | None:
    name = groups["holiday"].lower()
    if name in language.easter:
        return Holiday(language.easter[name], _year(groups))
    month, day = language.holidays[name]
    return CalendarDate(_year(groups), month, day)


# --- Relative to something ----------------------------------------------------------------------


def _directed_unit(groups: Groups, language: Language) -> Meaning | None:
    amount = {"last": -1, "this": 0, "next": 1}[_direction(groups, language) or "this"]
    return Shift(_unit(groups, language), Fraction(amount))


def _counted(sign: int, *, mentioned: bool) -> Builder:
    def build(groups: Groups, language: Language) -> Meaning | None:
        amount = number(groups["n"], language)
        signed = None if amount is None else sign * amount
        return Shift(
            _unit(groups, language), signed, counted=True, mentioned=mentioned, past=sign < 0
        )

    return build


def _beside_mentioned(amount: int) -> Builder:
    def build(groups: Groups, language: Language) -> Meaning | None:
        return Shift(_unit(groups, language), Fraction(amount), mentioned=True)

    return build


def _word(groups: Groups, language: Language) -> Meaning | None:
    unit, amount = language.words[groups["text"].lower()]
    return Shift(unit, Fraction(amount))


def _fixed(groups: Groups, language: Language) -> Meaning | None:
    return Fixed(*language.fixed[groups["text"].lower()])


def _night(groups: Groups, _: Language) -> Meaning | None:
    return Moment(Shift("day", Fraction(-1 if "last" in groups else 0)), PartOfDay("TNI"))


def _this_part(groups: Groups, language: Language) -> Meaning | None:
    return Moment(Shift("day", Fraction(0)), _part_of_day(groups, language))


# --- Lengths and repetitions --------------------------------------------------------------------


def period(amount: Fraction | None, unit: Unit) -> str:
    """The duration value of an amount of a unit: `P3W`, `PT2H30M`, `PXD`."""
    if amount is None:
        base = _MULTIPLES[unit][0] if unit in _MULTIPLES and unit != "quarter" else unit
        return _PERIODS["month" if base == "quarter" else base].format("X")
    if unit in _MULTIPLES:
        unit, factor = _MULTIPLES[unit]
        amount *= factor
    whole = amount.numerator // amount.denominator
    if amount - whole != Fraction(1, 2) or unit not in _HALVES:
        return _PERIODS[unit].format(whole if amount == whole else f"{float(amount):g}")
    smaller, half = _HALVES[unit]
    rest = _PERIODS[smaller].format(half)
    if not whole:
        return rest
    first = _PERIODS[unit].format(whole)
    return first + (rest.removeprefix("PT") if first.startswith("PT") else rest.removeprefix("P"))


def _length(groups: Groups, language: Language) -> Meaning | None:
    amount, unit = number(groups["n"], language), _unit(groups, language)
    if unit == "second" and not groups["u"].lower().endswith(("s", "n", "i")) and amount == 1:
        return None  # *a second time*
    return Length(amount, unit)


def _directed_length(groups: Groups, language: Language) -> Meaning | None:
    amount = number(groups["n"], language) if "n" in groups else Fraction(1)
    return Length(amount, _unit(groups, language))


def _vague_length(groups: Groups, language: Language) -> Meaning | None:
    return Length(None, _unit(groups, language))


def _mixed_length(groups: Groups, language: Language) -> Meaning | None:
    """Two hours and ten minutes."""
    units = _unit(groups, language), language.units[groups["u2"].lower()]
    amounts = number(groups["n"], language), number(groups["n2"], language)
    if None in amounts or units[0] == units[1]:
        return None
    first, second = (period(a, u) for a, u in zip(amounts, units, strict=True))
    if first.startswith("PT") and not second.startswith("PT"):
        return None
    rest = second.removeprefix("PT" if first.startswith("PT") else "P")
    return Fixed(first + rest, "DURATION")


def _rate(groups: Groups, language: Language) -> Meaning | None:
    return Fixed(period(Fraction(1), _unit(groups, language)), "SET")


def _every(groups: Groups, language: Language) -> Meaning | None:
    if "o" in groups:
        amount: Fraction | None = Fraction(ordinal(groups["o"], language))
    else:
        amount = number(groups["n"], language) if "n" in groups else Fraction(1)
    return Fixed(period(amount, _unit(groups, language)), "SET")


def _every_weekday(groups: Groups, language: Language) -> Meaning | None:
    return Fixed(f"XXXX-WXX-{_weekday(groups['w'], language)}", "SET")


def _every_date(groups: Groups, language: Language) -> Meaning | None:
    month = f"XXXX-{_month(groups['m'], language):02}"
    return Fixed(f"{month}-{int(groups['d']):02}" if "d" in groups else month, "SET")


def _every_part(groups: Groups, language: Language) -> Meaning | None:
    return Fixed(f"XXXX-XX-XX{language.parts_of_day[groups['p'].lower()]}", "SET")


def _every_season(groups: Groups, language: Language) -> Meaning | None:
    return Fixed(f"XXXX-{language.seasons[groups['s'].lower()]}", "SET")


# --- Times --------------------------------------------------------------------------------------


def _part_of_day(groups: Groups, language: Language) -> PartOfDay:
    return PartOfDay(language.parts_of_day[groups["p"].lower()])


def _clock(groups: Groups, language: Language) -> Meaning | None:
    hour, minute = _hour_and_minute(groups, language)
    half = "pm" if "pm" in groups else groups.get("half", "").lower().replace(".", "")
    second = int(groups["second"]) if "second" in groups else None
    if hour > 24 or minute > 59 or (half and hour > 12):
        return None
    return Clock(hour, minute, second, _zone(groups.get("zone", "")), half)


def _hour_and_minute(groups: Groups, language: Language) -> tuple[int, int]:
    if "noon" in groups:
        return 12, 0
    if "midnight" in groups:
        return 0, 0
    said = groups.get("hour") or groups.get("hour_word") or "0"
    hour = int(number(said, language) or 0)
    minute = int(groups.get("minute", 0))
    for group, change in (("half_past", 30), ("quarter_past", 15), ("quarter_to", -15),
                          ("half_to", -30)):  # fmt: skip
        if group in groups:
            hour, minute = divmod(hour * 60 + change, 60)
    return hour, minute


def _zone(name: str) -> str:
    name = name.upper().replace(" ", "")
    if name in {"UTC", "GMT", "Z"}:
        return "Z"
    if shifted := re.fullmatch(r"(?:UTC|GMT)([+-])([0-9]{1,2})(?::?([0-9]{2}))?", name):
        return f"{shifted[1]}{int(shifted[2]):02}:{shifted[3] or '00'}"
    return ZONE_OFFSETS.get(name, "")


# --- Intervals ----------------------------------------------------------------------------------


def _day_range(groups: Groups, language: Language) -> Meaning | None:
    month, year = _month(groups["m"], language), _year(groups)
    first, last = int(groups["d1"]), int(groups["d"])
    if not 1 <= first <= 31:
        return None
    return Span(CalendarDate(year, month, first), CalendarDate(year, month, last))


def _year_range(groups: Groups, _: Language) -> Meaning | None:
    first, last = groups["y1"], groups["y2"]
    if "era" in groups:
        return Span(CalendarDate(1 - int(first)), CalendarDate(1 - int(last)))
    end = int(last if len(last) == 4 else first[:2] + last)
    if not int(first) < end <= int(first) + 1000:
        return None
    return Span(CalendarDate(int(first)), CalendarDate(end))


def _clock_range(groups: Groups, language: Language) -> Meaning | None:
    last = _clock(groups, language)
    if not isinstance(last, Clock):
        return None
    first_hour, half = int(groups["h1"]), last.half
    if half == "pm" and first_hour > last.hour % 12 and first_hour != 12:
        half = "am"
    first = Clock(first_hour, int(groups.get("m1", 0)), None, last.zone, half)
    return Span(first, last)


BUILDERS: Mapping[str, Builder] = {
    "ago": _counted(-1, mentioned=False),
    "bare_month": _bare_month,
    "century": _century,
    "clock": _clock,
    "clock_range": _clock_range,
    "date": _date,
    "day_range": _day_range,
    "decade": _decade,
    "directed": _directed,
    "directed_length": _directed_length,
    "directed_unit": _directed_unit,
    "earlier": _counted(-1, mentioned=True),
    "every": _every,
    "every_date": _every_date,
    "every_part": _every_part,
    "every_season": _every_season,
    "every_weekday": _every_weekday,
    "fixed": _fixed,
    "following": _beside_mentioned(1),
    "from_now": _counted(1, mentioned=False),
    "half": _half,
    "holiday": _holiday,
    "in_future": _counted(1, mentioned=False),
    "iso": _iso,
    "later": _counted(1, mentioned=True),
    "length": _length,
    "mixed_length": _mixed_length,
    "month": _month_of_year,
    "night": _night,
    "numeric": _numeric,
    "part": _part_of_day,
    "previous": _beside_mentioned(-1),
    "quarter": _quarter,
    "rate": _rate,
    "season": _season,
    "that": _beside_mentioned(0),
    "this_part": _this_part,
    "vague_length": _vague_length,
    "week": _week,
    "weekday": _weekday_alone,
    "word": _word,
    "year": _year_alone,
    "year_range": _year_range,
}
