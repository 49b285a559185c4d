"""Which names found in a text are believed to be places.

Finds go in with the document around them; those come out whose prior score together with the
evidence of their neighbourhood is high enough. Scores are those of `prior`: a city of ten thousand
has 4, of a million 6, a country more than 7. The weights are round; they were set on one half of
a corpus of news on epidemics.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stindex.geocoding.gazetteer import Entry, Gazetteer
from stindex.geocoding.prior import prior
from stindex.geocoding.tokens import Token, joined
from stindex.geocoding.word_lists import spotting_words

_BELIEVED = 4.5
_LOCATIVE = 1.0
_VILLAGE_OF = 2.0
_LONG_NAME = 0.5
_GENERIC_WORD = 1.0
_IN_LIST = 1.0
_CONTAINER = 3.0
_AMBIGUOUS = -2.0
_SENTENCE_START = -1.0
_STRANGER = -2.0
_ORGANISATION = -4.0
_PERSON = -6.0
_CODE = -9.0
# From here on a name beside another is a place of its own, and no part of a person's name.
_WELL_KNOWN = 5.5

_STATE_CODE = re.compile(r"[A-Z]{2}")
_CONTAINER_NAME = re.compile(r"(?:, | \()((?:[A-Z][\w.'’-]*)(?: [A-Z][\w.'’-]*){0,2})")
_LIST_GAP = re.compile(r",? (?:and |or |& )?|, (?:and )?|/")


@dataclass(frozen=True, slots=True)
class Find:
    """A known name in the text: tokens `first` to `last`, both included, and its best place."""

    first: int
    last: int
    start: int
    end: int
    key: str
    entry: Entry


def believed(
    text: str, tokens: Sequence[Token], finds: Sequence[Find], gazetteer: Gazetteer
) -> list[Find]:
    """Return the finds that are taken for place names, in their order.

    A name beside a believed one in a list is more likely to be one itself, hence two passes.
    """
    reader = _Reader(text, tokens, finds, gazetteer)
    scores = [reader.score(find) for find in finds]
    sure = {find.start for find, score in zip(finds, scores, strict=True) if score >= _BELIEVED}
    return [
        find
        for index, (find, score) in enumerate(zip(finds, scores, strict=True))
        if score + _list_evidence(text, finds, index, sure) >= _BELIEVED
    ]


def _list_evidence(text: str, finds: Sequence[Find], index: int, sure: set[int]) -> float:
    pairs = [(index - 1, index), (index, index + 1)]
    for left, right in pairs:
        if left < 0 or right >= len(finds):
            continue
        other = finds[left if right == index else right]
        gap = text[finds[left].end : finds[right].start]
        if other.start in sure and _LIST_GAP.fullmatch(gap):
            return _IN_LIST
    return 0.0


class _Reader:
    """One document and its finds."""

    def __init__(
        self, text: str, tokens: Sequence[Token], finds: Sequence[Find], gazetteer: Gazetteer
    ) -> None:
        self._text = text
        self._tokens = tokens
        self._gazetteer = gazetteer
        self._surnames = self._persons_of_document()
        self._place_tokens = {
            index
            for find in finds
            if prior(find.entry) >= _WELL_KNOWN and not self._is_given_name(find)
            for index in range(find.first, find.last + 1)
        }
        self._inside = {find.key for find in finds if not tokens[find.first].opens_sentence}

    def score(self, find: Find) -> float:
        """Return how likely a find is a mention of a place."""
        return prior(find.entry) + math.fsum(self._evidence(find))

    def _evidence(self, find: Find) -> Iterator[float]:
        if find.last > find.first:
            yield _LONG_NAME
        elif find.entry.is_city and self._tokens[find.first].word in self._surnames:
            yield _PERSON
        if self._text[find.start - 1 : find.start] == "/" or self._text[find.end :][:1] in "/$":
            # The text ends here (''), or this is a code: `A/California/7/2009`, `US$10`.
            yield _CODE if find.end < len(self._text) else 0.0
        if self._tokens[find.first].opens_sentence and find.key not in self._inside:
            yield _SENTENCE_START
        contained = self._contained(find)
        if contained:
            yield _CONTAINER
        if find.key in spotting_words()["ambiguous"] and not contained:
            yield _AMBIGUOUS
        if self._is_given_name(find):
            yield _PERSON
        yield self._from_previous_words(find)
        yield self._from_neighbours(find)

    def _from_previous_words(self, find: Find) -> float:
        words = spotting_words()
        previous = list(self._tokens[max(0, find.first - 3) : find.first])
        if previous and previous[-1].word == "the":
            previous.pop()
        if previous and previous[-1].word in words["locative"]:
            return _LOCATIVE
        if len(previous) > 1 and previous[-1].word == "of":
            if previous[-2].word in words["villages"]:
                return _VILLAGE_OF
            if previous[-2].capital and previous[-2].word in words["organisations"]:
                return _ORGANISATION
        return 0.0

    def _from_neighbours(self, find: Find) -> float:
        before = self._neighbour(find.first, -1)
        after = self._neighbour(find.last, +1)
        return (self._from_before(find, before) if before else 0.0) + (
            self._from_after(find, after) if after else 0.0
        )

    def _from_before(self, find: Find, before: Token) -> float:
        words = spotting_words()
        if f"{before.word} {find.key}" in words["never"]:
            return _CODE
        if before.word in words["directions"] | words["features before"]:
            return 0.0
        hyphenated = before.end == find.start - 1 and self._text[before.end] == "-"
        person = before.word in words["given names"] | words["courtesy titles"] or (
            before.word in words["titles"] and find.entry.is_city
        )
        return _PERSON if person or hyphenated else _STRANGER

    def _from_after(self, find: Find, after: Token) -> float:
        words = spotting_words()
        if after.word in words["regions after"] | words["features after"]:
            return _GENERIC_WORD
        if after.word in words["landmarks after"]:
            return 0.0
        if after.word in words["organisations"]:
            return _ORGANISATION
        hyphenated = self._text[find.end : after.start] == "-"
        if hyphenated:
            return _PERSON
        return 0.0 if after.word in words["titles"] else _STRANGER

    def _neighbour(self, index: int, step: int) -> Token | None:
        """Return the capitalised word right beside a find that belongs to no find itself."""
        other = index + step
        if not 0 <= other < len(self._tokens) or other in self._place_tokens:
            return None
        token = self._tokens[other]
        left, right = sorted((self._tokens[index], token), key=lambda t: t.start)
        if not (token.capital and joined(self._text, left, right)):
            return None
        words = spotting_words()
        title = token.word in words["courtesy titles"]
        if token.opens_sentence and token.word in words["never"] and not title:
            return None
        return token

    def _is_given_name(self, find: Find) -> bool:
        if find.key not in spotting_words()["given names"] or find.last + 1 == len(self._tokens):
            return False
        token, following = self._tokens[find.last], self._tokens[find.last + 1]
        return following.capital and self._text[token.end : following.start] == " "

    def _persons_of_document(self) -> set[str]:
        """Return the words that follow a given name, in lower case."""
        given = spotting_words()["given names"]
        return {
            right.word.removesuffix("'s").removesuffix("’s")
            for left, right in zip(self._tokens, self._tokens[1:], strict=False)
            if left.word in given
            and left.capital
            and right.capital
            and self._text[left.end : right.start] == " "
        }

    def _contained(self, find: Find) -> bool:
        """Whether what contains the place is named after a comma: `Ames, Iowa`, `Ames, IA`."""
        match = _CONTAINER_NAME.match(self._text[find.end : find.end + 40])
        words = match.group(1).split(" ") if match else []
        return any(
            self._contains(" ".join(words[:count]), find) for count in range(len(words), 0, -1)
        )

    def _contains(self, name: str, find: Find) -> bool:
        outer = list(self._gazetteer.lookup(name))
        if _STATE_CODE.fullmatch(name):
            outer += self._gazetteer.lookup_key(f"ab:{name}")
        inner = {
            (entry.country, "" if unit.code == "PCL" else entry.admin1)
            for entry in self._gazetteer.lookup_key(find.key)
            for unit in outer[:1]
            if entry.code != "PCL"
        }
        return any(
            unit.code in ("PCL", "ADM1")
            and (unit.country, "" if unit.code == "PCL" else unit.admin1) in inner
            for unit in outer
        )
