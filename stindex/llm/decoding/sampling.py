"""Sampling that depends on the row alone: Gumbel noise from (seed, key, step), then argmax.

Scores go in, scores come out whose argmax is the draw. What top-k and top-p leave out is set back
behind all others, not forbidden: where the grammar forbids all that they leave, it is drawn from.

argmax(logits / T + Gumbel) draws from softmax(logits / T) (Gumbel-max trick, Maddison et al. 2014).
The noise of a step is a pure function of seed, key and step, so a row's draw does not depend on
its batch mates, on the batch's size or on the order in which rows are decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

_SMALLEST = np.finfo(np.float32).tiny

_SET_BACK = 1e4  # more than logits and noise differ by


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn.

    Attributes:
        temperature: None or 0 takes the likeliest token.
        top_k: only the likeliest so many tokens; 0 is all.
        top_p: only the likeliest tokens that hold this share of the probability.
        repetition_penalty: tokens of prompt and answer get less likely (Keskar et al. 2019).
    """

    temperature: float | None = None
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether the token is the model's own first choice."""
        return not self.temperature and self.repetition_penalty == 1.0


GREEDY = Sampling()


def shaped(scores: torch.Tensor, sampling: Sampling, written: Iterable[int]) -> torch.Tensor:
    """Return the scores of one row, shape (vocabulary,), before noise.

    Args:
        written: token ids of the prompt and the answer so far.
    """
    if sampling.repetition_penalty != 1.0:
        seen = torch.tensor(sorted(set(written)), device=scores.device)
        old = scores[seen]
        factor = sampling.repetition_penalty
        scores = scores.index_copy(0, seen, torch.where(old < 0, old * factor, old / factor))
    if not sampling.temperature:
        return scores
    scores = scores / sampling.temperature
    if sampling.top_k:
        least = scores.topk(min(sampling.top_k, len(scores))).values[-1]
        scores = torch.where(scores < least, scores - _SET_BACK, scores)
    if sampling.top_p < 1.0:
        order = scores.argsort(descending=True, stable=True)
        chances = scores[order].softmax(dim=-1)
        beyond = chances.cumsum(dim=-1) - chances >= sampling.top_p
        scores = scores.clone()
        scores[order[beyond]] -= _SET_BACK
    return scores


def gumbel_noise(seed: int, key: str, step: int, size: int) -> NDArray[np.float32]:
    """Return `size` standard Gumbel variates for one row at one step (0 is the first token)."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()
    # Philox is counter-based: the step goes to the counter's high word, so that the streams of
    # two steps never meet.
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "big"), counter=step << 192)
    exponential = np.random.Generator(philox).standard_exponential(size, dtype=np.float32)
    noise: NDArray[np.float32] = -np.log(np.maximum(exponential, _SMALLEST))
    return noise
