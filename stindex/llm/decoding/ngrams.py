"""What tends to follow a few tokens: token sequences go in, a guess at the next token comes out.

`NgramPool` counts what followed in all answers of a run; `Recent` remembers of one sample what
followed last.
"""

from __future__ import annotations

from collections.abc import Sequence

LONGEST_CONTEXT = 8
_LONGEST_COUNTED = 6
_SHORTEST_REMEMBERED = 3  # fewer tokens are the same everywhere in an answer
_MOST_CONTEXTS = 400_000  # about 200 MB; then the pool starts afresh


class NgramPool:
    """Which token followed which tokens so far, in all answers of a run."""

    def __init__(self) -> None:
        self._followers: dict[tuple[int, ...], dict[int, int]] = {}

    def learn(self, tokens: Sequence[int], start: int = 0) -> None:
        """Note what `tokens[start:]` follow."""
        if len(self._followers) > _MOST_CONTEXTS:
            self._followers.clear()
        tokens, start = _behind(tokens, start)
        for place in range(start, len(tokens)):
            token = tokens[place]
            for length in range(1, min(_LONGEST_COUNTED, place) + 1):
                counts = self._followers.setdefault(tokens[place - length : place], {})
                counts[token] = counts.get(token, 0) + 1

    def guess(self, context: tuple[int, ...]) -> tuple[int, float, int] | None:
        """Return the token that followed the longest known end of `context` most often.

        Also its share, shrunk towards one half, and the length of that end.
        """
        for length in range(min(_LONGEST_COUNTED, len(context)), 0, -1):
            counts = self._followers.get(context[-length:])
            if counts:
                token = max(counts, key=counts.__getitem__)
                return token, (counts[token] + 0.5) / (sum(counts.values()) + 1.0), length
        return None


class Recent:
    """Which token followed which tokens last, in the text and the answer of one sample."""

    def __init__(self) -> None:
        self._follower: dict[tuple[int, ...], int] = {}

    def learn(self, tokens: Sequence[int], start: int = 0) -> None:
        """Note what `tokens[start:]` follow."""
        tokens, start = _behind(tokens, start)
        for place in range(start, len(tokens)):
            for length in range(_SHORTEST_REMEMBERED, min(LONGEST_CONTEXT, place) + 1):
                self._follower[tokens[place - length : place]] = tokens[place]

    def guess(self, context: tuple[int, ...]) -> tuple[int, int] | None:
        """Return what followed the longest known end of `context` last, and that end's length."""
        for length in range(min(LONGEST_CONTEXT, len(context)), _SHORTEST_REMEMBERED - 1, -1):
            token = self._follower.get(context[-length:])
            if token is not None:
                return token, length
        return None


def _behind(tokens: Sequence[int], start: int) -> tuple[tuple[int, ...], int]:
    """Return the part of `tokens` that what comes from `start` on can follow, and its `start`."""
    first = max(0, start - LONGEST_CONTEXT)
    return tuple(tokens[first:]), max(1, start - first)
