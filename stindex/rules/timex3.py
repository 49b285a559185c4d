"""This project's values and types ─▶ those of TIMEX3, as TempEval's corpora have them.

Mentions in order go in and come out with four types, times that carry their day, BCE as `BC0044`,
and the article inside the mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from stindex.rules.language import Language
from stindex.rules.resolution import Resolved
from stindex.temporal.calendar import date_of

# A period that writes half a unit in the next smaller one; TIMEX3 writes P2.5Y.
_HALVES = (
    (re.compile(r"P([0-9]+)Y6M"), "P{}.5Y"),
    (re.compile(r"PT([0-9]+)H30M"), "PT{}.5H"),
    (re.compile(r"P([0-9]+)DT12H"), "P{}.5D"),
)
_TYPES = {"DATETIME": "TIME", "INTERVAL": "DURATION"}


def as_timex3(
    mentions: Iterable[Resolved], text: str, language: Language, today: int | None
) -> list[Resolved]:
    """Return the mentions as TIMEX3 has them; `today` is a day number or None."""
    day = "XXXX-XX-XX" if today is None else "{:04}-{:02}-{:02}".format(*date_of(today))
    converted = []
    for mention in mentions:
        if found := re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", mention.value):
            day = found[0]
        kind = _TYPES.get(mention.temporal_type, mention.temporal_type)
        value = _value(mention.value, kind, day)
        start = mention.start
        if kind != "SET" and not mention.value.endswith("_REF"):
            start = _with_article(start, text, language)
        converted.append(replace(mention, start=start, value=value, temporal_type=kind))
    return converted


def _value(value: str, kind: str, day: str) -> str:
    if kind == "TIME" and value.startswith("T"):
        return day + value
    if century := re.fullmatch(r"-([0-9]{2})99/-[0-9]{4}", value):
        return f"BC{century[1]}"
    if before_christ := re.match(r"(-[0-9]{4}|0000)(?=-|$)", value):
        return f"BC{1 - int(before_christ[0]):04}{value[before_christ.end() :]}"
    for pattern, form in _HALVES:
        if found := pattern.fullmatch(value):
            return form.format(found[1])
    return value


def _with_article(start: int, text: str, language: Language) -> int:
    """TimeML has the article inside (*the past decade*), but not before a plain year or day."""
    if not language.articles or not re.match(r"[^\W\d]", text[start : start + 1]):
        return start
    article = re.search(rf"(?<!\w)(?:{language.articles}) $", text[:start], re.IGNORECASE)
    return article.start() if article else start
