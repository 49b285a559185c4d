"""Words of a text with their positions, as the rule-based reader of places sees them.

A text goes in, its words come out in text order: where each stands, whether it has a capital, and
whether it opens a sentence, where a capital means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stindex.geocoding.word_lists import spotting_words

_TOKEN = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))*")
_CAPITAL = re.compile(r"(?:[a-z]{1,2}['’])?(.)")
_POSSESSIVE = re.compile(r"['’]s$")
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n…•]['\"”’)\]]*)\s*[-–—*#>]*\s*['\"“‘(\[«]*$")
_LOOK_BACK = 8
# What may stand between two words of one name.
_JOINT = re.compile(r"[ \u00a0]|-|\. ")
_ABBREVIATED = frozenset({"st", "ste", "mt", "ft"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, `text[start:end]`; positions in code points."""

    text: str
    start: int
    end: int
    opens_sentence: bool

    @property
    def word(self) -> str:
        """The word in lower case, without dots."""
        return self.text.casefold().replace(".", "")

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital, an elided article (`d'Ivoire`) aside."""
        match = _CAPITAL.match(self.text)
        return bool(match and (match.group(1).isupper() or match.group(1).istitle()))


def tokenize(text: str) -> list[Token]:
    """Return the words of a text in order."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        opens = _opens_sentence(text, match.start(), tokens)
        tokens.append(Token(match.group(), match.start(), match.end(), opens_sentence=opens))
    return tokens


def possessive_length(name: str) -> int:
    """Return how many characters of a name are its possessive ending."""
    match = _POSSESSIVE.search(name)
    return len(match.group()) if match else 0


def joined(text: str, left: Token, right: Token) -> bool:
    """Whether two neighbouring words can belong to one name.

    They can if a blank or a hyphen is between them, in `St. Louis` and in `Washington, D.C.`
    """
    gap = text[left.end : right.start]
    if gap == ", ":
        return right.word == "dc"
    return bool(_JOINT.fullmatch(gap)) and (gap[0] != "." or _is_abbreviation(left))


def _opens_sentence(text: str, start: int, tokens: Sequence[Token]) -> bool:
    before = text[max(0, start - _LOOK_BACK) : start]
    if start > _LOOK_BACK:
        # A letter in front, so that the cut itself does not look like the start of the text.
        before = f"x{before}"
    if not _SENTENCE_END.search(before):
        return False
    return not (tokens and before.endswith(". ") and _is_abbreviation(tokens[-1]))


def _is_abbreviation(token: Token) -> bool:
    return token.word in _ABBREVIATED or token.word in spotting_words()["courtesy titles"]
