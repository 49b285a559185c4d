"""Sampling that depends on the row alone: Gumbel noise from (seed, key, step), then argmax.

Scores go in, scores come out whose argmax is the draw. What top-k and the like leave out is set
back behind all others, not forbidden: where the grammar forbids all that they leave, it is drawn
from.

argmax(logits / T + Gumbel) draws from softmax(logits / T) (Gumbel-max trick, Maddison et al. 2014).
The noise of a step is a pure function of seed, key and step, so a row's draw does not depend on
its batch mates, on the batch's size or on the order in which rows are decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    MinPLogitsWarper,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
    TemperatureLogitsWarper,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from stindex.llm.own_sampling import Sampling

_SMALLEST = np.finfo(np.float32).tiny

_SET_BACK = 1e4  # more than logits and noise differ by

Step = Callable[[torch.LongTensor, torch.Tensor], torch.Tensor]


class Shaping:
    """Changes the scores of a row as a `Sampling` says, by what transformers has for it."""

    def __init__(self, sampling: Sampling, device: torch.device | str = "cpu") -> None:
        """Take the sampling and the device that scores are on."""
        self._device = device
        self._penalties = list(_penalties(sampling, str(device)))
        self._limits = list(_limits(sampling, str(device))) if sampling.temperature else []

    def __call__(self, scores: torch.Tensor, written: Sequence[int]) -> torch.Tensor:
        """Return the scores of one row, shape (vocabulary,), before noise.

        `written` are the token ids of the prompt and the answer so far.
        """
        counted = written if self._penalties else ()  # the limits do not look at it
        seen = cast("torch.LongTensor", torch.tensor([counted], device=self._device).long())
        for step in (*self._penalties, *self._limits):
            left = step(seen, scores.unsqueeze(0))[0]
            scores = torch.where(left == -torch.inf, scores - _SET_BACK, left)
        return scores


def _penalties(sampling: Sampling, device: str) -> Iterator[Step]:
    """Yield what changes scores whether tokens are drawn or not, in the order of `generate`."""
    if sampling.repetition_penalty != 1.0:
        yield RepetitionPenaltyLogitsProcessor(float(sampling.repetition_penalty))
    if sampling.no_repeat_ngram_size:
        yield NoRepeatNGramLogitsProcessor(sampling.no_repeat_ngram_size)
    if sampling.bad_words_ids:
        yield NoBadWordsLogitsProcessor([list(word) for word in sampling.bad_words_ids])
    if sampling.suppress_tokens:
        yield SuppressTokensLogitsProcessor(sampling.suppress_tokens, device=device)


def _limits(sampling: Sampling, device: str) -> Iterator[Step]:
    """Yield what leaves unlikely tokens out, in the order of `generate`."""
    if sampling.temperature and sampling.temperature != 1.0:
        yield TemperatureLogitsWarper(float(sampling.temperature))
    if sampling.top_h < 1.0:
        yield TopHLogitsWarper(sampling.top_h)
    if sampling.top_k:
        yield TopKLogitsWarper(sampling.top_k)
    if sampling.top_p < 1.0:
        yield TopPLogitsWarper(sampling.top_p)
    if sampling.min_p:
        yield MinPLogitsWarper(sampling.min_p)
    if sampling.typical_p < 1.0:
        yield TypicalLogitsWarper(sampling.typical_p)
    if sampling.epsilon_cutoff:
        yield EpsilonLogitsWarper(sampling.epsilon_cutoff)
    if sampling.eta_cutoff:
        yield EtaLogitsWarper(sampling.eta_cutoff, device=device)


def gumbel_noise(seed: int, key: str, step: int, size: int) -> NDArray[np.float32]:
    """Return `size` standard Gumbel variates for one row at one step (0 is the first token)."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()
    # Philox is counter-based: the step goes to the counter's high word, so that the streams of
    # two steps never meet.
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "big"), counter=step << 192)
    exponential = np.random.Generator(philox).standard_exponential(size, dtype=np.float32)
    noise: NDArray[np.float32] = -np.log(np.maximum(exponential, _SMALLEST))
    return noise
