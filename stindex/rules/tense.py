"""Whether a sentence tells of the past or of what is to come.

A text and the position of a mention go in; the tense of the verb form nearest to it comes out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from stindex.rules.language import Language

Tense = Literal["past", "future"]
# A full stop after an initial or one of these ends no sentence.
_ABBREVIATION = r"(?<!\b[A-Z])(?<!Inc)(?<!Mr)(?<!Mrs)(?<!Dr)(?<!Ltd)(?<!Co)(?<!Corp)(?<!St)"
_SENTENCE_END = re.compile(rf"(?:{_ABBREVIATION}\.|[!?。！？])(?=\s|$)|[。！？\n]")
_FURTHEST = 400


def tense_of(text: str, start: int, end: int, language: Language) -> Tense:
    """Return the tense around a mention (code points); `future` where there is no verb form.

    The present counts as future, because what is announced stands in it (*opens on Friday*).
    """
    before, after = _sentence(text, start, end)
    nearest: tuple[int, Tense] = (_FURTHEST * 2, "future")
    for tense, pattern in _patterns(language.code, language.past, language.future):
        distances = [len(before) - found.end() for found in pattern.finditer(before)]
        # What follows a mention is its verb less often than what goes before it.
        distances += [2 * found.start() for found in pattern.finditer(after)]
        if distances and min(distances) < nearest[0]:
            nearest = (min(distances), tense)
    return nearest[1]


def _sentence(text: str, start: int, end: int) -> tuple[str, str]:
    before = text[max(0, start - _FURTHEST) : start]
    after = text[end : end + _FURTHEST]
    ends = [found.end() for found in _SENTENCE_END.finditer(before)]
    closing = _SENTENCE_END.search(after)
    return before[ends[-1] if ends else 0 :], after[: closing.start()] if closing else after


@lru_cache(maxsize=32)
def _patterns(
    code: str, past: str, future: str
) -> tuple[tuple[Tense, re.Pattern[str]], ...]:  # the code keeps languages apart in the cache
    del code
    tenses: tuple[tuple[Tense, str], ...] = (("future", future), ("past", past))
    return tuple(
        (tense, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE))
        for tense, words in tenses
        if words
    )
