"""A text and its reference date ─▶ its time expressions with values and types.

Patterns of the text's language find pieces, neighbours are merged, and what is relative is
resolved. The same input gives the same output.
"""

from __future__ import annotations

import re
from typing import Literal

from stindex.rules.detection import language_of
from stindex.rules.grammar import scan
from stindex.rules.languages import LANGUAGES
from stindex.rules.merging import merge
from stindex.rules.resolution import Resolved, first_day, resolve
from stindex.rules.timex3 import as_timex3
from stindex.schema import TemporalMention
from stindex.temporal import parse

Style = Literal["iso", "timex3"]

_SECONDS_OF_DAY = 86_400
# One code point for one, so that positions stay: typographic apostrophes, spaces of fixed width,
# and the letters that a pattern takes for i, s and k where case is ignored.
_PLAIN = str.maketrans(
    {
        "’": "'",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "İ": "I",
        "ı": "i",
        "ſ": "s",
        "\u212a": "K",
    }
)
# TIMEX3 has no intervals: their two ends are mentions of their own.
_INTERVALS = frozenset({"day_range", "year_range", "clock_range"})


def read_temporal(
    text: str, reference_date: str | None = None, style: Style = "iso"
) -> list[TemporalMention]:
    """Return the time expressions of a text in text order, with positions in code points.

    `iso` is the annotation of this project's data (`docs/annotation.md`), `timex3` that of
    TempEval's corpora: four types, articles inside, times with their day. Without a reference date
    the first day that the text gives in full takes its place.
    """
    plain = text.translate(_PLAIN)
    language = LANGUAGES.get(language_of(plain), LANGUAGES["en"])
    timex3 = style == "timex3"
    pieces = scan(plain, language, _INTERVALS if timex3 else frozenset())
    pieces = merge(pieces, plain, language, intervals=not timex3)
    today = _day(reference_date)
    if today is None:
        today = first_day(pieces)
    found = list(resolve(pieces, plain, language, today))
    if timex3:
        found = as_timex3(found, plain, language, today)
    return [_mention(text, mention) for mention in found]


def _day(reference_date: str | None) -> int | None:
    begin = parse(reference_date or "").begin
    if begin is None or not re.match(r"[0-9]{4}-", reference_date or ""):
        return None
    return int(begin // _SECONDS_OF_DAY)


def _mention(text: str, found: Resolved) -> TemporalMention:
    return TemporalMention(
        text=text[found.start : found.end],
        normalized=found.value,
        temporal_type=found.temporal_type,
        start_char=found.start,
        end_char=found.end,
    )
