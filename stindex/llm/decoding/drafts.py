"""Guesses at the next tokens of a row; a forward pass then proves or refutes all of them at once.

A row's state goes in, token ids come out. A guess never changes an answer: a wrong one costs a
little time, a right one saves a pass. At each place every source proposes a token, the one that
came true most often so far is believed, and the draft is cut where it is expected to cost least.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stindex.llm.decoding.grammar import Matcher
from stindex.llm.decoding.ngrams import LONGEST_CONTEXT, NgramPool, Recent
from stindex.llm.decoding.row import Row
from stindex.llm.memory import DRAFT_TOKENS
from stindex.prompts import asked
from stindex.rules.temporal_reader import read_temporal

Encode = Callable[[str], list[int]]
# Who guessed, how sure of itself it was, and whether another who remembers said the same; None
# where there was none.
Source = tuple[str, int, bool | None]

# Texts read by rule for a start; each token that nothing else foresaw is worth one more.
READINGS = 8
_LEAST_LIKELY = 0.03  # no draft is worth going on where it is right so rarely
_MOST_ENCODED = 10_000
_FEW = 3  # tokens that are the same in many places
_OPEN_TEXT = '"text": "'
# The rest of a word, then words that belong to a name or a date with it.
_SPAN = re.compile(r"\w*(?:[ ,.\-]{1,2}(?:[A-Z0-9]\w*))*")
_COPIED_CHARACTERS = 48
_TEXTS = frozenset({"forced", "forced end", "copied", "copied first"})


@dataclass(slots=True)
class Track:
    """How often guesses of one source came true."""

    tried: float
    true: float

    @classmethod
    def of(cls, source: Source) -> Track:
        """Return what is believed of a source at first, worth five guesses."""
        return cls(5.0, 4.5 if source[0] in _TEXTS else 3.0)

    @property
    def rate(self) -> float:
        """Return the share of guesses that came true, prior included."""
        return self.true / self.tried


@dataclass(frozen=True, slots=True)
class Draft:
    """Guessed tokens and the source of each."""

    tokens: tuple[int, ...] = ()
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class _Link:
    """A guess behind others; `probability` is that of all up to this one."""

    token: int
    source: Source
    probability: float


@dataclass(slots=True)
class Drafted:
    """What drafting needs to know about a row beside the row itself.

    Attributes:
        own_text: what this sample alone was asked.
        copied_to: up to where in `own_text` spans have been copied.
        recent: what followed what in the sample's text and answer; None before the first draft.
        read: the same of the answer that rules would give; None where they were not asked.
    """

    row: Row
    own_text: str
    text: str = ""
    copied_to: int = 0
    recent: Recent | None = None
    read: Recent | None = None
    _learned: int = 0

    def update(self) -> None:
        """Take over what the row has written since."""
        # Only the answer is looked at as text: a thought may be long.
        self.text = self.row.vocabulary.decode(self.row.tokens[self.row.thought_tokens :])
        _, opened, rest = self.text.rpartition(_OPEN_TEXT)
        if opened and '"' in rest:
            found = self.own_text.find(rest.split('"')[0], self.copied_to)
            if found >= 0:
                self.copied_to = found + 1
        if self.recent is not None:
            self.recent.learn(self.row.tokens, self._learned)
            self._learned = len(self.row.tokens)

    def begin(self, encode: Encode, *, by_rule: bool) -> None:
        """Learn the sample's text, and with `by_rule` what rules read from it."""
        self.recent = Recent()
        self.recent.learn(encode(self.own_text))
        if by_rule:
            self.read = Recent()
            self.read.learn(encode(read_by_rule(self.own_text)))
        self.update()


