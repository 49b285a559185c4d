"""Which languages a text is written in, as far as the rules know them.

A text goes in, codes of `LANGUAGES` come out: by its script, or by its most frequent words.
"""

from __future__ import annotations

import re

from stindex.rules.languages import LANGUAGES

_WORD = re.compile(r"[^\W\d_]+")
_CJK = re.compile(r"[぀-ヿ一-鿿]")
DEFAULT = "en"
_LANGUAGES_OF = {
    word: tuple(code for code, language in LANGUAGES.items() if word in language.function_words)
    for word in frozenset().union(*(language.function_words for language in LANGUAGES.values()))
}


def language_of(text: str) -> str:
    """Return the code of the language whose function words are most frequent, or `en`.

    Chinese and Japanese share one table, `cjk`, and are known by their characters.
    """
    words = _WORD.findall(text.lower())
    if len(_CJK.findall(text)) > len(words) / 2:
        return "cjk"
    counts = dict.fromkeys(LANGUAGES, 0)
    for word in words:
        for code in _LANGUAGES_OF.get(word, ()):
            counts[code] += 1
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] > counts[DEFAULT] else DEFAULT
