"""Forward passes over rows of different lengths: pieces of token ids go in, logits come out.

A transformers model is borrowed for a while: inside `borrowed` it attends through `Slots`, outside
of it it is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from stindex.llm.decoding.attention import ATTENTION
from stindex.llm.decoding.layers import FastLayers
from stindex.llm.decoding.slots import Flat, Piece, Slots
from stindex.llm.memory import PIECE_TOKENS  # a longer prompt is read in pieces of so many

SHORTEST_PREFIX = 16


@dataclass(slots=True)
class Counts:
    """What a run of the engine did; the reader of a report sees from it what drafts are worth.

    Attributes:
        passes, tokens_fed: forward passes, and the tokens computed in them, prompts included.
        drafted, accepted: tokens that were guessed, and that came true.
        tokens_written: tokens of answers, end tokens included.
    """

    passes: int = 0
    tokens_fed: int = 0
    drafted: int = 0
    accepted: int = 0
    tokens_written: int = 0


class PackedModel:
    """A model with slots for some rows."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.counts = Counts()
        self._layers = FastLayers(model)
        self._slots: Slots | None = None
        self._own_attention: str = model.config._attn_implementation  # noqa: SLF001  # no getter

    @property
    def slots(self) -> Slots:
        """The key-value cache."""
        if self._slots is None:
            raise AssertionError("open comes first")
        return self._slots

    @property
    def longest(self) -> int | None:
        """Return up to how many tokens a position is encoded alike; None is any number.

        LongRoPE has other angles, of all tokens, as soon as a text is longer.
        """
        rope = getattr(self.model.config.get_text_config(), "rope_parameters", None) or {}
        kinds = [rope, *(kind for kind in rope.values() if isinstance(kind, dict))]
        lengths = (
            int(kind["original_max_position_embeddings"])
            for kind in kinds
            if kind.get("rope_type") == "longrope"
        )
        return min(lengths, default=None)

    def open(self, count: int) -> None:
        """Make slots for `count` rows, unless there are so many; the shared prefix is kept."""
        if self._slots is None or self._slots.count != count:
            slots = Slots(windows_of(self.model), count)
            if self._slots is not None:
                slots.take_prefix(self._slots)
            self._slots = slots

    def bytes_to_come(self) -> int:
        """Return what the first pass takes for weights that are laid out anew."""
        return self._layers.bytes_to_come()

    def close(self) -> None:
        """Give the memory of the cache back."""
        self._slots = None

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Let the model attend through the slots, and put it back as it was."""
        with torch.inference_mode():
            self._borrow()
            try:
                yield
            finally:
                self._give_back()

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Inside `borrowed`: let the model be as it was."""
        self._give_back()
        try:
            yield
        finally:
            self._borrow()

    def _borrow(self) -> None:
        self._layers.exchange()
        self.model.set_attn_implementation(ATTENTION)

    def _give_back(self) -> None:
        self.model.set_attn_implementation(self._own_attention)
        self._layers.restore()

    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """Compute all pieces in one pass.

        Returns:
            float32 logits, shape (tokens asked of all pieces, vocabulary).
        """
        device = self.model.device
        slots = self.slots
        flat = Flat.of(pieces, len(slots.prefix), device)
        slots.begin(flat)
        kept = _asked_places(pieces)
        model: Any = self.model
        output = model(
            input_ids=torch.tensor([[t for p in pieces for t in p.tokens]], device=device),
            position_ids=flat.positions[None],
            # Four dimensions: transformers leaves such a mask alone; `attend` makes its own.
            attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
            past_key_values=slots.cache,
            use_cache=True,
            # One at least: not every product takes a matrix without rows.
            logits_to_keep=torch.tensor(kept or [0], device=device),
            stindex_slots=slots,
        )
        self.counts.passes += 1
        self.counts.tokens_fed += len(flat.positions)
        logits: torch.Tensor = output.logits[0, : len(kept)].float()
        return logits

    def share(self, prefix: Sequence[int]) -> None:
        """Compute what all prompts begin with, unless that was computed before. No row is open."""
        slots = self.slots
        if prefix and begins_with(slots.prefix, prefix):
            slots.cut_prefix(len(prefix))
            return
        slots.drop_prefix()
        if prefix:
            for start in range(0, len(prefix), PIECE_TOKENS):
                self.forward([Piece(0, prefix[start : start + PIECE_TOKENS], start)])
            slots.keep_prefix(prefix)


def windows_of(model: PreTrainedModel) -> list[int | None]:
    """Return for each layer how many positions back a token attends to; None is all.

    The model's own cache says so: not every layer tells its attention.
    """
    layers = DynamicCache(config=model.config).layers
    return [getattr(layer, "sliding_window", None) for layer in layers]


def common_prefix(prompts: Sequence[Sequence[int]], known: Sequence[int] = ()) -> tuple[int, ...]:
    """Return the token ids that all prompts begin with, shorter than each of them.

    Args:
        known: a prefix that is computed already; what of it fits is kept where it is about as good.
    """
    longest = min(len(prompt) for prompt in prompts) - 1
    low, high = (found(tuple(prompt) for prompt in prompts) for found in (min, max))
    shared = 0
    while shared < longest and low[shared] == high[shared]:
        shared += 1
    if len(prompts) == 1 or shared < SHORTEST_PREFIX:
        shared = 0
    kept = 0
    while kept < min(longest, len(known)) and low[kept] == high[kept] == known[kept]:
        kept += 1
    return low[:kept] if kept >= max(SHORTEST_PREFIX, 0.9 * shared) else low[:shared]


def begins_with(tokens: Sequence[int], prefix: Sequence[int]) -> bool:
    """Return whether `prefix` is what `tokens` begin with."""
    return tuple(tokens[: len(prefix)]) == tuple(prefix)


def _asked_places(pieces: Sequence[Piece]) -> list[int]:
    places: list[int] = []
    end = 0
    for piece in pieces:
        end += len(piece.tokens)
        places.extend(range(end - piece.asked, end))
    return places
