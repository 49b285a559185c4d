"""A language's patterns, compiled, and the pieces of a text that they match.

A text and a language go in; out come pieces that do not overlap: of two that do, the longer stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from stindex.rules.building import BUILDERS, ZONE_OFFSETS
from stindex.rules.language import Language
from stindex.rules.languages import LANGUAGES
from stindex.rules.meaning import Piece

_DAY = "3[01]|[12][0-9]|0?[1-9]"
_YEAR = "[12][0-9]{3}"
_ZONE = r"(?:UTC|GMT)(?: ?[+-] ?[0-9]{1,2}(?::?[0-9]{2})?)?|Z|" + "|".join(sorted(ZONE_OFFSETS))
_PLACEHOLDER = re.compile(r"(?<!\?P)<(tz|[numwdyspo])>")
# A number goes on after these, or is an amount of money, an address or a version.
_OPENING = r"(?<![\w$€£¥#@&])(?<![0-9][.,:/-])(?<![0-9] [–—])"
_CLOSING = r"(?!\w)(?![.,:/-]?[0-9])(?!@)"
_NO_PROSE = re.compile(
    r"(?:https?://|www\.)\S+|\S+@\S+\.\S+|[\w/.-]*\.(?:com|org|net|html?|pdf|csv|txt|jpe?g|png)\b"
    r"|[\w-]*_[\w.-]+|\bv?[0-9]+\.[0-9]+\.[0-9]+(?:-\w+)?\b(?<![0-9]{4})"
)
# What is written alike in every language.
_NUMERIC = {
    "iso": [
        rf"(?P<iso>{_YEAR}-[01][0-9]-[0-3][0-9](?P<t>T[0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?"
        r"(?:Z|[+-][0-2][0-9]:[0-5][0-9])?)?)",
        rf"(?P<iso>{_YEAR}-W[0-5][0-9](?:-[1-7])?|{_YEAR}-[01][0-9])",
    ],
    "numeric": [
        rf"(?P<a>[0-3]?[0-9])(?P<sep>[./-])(?P<b>[0-3]?[0-9])(?P=sep)(?P<y>{_YEAR}|[0-9]{{2}})",
        rf"(?P<y>{_YEAR})(?P<sep>[./])(?P<b>[01]?[0-9])(?P=sep)(?P<a>[0-3]?[0-9])",
    ],
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled pattern and the name of what it says (a key of `BUILDERS`)."""

    kind: str
    pattern: re.Pattern[str]


def scan(text: str, language: Language, without: frozenset[str] = frozenset()) -> list[Piece]:
    """Return what the language's patterns match, in order, none overlapping.

    `without` names kinds of patterns that are not wanted.
    """
    closed = [found.span() for found in _NO_PROSE.finditer(text)]
    found = [
        piece
        for rule in rules_of(language.code)
        if rule.kind not in without
        for piece in _pieces(text, rule, language)
    ]
    open_pieces = (piece for piece in found if not _inside(piece, closed))
    return longest(open_pieces)


def longest(pieces: Iterable[Piece]) -> list[Piece]:
    """Keep of overlapping pieces the longest, of equally long ones the first."""
    kept: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.start - piece.end):
        if all(piece.end <= other.start or other.end <= piece.start for other in kept):
            kept.append(piece)
    return sorted(kept, key=lambda piece: piece.start)


def _pieces(text: str, rule: Rule, language: Language) -> Iterator[Piece]:
    build = BUILDERS[rule.kind]
    for found in rule.pattern.finditer(text):
        groups = {name: value for name, value in found.groupdict().items() if value is not None}
        meaning = build(groups, language)
        if meaning is not None:
            yield Piece(found.start(), found.end(), meaning)


def _inside(piece: Piece, spans: Iterable[tuple[int, int]]) -> bool:
    return any(start <= piece.start and piece.end <= end for start, end in spans)


@lru_cache(maxsize=len(LANGUAGES))
def rules_of(code: str) -> tuple[Rule, ...]:
    """Return the compiled patterns of a language."""
    language = LANGUAGES[code]
    listed = {
        "fixed": [f"(?P<text>{_words(language.fixed, capitalised=False)})(?!-)"],
        "word": [f"(?P<text>{_words(language.words, capitalised=False)})"],
        **_NUMERIC,
        "holiday": [
            f"(?P<holiday>{_words({**language.holidays, **language.easter}, capitalised=False)})"
            "(?:,? (?:of )?<y>)?"
        ],
    }
    patterns = [
        (kind, pattern)
        for source in (language.patterns, listed)
        for kind, several in source.items()
        for pattern in several
    ]
    return tuple(Rule(kind, _compiled(pattern, language)) for kind, pattern in patterns)


def _compiled(pattern: str, language: Language) -> re.Pattern[str]:
    beside_number = "<d>" in pattern or "<y>" in pattern
    meant = _placeholders(language, beside_number=beside_number)
    pattern = _PLACEHOLDER.sub(lambda found: meant[found[1]], pattern)
    whole = f"{_OPENING}(?:{pattern}){_CLOSING}" if language.bounded else f"(?:{pattern})"
    return re.compile(whole, re.IGNORECASE)


def _filled(pattern: str, name: str, alternatives: str) -> str:
    """Fill the first `<name>` that is not the name of a group (`(?P<name>`)."""
    return re.sub(rf"(?<!\?P)<{name}>", lambda _: alternatives, pattern, count=1)


def _placeholders(language: Language, *, beside_number: bool) -> dict[str, str]:
    months, weekdays = dict(language.months), dict(language.weekdays)
    if beside_number:
        months |= language.month_abbreviations
        weekdays |= language.weekday_abbreviations
    number = _words(language.numbers, capitalised=False)
    # An article is no part of a number: *fifteen a year* is no sixteen, *a three-day* no four days.
    onward = _words({w: v for w, v in language.numbers.items() if v != 1}, capitalised=False)
    digits = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:[.,][0-9]+)?"
    return {
        "n": f"(?P<n>(?:{digits}|{onward})(?:[ -](?:{onward})|-(?:{number}))*|{number})",
        "u": f"(?P<u>{_words(language.units, capitalised=False)})",
        "m": f"(?P<m>{_words(months, capitalised=language.capitalised)})",
        "w": f"(?P<w>{_words(weekdays, capitalised=language.capitalised)})",
        "d": f"(?P<d>{_DAY}){language.ordinal_suffix}",
        "y": f"(?P<y>{_YEAR})",
        "s": f"(?P<s>{_words(language.seasons, capitalised=False)})",
        "p": f"(?P<p>{_words(language.parts_of_day, capitalised=False)})",
        "tz": f"(?:{_ZONE})",
        "o": (
            f"(?P<o>(?:[0-9]{{1,2}}{language.ordinal_suffix}"
            f"|{_words(language.ordinals, capitalised=False)}))"
        ),
    }


def _words(words: Mapping[str, object], *, capitalised: bool) -> str:
    """Alternatives, the longest first; `(?!)` matches nothing where there are none."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    if not ordered:
        return "(?!)"
    if not capitalised:
        return "|".join(map(re.escape, ordered))
    forms = (form for word in ordered for form in (word.capitalize(), word.upper()))
    return f"(?-i:{'|'.join(map(re.escape, forms))})"