@dataclass(slots=True)
class Drafter:
    """Makes drafts and learns from what becomes of them. One for all rows of a model.

    Attributes:
        encode: text ─▶ token ids, without special tokens.
        longest: most tokens of a draft.
        readings: how many texts more are read by rule.
    """

    encode: Encode
    longest: int = DRAFT_TOKENS - 1
    pool: NgramPool = field(default_factory=NgramPool)
    tracks: dict[Source, Track] = field(default_factory=dict)
    readings: int = READINGS
    _encoded: dict[str, list[int]] = field(default_factory=dict)

    def draft(self, drafted: Drafted, least: float) -> Draft:
        """Return tokens that the row will probably write.

        `least` is the probability from which on a guess pays that saves a whole pass of its row.
        """
        room = min(self.longest, drafted.row.room - 1)
        if room < 1:
            return NO_DRAFT
        if drafted.recent is None:
            by_rule = self.readings > 0
            self.readings -= by_rule
            drafted.begin(self.encode, by_rule=by_rule)
        links = self._links(drafted, room)
        kept = links[: cheapest([link.probability for link in links], room, least)]
        return Draft(tuple(link.token for link in kept), tuple(link.source for link in kept))

    def verified(self, draft: Draft, accepted: int) -> None:
        """Learn from a draft of which the first `accepted` tokens came true."""
        for place, source in enumerate(draft.sources[: accepted + 1]):
            track = self._track(source)
            track.tried += 1
            track.true += place < accepted
            self.readings += place < accepted and source[0] == "read" and not source[2]

    def _links(self, drafted: Drafted, room: int) -> list[_Link]:
        """Return the likeliest tokens one after the other, one more than there is room for."""
        row, matcher = drafted.row, drafted.row.matcher
        links: list[_Link] = []
        tokens: list[int] = []
        begun: list[tuple[int, str]] = []  # the rest of a text that is being proposed
        probability = 1.0
        try:
            while len(links) <= room:
                guess = self._likeliest(drafted, matcher, tokens, begun)
                if guess is None:
                    break
                rate, token, source = guess
                probability *= rate
                if probability < _LEAST_LIKELY or not _legal(matcher, token):
                    break
                links.append(_Link(token, source, probability))
                tokens.append(token)
                begun[:] = begun[1:] if begun and begun[0][0] == token else []
                if token in row.vocabulary.end_ids:
                    break
        finally:
            if matcher is not None and tokens:
                matcher.rollback(len(tokens))
        return links

    def _likeliest(
        self,
        drafted: Drafted,
        matcher: Matcher | None,
        tokens: Sequence[int],
        begun: list[tuple[int, str]],
    ) -> tuple[float, int, Source] | None:
        """Return rate, token and source of the guess behind `tokens` that is believed most."""
        proposed = self._followers(drafted, tokens)
        if matcher is not None and not begun:
            begun.extend(self._text(drafted, matcher, tokens))
        if begun:
            proposed.append((begun[0][0], (begun[0][1], 0, None)))
        rated = [(self._track(source).rate, token, source) for token, source in proposed]
        return max(rated, key=lambda guess: guess[0], default=None)

    def _track(self, source: Source) -> Track:
        if source not in self.tracks:
            self.tracks[source] = Track.of(source)
        return self.tracks[source]

    def _followers(self, drafted: Drafted, tokens: Sequence[int]) -> list[tuple[int, Source]]:
        """Return what followed the same tokens before, according to each who remembers."""
        context = (*drafted.row.tokens[-LONGEST_CONTEXT:], *tokens)[-LONGEST_CONTEXT:]
        found: list[tuple[int, str, int]] = []
        seen = self.pool.guess(context)
        if seen is not None:
            token, share, length = seen
            found.append((token, "seen" if length > _FEW else "seen little", _sureness(share)))
        for name, memory in (("recent", drafted.recent), ("read", drafted.read)):
            last = memory.guess(context) if memory else None
            if last is not None:
                found.append((last[0], name, last[1] // 2))
        return [
            (token, (name, sure, _agreed(place, [other for other, _, _ in found])))
            for place, (token, name, sure) in enumerate(found)
        ]

    def _text(
        self, drafted: Drafted, matcher: Matcher, tokens: Sequence[int]
    ) -> list[tuple[int, str]]:
        """Return the tokens of a text that has to follow, or that is likely to, and its source."""
        forced = matcher.find_jump_forward_string()
        if forced:
            ids = self._ids(forced)
            # What follows may share a token with the end of the text.
            return [*((token, "forced") for token in ids[:-1]), (ids[-1], "forced end")]
        text = drafted.text
        if tokens:
            text += drafted.row.vocabulary.decode(list(tokens))
        copied = self._ids(copied_span(text, drafted))
        return [
            (token, "copied" if place else "copied first") for place, token in enumerate(copied)
        ]

    def _ids(self, text: str) -> list[int]:
        if text not in self._encoded:
            if len(self._encoded) > _MOST_ENCODED:
                self._encoded.clear()
            self._encoded[text] = self.encode(text)
        return self._encoded[text]


def _sureness(share: float) -> int:
    """Return a number of classes of shares, finer where nearly all was the same."""
    return min(4, int(5 * share)) + (share > 0.9) + (share > 0.97)


def _agreed(place: int, tokens: Sequence[int]) -> bool | None:
    """Return whether the first of the others says the same; None where there is no other."""
    others = [*tokens[:place], *tokens[place + 1 :]]
    return others[0] == tokens[place] if others else None


def cheapest(probabilities: Sequence[float], room: int, least: float) -> int:
    """Return how many guesses to try, at most `room`.

    A guess that is left out costs a pass of the row if it would have been right together with all
    before it; one that is tried costs its own computation if it is wrong.

    Args:
        probabilities: that all guesses up to each are right.
        least: the probability from which on a single guess pays; it says what a pass costs.
    """
    a_pass = (1.0 - least) / least  # in tokens
    behind = [*probabilities, 0.0]
    wrong = 0.0
    best, least_cost = 0, a_pass * behind[0]
    for count, probability in enumerate(probabilities[:room], start=1):
        wrong += 1.0 - probability
        cost = a_pass * behind[count] + wrong
        if cost < least_cost:
            best, least_cost = count, cost
    return best


def read_by_rule(own_text: str) -> str:
    """Return the beginning of an answer as the rules for times write it; empty if nothing is asked.

    Takes two to four milliseconds for some hundred characters.
    """
    text, reference_date = asked(own_text)
    mentions = [
        {"text": m.text, "normalized": m.normalized, "temporal_type": m.temporal_type}
        for m in read_temporal(text, reference_date)
    ]
    return json.dumps({"temporal_mentions": mentions}, ensure_ascii=False)[:-1] + ', "'


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


def _legal(matcher: Matcher | None, token: int) -> bool:
    return matcher is None or matcher.accept_token(token)


NO_DRAFT = Draft()
