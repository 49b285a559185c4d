"""One request as vLLM sees it: first a thought, where the model thinks, then the answer.

vLLM's grammar steers from the first token on, and a limit counts all tokens. So thought and answer
are asked for one after the other: what is written of the one is part of the prompt of the other,
which the prefix cache makes cheap. A prompt and what was written go in; the next stage comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal

from stindex.llm.decoding.row import Limits, Prompt, Vocabulary

THOUGHT_END = "</think>"


class Stage(Enum):
    """What is being written."""

    DECISION = auto()  # one token: does the model open a thought?
    THOUGHT = auto()
    ANSWER = auto()


@dataclass(slots=True)
class StagedRow:
    """A request on its way through the stages.

    Attributes:
        tokens: what was written, the end token included.
        finished: None while a stage is left.
    """

    prompt: Prompt
    vocabulary: Vocabulary
    limits: Limits
    stage: Stage = Stage.ANSWER
    tokens: list[int] = field(default_factory=list)
    thought_tokens: int = 0
    finished: Literal["stop", "length"] | None = None

    def __post_init__(self) -> None:
        thinking = self.prompt.thinking
        if thinking == "open":
            self.stage = Stage.THOUGHT
        elif thinking == "required":
            self._open_thought()
        elif thinking == "possible":
            self.stage = Stage.DECISION

    @property
    def prompt_ids(self) -> list[int]:
        """Return the tokens that come before what this stage writes."""
        return [*self.prompt.token_ids, *self.tokens]

    @property
    def budget(self) -> int:
        """Return how many tokens this stage may write."""
        budget = {
            Stage.DECISION: 1,
            Stage.THOUGHT: self.limits.thought - self.thought_tokens,
            Stage.ANSWER: self.limits.answer,
        }[self.stage]
        if self.limits.context is not None:
            budget = min(budget, self.limits.context - len(self.prompt_ids))
        return max(1, budget)

    @property
    def end_ids(self) -> list[int]:
        """Return the tokens that end this stage."""
        ends = set(self.vocabulary.end_ids)
        if self.stage is Stage.THOUGHT and self.vocabulary.thought_end is not None:
            ends.add(self.vocabulary.thought_end)
        return sorted(ends)

    @property
    def stop_texts(self) -> list[str]:
        """Return the texts that end this stage."""
        if self.stage is Stage.THOUGHT and self.vocabulary.thought_end is None:
            return [THOUGHT_END]
        text = self.prompt.stop_text
        return [text] if text and self.stage is Stage.ANSWER else []

    def take(self, written: Sequence[int]) -> None:
        """Take what vLLM has written in this stage, its end token included."""
        if self.stage is Stage.DECISION:
            self._decide(written)
        elif self.stage is Stage.THOUGHT:
            self._take_thought(written)
        else:
            self.tokens += written
            ended = bool(written) and written[-1] in self.vocabulary.end_ids
            self._finish("stop" if ended or self._has(written, self.stop_texts) else "length")

    def _decide(self, written: Sequence[int]) -> None:
        # The token of `<think>`, or the first of several: a grammar allows nothing like it.
        if list(written) == [self.vocabulary.thought_start[0]]:
            self._open_thought()
        else:
            self.stage = Stage.ANSWER

    def _open_thought(self) -> None:
        self.stage = Stage.THOUGHT
        self.tokens = list(self.vocabulary.thought_start)
        self.thought_tokens = len(self.tokens)

    def _take_thought(self, written: Sequence[int]) -> None:
        closed = (
            self._has(written, self.stop_texts)
            if self.vocabulary.thought_end is None
            else bool(written) and written[-1] == self.vocabulary.thought_end
        )
        self.tokens += written
        self.thought_tokens += len(written)
        if closed and self._has_room():
            self.stage = Stage.ANSWER
        else:
            ended = bool(written) and written[-1] in self.vocabulary.end_ids
            self._finish("stop" if ended else "length")

    def _has_room(self) -> bool:
        return self.limits.context is None or len(self.prompt_ids) < self.limits.context

    def _has(self, written: Sequence[int], texts: Sequence[str]) -> bool:
        text = self.vocabulary.decode(list(written)) if texts else ""
        return any(stop in text for stop in texts)

    def _finish(self, reason: Literal["stop", "length"]) -> None:
        self.finished = reason
