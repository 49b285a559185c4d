"""Place names as the gazetteer's keys.

A surface form of any spelling goes in; out comes the key under which the packed table has it
(`normalise`), the base words that a demonym may be made of, and the shorter forms that are worth
a second look when the whole name is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_LETTERS = str.maketrans(
    {
        "ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ð": "d", "þ": "th",
        "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "’": "'", "‘": "'", "ʻ": "'", "ʼ": "'",
    }
)  # fmt: skip
_ABBREVIATIONS = (
    (re.compile(r"\bst\b(?= \w)"), "saint"),
    (re.compile(r"\bste\b(?= \w)"), "sainte"),
    (re.compile(r"\bmt\b(?= \w)"), "mount"),
    (re.compile(r"\bft\b(?= \w)"), "fort"),
)
_POSSESSIVE = re.compile(r"'s\b")
_APOSTROPHE = re.compile(r"['`]")
_INNER_DOT = re.compile(r"(?<=\b\w)\.(?=\w\b)")
# Vowel signs of Indic, Thai, Tibetan, Burmese and Khmer script are no letters to `re`, and say as
# much; so do the sound marks of kana, which tell Paris from Bali.
_KANA_MARKS = "\u3099\u309a"
_NO_WORD = re.compile(
    rf"[^\w{_KANA_MARKS}\u0900-\u0963\u0966-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]+"
)
_ARTICLE = re.compile(r"^the ")
_PARTS = re.compile(r"[,()]")

# Suffix of a demonym, and what may stand in its place: Italian <- Italy, Sudanese <- Sudan.
_DEMONYM_SUFFIXES = (
    ("n", ("",)),
    ("ian", ("ia", "y", "", "e", "o")),
    ("an", ("a", "", "e", "y")),
    ("er", ("", "e")),
    ("ese", ("", "a", "o")),
    ("ish", ("",)),
    ("i", ("", "ia")),
    ("ite", ("",)),
    ("ic", ("ia",)),
    ("", ("ia", "a")),
)
_SHORTEST_STEM = 4

_GENERIC_PREFIX = re.compile(
    r"""^(?:
    (?:the\ )?(?:city|town|village|state|province|district|county|region|republic|kingdom|island
      |port|municipality|commune|suburb|department|prefecture|government|governorate|people)
      \ of\ (?:the\ )?
    |(?:greater|downtown|central|upper|lower|inner|metropolitan|metro|mainland|rural|urban|old|mid
      |(?:north|south)(?:ern|east|eastern|west|western)?|(?:east|west)(?:ern)?)\ )""",
    re.IGNORECASE | re.VERBOSE,
)
_GENERIC_SUFFIX = re.compile(
    r"""\ (?:city|town|village|state|province|district|county|region|republic|islands?
    |municipality|suburbs?|department|prefecture|governorate|oblast|metropolitan\ area|area|metro
    |township|borough|valley|coast|peninsula|territory|parish|based|airport
    |international\ airport|university|hospital|harbou?r|beach|river|bay)$""",
    re.IGNORECASE | re.VERBOSE,
)
_FEATURE_PREFIX = re.compile(
    r"^(?:lake|mount|fort|cape|port|el|la|al|university of) ", re.IGNORECASE
)
# A single one of these words inside a longer name says nothing about where it is.
_COMMON_WORDS = """
    north south east west northern southern eastern western central new old city county state
    university college school hospital river lake bay beach park street road avenue highway bridge
    airport island islands valley hills hill mountain mountains church house center centre
    national international union general district court high great upper lower little big grand
    santa saint mount fort port cape point first second united creek run bank store mall library
    museum station hotel club field stadium arena hall tower square plaza green black white blue
    red
"""


def normalise(name: str) -> str:
    """Return the key of a name: no case, marks, apostrophes or leading article; St. -> saint."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    kept = (c for c in decomposed if not unicodedata.combining(c) or c in _KANA_MARKS)
    key = "".join(kept).casefold()
    key = _APOSTROPHE.sub("", _POSSESSIVE.sub("s", key))
    key = _NO_WORD.sub(" ", _INNER_DOT.sub("", key)).strip()
    for pattern, full in _ABBREVIATIONS:
        key = pattern.sub(full, key)
    return _ARTICLE.sub("", key)


def parted(surface: str) -> tuple[str, list[str]]:
    """Part `Paris, Lamar County, Texas` or `Paris (Texas)`: a name, and what it lies in."""
    head, *around = _PARTS.split(surface)
    return head, [part for part in around if part.strip()]


def demonym_bases(key: str) -> Iterator[str]:
    """Yield the keys that a demonym may be derived from, the likeliest first."""
    singular = [key[:-1]] if key.endswith("s") else []
    for word in [*singular, key]:
        for suffix, replacements in _DEMONYM_SUFFIXES:
            stem = word.removesuffix(suffix)
            if word.endswith(suffix) and len(stem) >= _SHORTEST_STEM:
                yield from (stem + replacement for replacement in replacements)


def stripped_forms(surface: str) -> Iterator[str]:
    """Yield a name without the generic words around it: `Greater Leeds`, `Accra Region`."""
    forms = (
        _GENERIC_PREFIX.sub("", surface),
        _GENERIC_SUFFIX.sub("", surface),
        _GENERIC_SUFFIX.sub("", _GENERIC_PREFIX.sub("", surface)),
        _FEATURE_PREFIX.sub("", surface),
        surface.replace("-", " ").split(" based")[0],
    )
    yield from (form for form in forms if form != surface)


def partial_keys(key: str) -> Iterator[str]:
    """Yield the runs of words inside a key, longest first, that may be a name of their own."""
    words, common = key.split(), set(_COMMON_WORDS.split())
    for length in range(len(words) - 1, 0, -1):
        for start in range(len(words) - length + 1):
            part = " ".join(words[start : start + length])
            if length > 1 or (len(part) >= _SHORTEST_STEM and part not in common):
                yield part
