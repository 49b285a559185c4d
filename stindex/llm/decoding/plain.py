"""Decode one batch with transformers' own `generate`.

Prompts go in, generated token ids come out, row by row, without padding. Which token a row takes
is the row's business (`row.py`): a logits processor asks each row and leaves `generate` no choice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from stindex.llm.decoding.grammar import Grammar
from stindex.llm.decoding.row import Limits, Prompt, Row, Vocabulary
from stindex.llm.decoding.sampling import Shaping, gumbel_noise
from stindex.llm.own_sampling import GREEDY, Sampling


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What is the same for all rows of a batch."""

    vocabulary: Vocabulary
    limits: Limits
    grammar: Grammar | None
    sampling: Sampling = GREEDY
    seed: int = 0

    def most_written(self, prompts: Sequence[Prompt]) -> int:
        """Return how many tokens a row may write, its thought included."""
        thinks = any(prompt.thinking != "none" for prompt in prompts)
        return self.limits.answer + (self.limits.thought + 1 if thinks else 0)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one row wrote.

    Attributes:
        token_ids: without padding; the end token, if there was one, is the last.
        thought_tokens: how many of them, from the first on, belong to the thought.
        interventions: how often the grammar overruled the first choice; None where there is none.
        seconds: from the start of the batch to the row's last token.
    """

    token_ids: tuple[int, ...]
    finish_reason: Literal["stop", "length"]
    thought_tokens: int
    interventions: int | None
    seconds: float


class GenerativeModel(Protocol):
    """The part of a transformers model that decoding uses."""

    @property
    def device(self) -> torch.device:
        """Where the input has to be."""
        ...

    def generate(self, **kwargs: object) -> torch.Tensor:
        """Return prompts and what follows them: shape (rows, tokens)."""
        ...


def decode_batch(
    model: GenerativeModel,
    prompts: Sequence[Prompt],
    settings: BatchSettings,
    stop: Event,
    *,
    synced: bool = False,
) -> list[Decoded | None]:
    """Decode prompts together and return what each wrote, in order.

    None stands for a row that was not finished when `stop` was set. `model` is a transformers
    model with `generate` and `device`. `synced` goes on with passes until all ranks are finished.
    Raises whatever `generate` raises.
    """
    started = time.perf_counter()
    rows = [
        Row(prompt, settings.vocabulary, settings.limits, settings.grammar) for prompt in prompts
    ]
    pad_id = settings.vocabulary.pad_id
    input_ids, attention_mask = pad_left([row.prompt.token_ids for row in rows], pad_id)
    with torch.inference_mode():
        output = model.generate(
            input_ids=input_ids.to(model.device),
            attention_mask=attention_mask.to(model.device),
            generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
                max_new_tokens=max(row.budget for row in rows),
                do_sample=False,
                pad_token_id=pad_id,
                eos_token_id=sorted(settings.vocabulary.end_ids),
            ),
            logits_processor=LogitsProcessorList([_RowProcessor(rows, settings, model.device)]),
            stopping_criteria=StoppingCriteriaList([_RowsFinished(rows, stop)]),
            synced_gpus=synced,
        )
    # What follows the prompt starts at the padded length, the same for every row.
    written = output[:, input_ids.shape[1] :].tolist()
    return [_decoded(row, ids, started) for row, ids in zip(rows, written, strict=True)]


def pad_left(prompts: Sequence[Sequence[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return input ids and attention mask of shape (rows, longest prompt), padded on the left."""
    width = max(len(prompt) for prompt in prompts)
    input_ids = torch.full((len(prompts), width), pad_id, dtype=torch.long)
    attention_mask = torch.zeros_like(input_ids)
    for row, prompt in enumerate(prompts):
        input_ids[row, width - len(prompt) :] = torch.tensor(prompt, dtype=torch.long)
        attention_mask[row, width - len(prompt) :] = 1
    if not bool(attention_mask[:, -1].all()):
        raise AssertionError("every prompt has to end in the last column")
    return input_ids, attention_mask


def _decoded(row: Row, written: list[int], started: float) -> Decoded | None:
    if row.finished is None:
        return None
    if written[: len(row.tokens)] != row.tokens:
        raise AssertionError("generate has to take the tokens that the rows chose")
    return decoded_row(row, started)


def decoded_row(row: Row, started: float) -> Decoded:
    """Return what a row wrote that is finished; `started` is on the clock of `perf_counter`."""
    if row.finished is None:
        raise AssertionError("the row is not finished")
    return Decoded(
        token_ids=tuple(row.tokens),
        finish_reason=row.finished,
        thought_tokens=row.thought_tokens,
        interventions=None if row.grammar is None else row.interventions,
        seconds=row.finished_at - started,
    )


class _RowProcessor(LogitsProcessor):
    """Asks each unfinished row for its token and makes it the only one that `generate` can take."""

    def __init__(self, rows: Sequence[Row], settings: BatchSettings, device: torch.device) -> None:
        self._rows = rows
        self._settings = settings
        self._shaping = Shaping(settings.sampling, device)

    def __call__(
        self,
        input_ids: torch.Tensor,  # noqa: ARG002  # transformers' signature
        scores: torch.Tensor,
    ) -> torch.Tensor:
        scores = self._with_noise(scores)
        choices = scores.argmax(dim=-1).tolist()
        tokens = [
            self._settings.vocabulary.pad_id
            if row.finished is not None
            else row.advance(choice, scores[index])
            for index, (row, choice) in enumerate(zip(self._rows, choices, strict=True))
        ]
        chosen = torch.tensor(tokens, device=scores.device).unsqueeze(-1)
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)

    def _with_noise(self, scores: torch.Tensor) -> torch.Tensor:
        sampling = self._settings.sampling
        if sampling.plain:
            return scores
        scores = scores.clone()
        for index, row in enumerate(self._rows):
            if row.finished is not None:
                continue
            written = (*row.prompt.token_ids, *row.tokens)
            scores[index] = self._shaping(scores[index], written)
            if sampling.temperature:
                noise = gumbel_noise(
                    self._settings.seed, row.prompt.key, len(row.tokens), scores.shape[-1]
                )
                scores[index] += torch.from_numpy(noise).to(scores.device)
        return scores


class _RowsFinished(StoppingCriteria):
    """Tells `generate` which rows are finished; all of them once `stop` is set."""

    def __init__(self, rows: Sequence[Row], stop: Event) -> None:
        self._rows = rows
        self._stop = stop

    def __call__(
        self,
        input_ids: torch.Tensor,
        scores: torch.Tensor | None,  # noqa: ARG002  # transformers' signature
        **_: object,
    ) -> torch.Tensor:
        stopped = self._stop.is_set()
        finished = [stopped or row.finished is not None for row in self._rows]
        return torch.tensor(finished, dtype=torch.bool, device=input_ids.device)
