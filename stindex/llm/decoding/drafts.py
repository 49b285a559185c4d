"""Guesses at the next tokens of a row; a forward pass then proves or refutes all of them at once.

A row's state goes in, token ids come out. A guess never changes an answer: a wrong one costs a
little time, a right one saves a pass. The sources, best first: text that the grammar forces, spans
of the sample's own text, token sequences that were seen before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stindex.llm.decoding.grammar import Matcher
from stindex.llm.decoding.row import Row
from stindex.llm.memory import DRAFT_TOKENS

Encode = Callable[[str], list[int]]

_LONGEST_CONTEXT = 6
_SHORTEST_CONTEXT = 2
_MOST_CONTEXTS = 400_000  # about 200 MB; then the pool starts afresh
_OPEN_TEXT = '"text": "'
_OPEN_VALUE = '"normalized": "'
# The rest of a word, then words that belong to a name or a date with it.
_SPAN = re.compile(r"\w*(?:[ ,.\-]{1,2}(?:[A-Z0-9]\w*))*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_COPIED_CHARACTERS = 48


class NgramPool:
    """Which token followed which tokens so far, in all answers of a run."""

    def __init__(self) -> None:
        self._followers: dict[tuple[int, ...], dict[int, int]] = {}

    def learn(self, tokens: Sequence[int], start: int = 0) -> None:
        """Note what `tokens[start:]` follow."""
        if len(self._followers) > _MOST_CONTEXTS:
            self._followers.clear()
        for place in range(max(start, 1), len(tokens)):
            for length in range(_SHORTEST_CONTEXT, min(_LONGEST_CONTEXT, place) + 1):
                counts = self._followers.setdefault(tuple(tokens[place - length : place]), {})
                counts[tokens[place]] = counts.get(tokens[place], 0) + 1

    def guess(self, context: Sequence[int]) -> tuple[int, float] | None:
        """Return the token that followed the longest known end of `context` most often.

        The second value is its share, shrunk towards one half.
        """
        for length in range(min(_LONGEST_CONTEXT, len(context)), _SHORTEST_CONTEXT - 1, -1):
            counts = self._followers.get(tuple(context[-length:]))
            if counts:
                token = max(counts, key=lambda t: counts[t])
                return token, (counts[token] + 0.5) / (sum(counts.values()) + 1.0)
        return None


@dataclass(slots=True)
class Track:
    """How often guesses of one source came true."""

    tried: float
    true: float

    @property
    def rate(self) -> float:
        """Return the share of guesses that came true, prior included."""
        return self.true / self.tried


@dataclass(frozen=True, slots=True)
class Draft:
    """Guessed tokens and the source of each."""

    tokens: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class Drafted:
    """What drafting needs to know about a row beside the row itself.

    Attributes:
        own_text: what this sample alone was asked.
        copied_to: up to where in `own_text` spans have been copied.
    """

    row: Row
    own_text: str
    text: str = ""
    copied_to: int = 0

    def update(self) -> None:
        """Take over what the row has written since."""
        self.text = self.row.vocabulary.decode(self.row.tokens)
        _, opened, rest = self.text.rpartition(_OPEN_TEXT)
        if opened and '"' in rest:
            found = self.own_text.find(rest.split('"')[0], self.copied_to)
            if found >= 0:
                self.copied_to = found + 1


def _tracks() -> dict[str, Track]:
    # Priors from real answers of a small model, worth twenty guesses each.
    return {
        "forced": Track(20.0, 19.0),
        "copied": Track(20.0, 16.0),
        "dated": Track(20.0, 14.0),
        # What the pool says always, mostly or sometimes followed.
        "seen always": Track(20.0, 19.2),
        "seen mostly": Track(20.0, 15.0),
        "seen sometimes": Track(20.0, 9.0),
    }


@dataclass(slots=True)
class Drafter:
    """Makes drafts and learns from what becomes of them. One for all rows of a model.

    Attributes:
        encode: text ─▶ token ids, without special tokens.
        longest: most tokens of a draft.
    """

    encode: Encode
    longest: int = DRAFT_TOKENS - 1
    pool: NgramPool = field(default_factory=NgramPool)
    tracks: dict[str, Track] = field(default_factory=_tracks)
    _encoded: dict[str, list[int]] = field(default_factory=dict)

    def draft(self, drafted: Drafted, least: float) -> Draft:
        """Return the tokens that the row will write with a probability of at least `least`."""
        row = drafted.row
        room = min(self.longest, row.room - 1)
        matcher = row.matcher
        tokens: list[int] = []
        sources: list[str] = []
        probability = 1.0
        try:
            while len(tokens) < room:
                source, guesses = self._guesses(drafted, matcher, tokens)
                if not guesses:
                    break
                for token, chance in guesses[: room - len(tokens)]:
                    probability *= chance
                    if probability < least or not _legal(matcher, token):
                        return Draft(tuple(tokens), tuple(sources))
                    tokens.append(token)
                    sources.append(source)
                    if token in row.vocabulary.end_ids:
                        return Draft(tuple(tokens), tuple(sources))
        finally:
            if matcher is not None and tokens:
                matcher.rollback(len(tokens))
        return Draft(tuple(tokens), tuple(sources))

    def verified(self, draft: Draft, accepted: int) -> None:
        """Learn from a draft of which the first `accepted` tokens came true."""
        for place, source in enumerate(draft.sources[: accepted + 1]):
            track = self.tracks[source]
            track.tried += 1
            track.true += place < accepted

    def _guesses(
        self, drafted: Drafted, matcher: Matcher | None, tokens: Sequence[int]
    ) -> tuple[str, list[tuple[int, float]]]:
        seen = self.pool.guess([*drafted.row.tokens[-_LONGEST_CONTEXT:], *tokens])
        source = _seen(seen[1]) if seen else ""
        if matcher is not None:
            forced = matcher.find_jump_forward_string()
            # Forced text may be cut into other tokens than the model's: what was seen knows better.
            if forced and (not seen or self.tracks[source].rate < self.tracks["forced"].rate):
                return "forced", self._rated("forced", self._ids(forced))
            text = drafted.text
            if tokens:
                text += drafted.row.vocabulary.decode(list(tokens))
            for copier, copy in (("copied", copied_span), ("dated", copied_date)):
                copied = "" if forced else copy(text, drafted)
                if copied:
                    return copier, self._rated(copier, self._ids(copied))
        return source, self._rated(source, [seen[0]] if seen else [])

    def _rated(self, source: str, ids: Iterable[int]) -> list[tuple[int, float]]:
        return [(token, self.tracks[source].rate) for token in ids]

    def _ids(self, text: str) -> list[int]:
        if text not in self._encoded:
            self._encoded[text] = self.encode(text)
        return self._encoded[text]


def _seen(share: float) -> str:
    """Return the source of a guess, by its share among what followed so far."""
    if share > 0.9:
        return "seen always"
    return "seen mostly" if share > 0.6 else "seen sometimes"


def copied_span(text: str, drafted: Drafted) -> str:
    """Return how the sample's own text goes on where a mention's words are being written."""
    _, opened, begun = text.rpartition(_OPEN_TEXT)
    if not opened or not begun or '"' in begun:
        return ""
    own = drafted.own_text
    found = own.find(begun, drafted.copied_to)
    if found < 0:
        found = own.find(begun)
    if found < 0:
        return ""
    end = found + len(begun)
    match = _SPAN.match(own[end : end + _COPIED_CHARACTERS])
    return match.group() if match else ""


def copied_date(text: str, drafted: Drafted) -> str:
    """Return how a date of the sample's own text, say its reference date, completes a value."""
    _, opened, begun = text.rpartition(_OPEN_VALUE)
    if not opened or '"' in begun:
        return ""
    for date in _DATE.findall(drafted.own_text):
        if date.startswith(begun) and date != begun:
            return str(date[len(begun) :])
    return ""


def _legal(matcher: Matcher | None, token: int) -> bool:
    return matcher is None or matcher.accept_token(token)


NO_DRAFT = Draft()
