"""What the rules need to know of a language: its words, and patterns that are made of them.

A pattern is a regular expression in which `<n>` stands for a number, `<u>` a unit, `<m>` a month,
`<w>` a weekday, `<d>` a day of the month, `<y>` a year, `<s>` a season, `<p>` a part of the day,
`<o>` an ordinal number and `<tz>` a time zone. The key of a pattern names what it says: see
`building.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever asks for a text's language needs none of what values are made of
    from stindex.rules.meaning import Unit


@dataclass(frozen=True, slots=True)
class Language:
    """A table of one language; all words in lower case.

    Attributes:
        code: ISO 639-1.
        function_words: frequent words by which a text of this language is recognised.
        month_abbreviations, weekday_abbreviations: only read beside a number.
        capitalised: months and weekdays are written with a capital.
        numbers: number words; None is a vague number.
        ordinals: ordinal number words.
        ordinal_suffix: pattern of what follows the digits of a day of the month.
        words: a word or phrase and the unit and number of units it lies from today.
        fixed: a word or phrase, its value and its type.
        holidays: name to (month, day); `easter` name to days from Easter Sunday.
        patterns: what is said to the patterns that say it.
        last, next_, this: words that go with a unit, weekday or month.
        between: pairs of patterns that open an interval and stand between its ends.
        until: pattern of what stands between the ends of an interval that nothing opens.
        joins: pattern of what may stand between a date and its time.
        in_part: pattern of what stands between a clock time and its part of the day.
        of: pattern of what stands between a part of the day and its date.
        amount_qualifiers: what belongs to a duration that it stands before (*about*).
        date_qualifiers: what belongs to a date that it stands before (*early*, *end of*).
        amount_before: pattern of an amount, after which *a day* is a rate.
        articles: pattern of articles.
        past, future: patterns of verb forms.
        month_first: `3/5/2024` is the fifth of March.
        bounded: words are set apart by white space.
    """

    code: str
    function_words: frozenset[str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    units: Mapping[str, Unit]
    numbers: Mapping[str, float | None]
    patterns: Mapping[str, tuple[str, ...]]
    month_abbreviations: Mapping[str, int] = field(default_factory=dict)
    weekday_abbreviations: Mapping[str, int] = field(default_factory=dict)
    capitalised: bool = False
    ordinals: Mapping[str, int] = field(default_factory=dict)
    ordinal_suffix: str = ""
    words: Mapping[str, tuple[Unit, int]] = field(default_factory=dict)
    fixed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    holidays: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    easter: Mapping[str, int] = field(default_factory=dict)
    seasons: Mapping[str, str] = field(default_factory=dict)
    parts_of_day: Mapping[str, str] = field(default_factory=dict)
    last: tuple[str, ...] = ()
    next_: tuple[str, ...] = ()
    this: tuple[str, ...] = ()
    between: tuple[tuple[str, str], ...] = ()
    until: str = "[–—-]"
    joins: str = ""
    in_part: str = ""
    of: str = ""
    amount_qualifiers: str = ""
    date_qualifiers: str = ""
    amount_before: str = ""
    articles: str = ""
    past: str = ""
    future: str = ""
    month_first: bool = False
    bounded: bool = True
