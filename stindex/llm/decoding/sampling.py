"""Sampling that depends on the row alone: Gumbel noise from (seed, key, step), then argmax.

argmax(logits / T + Gumbel) draws from softmax(logits / T) (Gumbel-max trick, Maddison et al. 2014).
The noise of a step is a pure function of seed, key and step, so a row's draw does not depend on
its batch mates, on the batch's size or on the order in which rows are decoded.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_SMALLEST = np.finfo(np.float32).tiny


def gumbel_noise(seed: int, key: str, step: int, size: int) -> NDArray[np.float32]:
    """Return `size` standard Gumbel variates for one row at one step (0 is the first token)."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()
    # Philox is counter-based: the step goes to the counter's high word, so that the streams of
    # two steps never meet.
    philox = np.random.Philox(key=int.from_bytes(digest[:16], "big"), counter=step << 192)
    exponential = np.random.Generator(philox).standard_exponential(size, dtype=np.float32)
    noise: NDArray[np.float32] = -np.log(np.maximum(exponential, _SMALLEST))
    return noise
