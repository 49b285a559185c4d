"""One row of a batch: which token comes next, and when the row is finished.

The model's scores of a step go in, one token id comes out. A row knows its phase (does it still
decide whether to think, is it thinking, is it answering), its own limits and its own grammar, so
that it behaves the same in any batch and under any engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

import torch

from stindex.llm.decoding.grammar import Grammar, Matcher
from stindex.llm.decoding.loops import LoopGuard

_THOUGHT_END = "</think>"
_WHITE = 2  # tokens of line breaks that models write between thought and answer
_CANDIDATES = 256  # legal tokens that are looked at for one that ends a list
_TAIL = 8  # tokens that are looked at for a text of a few characters


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The token ids that mean something to decoding.

    Attributes:
        end_ids: tokens that end an answer.
        pad_id: what fills up shorter rows; may be one of `end_ids`.
        thought_start: the tokens of `<think>`: one, or several where the tokenizer has none for it.
        thought_end: the token of `</think>`; None where the tokenizer writes it in several.
        white_ids: tokens of line breaks, a few of which may stand between thought and answer.
        decode: token ids ─▶ text.
    """

    end_ids: frozenset[int]
    pad_id: int
    thought_start: tuple[int, ...]
    thought_end: int | None
    white_ids: frozenset[int]
    decode: Callable[[list[int]], str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt as token ids, and what is known about how its answer may begin.

    Attributes:
        key: seeds the row's sampling.
        thinking: `open` (the prompt ends inside a thought), `possible` (the model may open one),
            `required` (it has to), `none`.
        stop_text: text that a base model writes when it goes on with a next example; may be empty.
        own_text: what this sample alone was asked; its mentions are copied from it.
    """

    key: str
    token_ids: tuple[int, ...]
    thinking: Literal["none", "possible", "required", "open"] = "none"
    stop_text: str = ""
    own_text: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a row may go.

    Attributes:
        answer, thought, context: in tokens; `context` counts prompt and answer together.
        copies: how often a mention may be written beyond its occurrences, where a grammar steers;
            None does not count.
    """

    answer: int
    thought: int
    context: int | None = None
    copies: int | None = None


class _Phase(Enum):
    UNDECIDED = auto()
    THOUGHT = auto()
    ANSWER = auto()


@dataclass(slots=True)
class Row:
    """The state of one row. `finished` is None while it goes on."""

    prompt: Prompt
    vocabulary: Vocabulary
    limits: Limits
    grammar: Grammar | None
    tokens: list[int] = field(default_factory=list)
    finished: Literal["stop", "length"] | None = None
    thought_tokens: int = 0
    interventions: int = 0
    finished_at: float = 0.0
    _phase: _Phase = _Phase.ANSWER
    _white_left: int = 0
    _matcher: Matcher | None = None
    _guard: LoopGuard | None = None

    def __post_init__(self) -> None:
        if self.prompt.thinking == "open":
            self._phase = _Phase.THOUGHT
        elif self.prompt.thinking != "none":
            self._phase = _Phase.UNDECIDED
        if self.grammar is not None:
            self._matcher = self.grammar.matcher()
            if self.limits.copies is not None:
                self._guard = LoopGuard(self.prompt.own_text, self.limits.copies)

    @property
    def budget(self) -> int:
        """Return how many tokens the row may take in all."""
        thought = self.limits.thought if self.prompt.thinking != "none" else 0
        budget = self.limits.answer + thought + (1 if thought else 0)
        if self.limits.context is not None:
            budget = min(budget, self.limits.context - len(self.prompt.token_ids))
        return budget

    @property
    def room(self) -> int:
        """Return how many tokens the row may still take in all."""
        return self.budget - len(self.tokens)

    @property
    def matcher(self) -> Matcher | None:
        """Return the matcher where the grammar steers the next token; None where it is free."""
        return self._matcher if self._phase is _Phase.ANSWER else None

    def advance(self, choice: int, scores: torch.Tensor) -> int:
        """Take one token and return it.

        Args:
            choice: the model's own first choice, argmax of `scores`.
            scores: shape (vocabulary,), sampling noise included; read only where the grammar
                forbids the choice.
        """
        token = self._next(choice, scores)
        self.tokens.append(token)
        self._finish(token)
        if self.finished is not None:
            self.finished_at = time.perf_counter()
        return token

    def _next(self, choice: int, scores: torch.Tensor) -> int:
        if self._phase is _Phase.UNDECIDED:
            return self._first(choice, scores)
        if self._phase is _Phase.THOUGHT:
            return self._think(choice)
        return self._answer(choice, scores)

    def _first(self, choice: int, scores: torch.Tensor) -> int:
        """Take a token of `<think>`, or go over to the answer where the model opens no thought."""
        start, place = self.vocabulary.thought_start, len(self.tokens)
        # Nothing that a grammar allows begins like the tag: what has begun with it goes on.
        begun = place > 0 and self.grammar is not None
        if choice != start[place] and not begun and self.prompt.thinking != "required":
            self._phase = _Phase.ANSWER
            self.thought_tokens = 0
            return self._answer(choice, scores)
        self.thought_tokens += 1
        if place + 1 == len(start):
            self._phase = _Phase.THOUGHT
        return start[place]

    def _think(self, choice: int) -> int:
        self.thought_tokens += 1
        rest = self._behind_thought(choice)
        if rest is not None:
            self._phase = _Phase.ANSWER
            self._white_left = _WHITE
            if self._matcher is not None and rest.strip():
                self._matcher.accept_string(rest.strip())
        return choice

    def _behind_thought(self, choice: int) -> str | None:
        """Return what a token that ends the thought has of the answer; None where it ends none."""
        if self.vocabulary.thought_end is not None:
            return "" if choice == self.vocabulary.thought_end else None
        tail = self.vocabulary.decode([*self.tokens[-_TAIL:], choice])
        _, ended, rest = tail.partition(_THOUGHT_END)
        return rest if ended else None

    def _answer(self, choice: int, scores: torch.Tensor) -> int:
        white_left, self._white_left = self._white_left, 0
        if self._matcher is None:
            return choice
        if white_left and choice in self.vocabulary.white_ids:
            self._white_left = white_left - 1
            return choice
        if not self._circles(choice) and self._matcher.accept_token(choice):
            return choice
        self.interventions += 1
        return self._overrule(self._matcher, scores)

    def _overrule(self, matcher: Matcher, scores: torch.Tensor) -> int:
        if self.grammar is None:
            raise AssertionError("a row with a matcher has a grammar")
        legal = self.grammar.legal_tokens(matcher, scores.shape[-1]).to(scores.device)
        scores = scores.masked_fill(~legal, -torch.inf)
        token = int(scores.argmax())
        if self._circles(token):
            token = self._ending(scores, token)
        if not matcher.accept_token(token):  # a dead end: nothing is legal
            return min(self.vocabulary.end_ids)
        return token

    def _circles(self, token: int) -> bool:
        """Return whether a token would keep a list of mentions going in circles."""
        if self._guard is None:
            return False
        piece = self.vocabulary.decode([token])
        if "," not in piece:
            return False
        answer = self.tokens[self.thought_tokens :]
        return self._guard.forbids(self.vocabulary.decode(answer), piece)

    def _ending(self, legal_scores: torch.Tensor, token: int) -> int:
        """Return the likeliest of the legal tokens that ends the mention or its list."""
        best = legal_scores.topk(min(_CANDIDATES, len(legal_scores)))
        candidates = [
            other
            for other, score in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            if score > -torch.inf and not self._circles(other)
        ]
        ending = (t for t in candidates if set("}]") & set(self.vocabulary.decode([t])))
        return next(ending, candidates[0] if candidates else token)

    def _finish(self, token: int) -> None:
        answer_tokens = len(self.tokens) - self.thought_tokens
        thinking = self._phase is _Phase.THOUGHT
        if token in self.vocabulary.end_ids or self._stop_text_written():
            self.finished = "stop"
        elif (thinking and self.thought_tokens >= self.limits.thought) or (
            answer_tokens >= self.limits.answer or len(self.tokens) >= self.budget
        ):
            self.finished = "length"

    def _stop_text_written(self) -> bool:
        text = self.prompt.stop_text
        return bool(text) and text in self.vocabulary.decode(self.tokens[-_TAIL:])
