"""Is a list of mentions going round in circles? A row's text goes in, yes or no comes out.

Small models sometimes write the same mention until the token limit. A list takes a mention as
often as its words stand in the sample's text, and `copies` times more; then it has to end. Which
mentions it holds by then does not change, so no answer that is one loses anything.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_LIST = re.compile(r'"[a-z_]+_mentions": \[')
_WORDS = re.compile(r'"text": ("(?:[^"\\]|\\.)*")')
_NEXT_MENTION = re.compile(r"\}\s*,")
_SEEN = 4  # characters before a token that may hold the brace


@dataclass(frozen=True, slots=True)
class LoopGuard:
    """Knows one sample's own text."""

    own_text: str
    copies: int

    def forbids(self, written: str, piece: str) -> bool:
        """Return whether `piece` would begin a further mention of a list that goes in circles.

        `written` is the answer so far.
        """
        if "," not in piece:
            return False
        before = written[-_SEEN:]
        found = _NEXT_MENTION.search(before + piece)
        if found is None or found.end() <= len(before):
            return False
        mentions = self._mentions(written + piece)
        if not mentions:
            return False
        last = mentions[-1]
        stands = self.own_text.count(last) if last else 0
        return mentions.count(last) >= max(1, stands) + self.copies

    def _mentions(self, text: str) -> list[str]:
        """Return the words of the mentions in the list that is being written."""
        starts = [found.end() for found in _LIST.finditer(text)]
        if not starts:
            return []
        return [_unescaped(found) for found in _WORDS.findall(text, starts[-1])]


def _unescaped(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal
