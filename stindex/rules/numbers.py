"""Numbers in digits, words and Roman numerals, as a language writes them.

A piece of text and its language go in, a number comes out.
"""

from __future__ import annotations

import re
from fractions import Fraction

from stindex.rules.language import Language


def number(text: str, language: Language) -> Fraction | None:
    """Read a number in digits or words; None is a vague number (*several*)."""
    text = text.lower()
    if text in language.numbers:
        value = language.numbers[text]
        return None if value is None else Fraction(value)
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        return Fraction(text.replace(",", ""))
    if re.fullmatch(r"[0-9]+([.,][0-9]+)?", text):
        return Fraction(text.replace(",", "."))
    return _compound(re.split(r"[ -]", text), language)


def _compound(words: list[str], language: Language) -> Fraction | None:
    """`twenty-five` adds, `three hundred` multiplies."""
    total = Fraction(0)
    for word in words:
        value = number(word, language) if word.isdigit() else _word_value(word, language)
        if value is None:
            return None
        total = total * value if value >= 100 and total else total + value
    return total


def _word_value(word: str, language: Language) -> Fraction | None:
    value = language.numbers.get(word)
    return None if value is None else Fraction(value)


def ordinal(text: str, language: Language) -> int:
    """Read an ordinal: a word, digits with whatever follows them, or a Roman numeral."""
    text = text.lower()
    if text in language.ordinals:
        return language.ordinals[text]
    if digits := re.match(r"[0-9]+", text):
        return int(digits[0])
    return _roman(text)


def _roman(text: str) -> int:
    values = [{"i": 1, "v": 5, "x": 10}.get(letter, 0) for letter in text]
    following = [*values[1:], 0]
    return sum(-a if a < b else a for a, b in zip(values, following, strict=True))
