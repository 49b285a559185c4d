"""Keys and values of many rows, without padding, and attention over them.

One forward pass gets the new tokens of all rows as one flat batch of shape (1, tokens). `Slots`
keeps each row's keys and values in a slot of its own, with the index on the length axis equal to
the position; what all prompts begin with is kept once, and attended to once for all rows.
Rejected drafts need no clean-up: what is beyond a row's position is masked, then overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface
from transformers.cache_utils import Cache, CacheLayerMixin

ATTENTION = "stindex_slots"
_BLOCK = 256  # slots grow by blocks of so many positions


@dataclass(frozen=True, slots=True)
class Piece:
    """New tokens of one row: which slot it has, and the position of the first of them."""

    slot: int
    tokens: Sequence[int]
    start: int


@dataclass(slots=True)
class Flat:
    """Where the tokens of one forward pass belong. T tokens, n rows, at most Q tokens a row.

    Attributes:
        rows, places, positions: shape (T,): the token's row, its place in it, its position.
        slots: shape (n,): the slot of each row; `first_slots` where these are 0, 1, 2, ...
        query_positions: shape (n, Q).
        width: how much of the slots is looked at, counted from the end of the shared prefix.
        prefix: tokens of the shared prefix.
    """

    rows: torch.Tensor
    places: torch.Tensor
    positions: torch.Tensor
    slots: torch.Tensor
    first_slots: bool
    query_positions: torch.Tensor
    width: int
    prefix: int
    _biases: dict[tuple[str, int, int | None], torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, pieces: Sequence[Piece], prefix: int, device: torch.device) -> Flat:
        """Lay out the new tokens of `pieces`, one after the other."""
        lengths = [len(piece.tokens) for piece in pieces]
        starts = torch.tensor([piece.start for piece in pieces])
        rows = torch.repeat_interleave(torch.arange(len(pieces)), torch.tensor(lengths))
        places = torch.cat([torch.arange(length) for length in lengths])
        slots = [piece.slot for piece in pieces]
        query_positions = starts[:, None] + torch.arange(max(lengths))[None]
        return cls(
            rows=rows.to(device),
            places=places.to(device),
            positions=(starts[rows] + places).to(device),
            slots=torch.tensor(slots, device=device),
            first_slots=slots == list(range(len(slots))),
            query_positions=query_positions.to(device),
            width=max(p.start + n for p, n in zip(pieces, lengths, strict=True)) - prefix,
            prefix=prefix,
        )

    def slot_bias(self, groups: int, window: int | None) -> torch.Tensor:
        """Return what is added to the scores of the slots: shape (n, 1, groups x Q, width)."""
        key = ("slots", groups, window)
        if key not in self._biases:
            seen = torch.arange(self.width, device=self.positions.device) + self.prefix
            bias = _bias(self.query_positions[..., None], seen, window)
            self._biases[key] = bias[:, None].repeat(1, 1, groups, 1)
        return self._biases[key]

    def prefix_bias(self, groups: int, window: int | None) -> torch.Tensor | None:
        """Return what is added to the scores of the prefix, shape (groups x T, prefix), if any."""
        if window is None:
            return None  # every new token comes after the whole prefix
        key = ("prefix", groups, window)
        if key not in self._biases:
            seen = torch.arange(self.prefix, device=self.positions.device)
            bias = _bias(self.positions[..., None], seen, window)
            self._biases[key] = bias.repeat(groups, 1)
        return self._biases[key]


def _bias(queries: torch.Tensor, keys: torch.Tensor, window: int | None) -> torch.Tensor:
    visible = keys <= queries
    if window is not None:
        visible &= keys > queries - window
    # Not -inf: a row that sees nothing of the prefix must not become NaN; its weight is 0 later.
    # A number that bfloat16 has as well.
    lowest = torch.finfo(torch.bfloat16).min
    return torch.zeros(visible.shape, device=visible.device).masked_fill_(~visible, lowest)


class _Layer(CacheLayerMixin):
    """One layer's keys and values: (slots, heads, positions, width of a head)."""

    is_sliding = False

    def __init__(self, slots: Slots) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._slots = slots
        self.prefix_keys: torch.Tensor | None = None  # (heads, prefix, width of a head)
        self.prefix_values: torch.Tensor | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        shape = (self._slots.count, key_states.shape[1], self._slots.capacity)
        self.dtype, self.device = key_states.dtype, key_states.device
        # Zeros: a masked position has weight 0, and 0 times what memory happens to hold may be NaN.
        self.keys = key_states.new_zeros(*shape, key_states.shape[3])
        self.values = value_states.new_zeros(*shape, value_states.shape[3])
        self.is_initialized = True

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *_: object,
        **__: object,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        flat = self._slots.flat
        slots, positions = flat.slots[flat.rows], flat.positions - flat.prefix
        keys, values = self.stored()
        keys[slots, :, positions] = key_states[0].transpose(0, 1)
        values[slots, :, positions] = value_states[0].transpose(0, 1)
        which: Any = slice(0, len(flat.slots)) if flat.first_slots else flat.slots
        return keys[which, :, : flat.width], values[which, :, : flat.width]

    def stored(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values of all slots."""
        if self.keys is None or self.values is None:
            raise AssertionError("nothing was computed yet")
        return self.keys, self.values

    def get_seq_length(self) -> int:
        return 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002
        return self._slots.flat.width, 0

    def get_max_length(self) -> int:
        return self._slots.capacity


class Slots:
    """The key-value cache of an engine: `count` rows and one shared prefix."""

    def __init__(self, layers: int, count: int) -> None:
        self.count = count
        self.capacity = _BLOCK
        self.prefix: tuple[int, ...] = ()
        self.layers = [_Layer(self) for _ in range(layers)]
        self.cache = Cache(layers=list(self.layers))
        self._flat: Flat | None = None

    @property
    def flat(self) -> Flat:
        """Where the tokens of the forward pass that is under way belong."""
        if self._flat is None:
            raise AssertionError("there is no forward pass under way")
        return self._flat

    def begin(self, flat: Flat) -> None:
        """Make room for the tokens of a forward pass."""
        self._flat = flat
        if flat.width > self.capacity:
            self.capacity = -(-flat.width // _BLOCK) * _BLOCK
            for layer in self.layers:
                if layer.is_initialized:
                    layer.keys, layer.values = (
                        _grown(stored, self.capacity) for stored in layer.stored()
                    )

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` positions of a slot, prefix included, into another."""
        own = length - len(self.prefix)
        for layer in self.layers:
            for stored in layer.stored():
                stored[target, :, :own] = stored[source, :, :own]

    def keep_prefix(self, tokens: Sequence[int]) -> None:
        """Make the tokens in slot 0 the prefix that all rows share; what slots held is gone."""
        for layer in self.layers:
            keys, values = layer.stored()
            layer.prefix_keys = keys[0, :, : len(tokens)].clone()
            layer.prefix_values = values[0, :, : len(tokens)].clone()
        self.prefix = tuple(tokens)
        self._empty()

    def _empty(self) -> None:
        """Give the slots back; they grow again to what the rows need, mostly less."""
        self.capacity = _BLOCK
        for layer in self.layers:
            layer.keys = layer.values = None
            layer.is_initialized = False

    def take_prefix(self, other: Slots) -> None:
        """Take over the prefix that other slots share."""
        self.prefix = other.prefix
        for mine, theirs in zip(self.layers, other.layers, strict=True):
            mine.prefix_keys, mine.prefix_values = theirs.prefix_keys, theirs.prefix_values

    def cut_prefix(self, length: int) -> None:
        """Keep the first `length` tokens of the shared prefix; the slots hold no row."""
        self.prefix = self.prefix[:length]
        for layer in self.layers:
            if layer.prefix_keys is not None and layer.prefix_values is not None:
                layer.prefix_keys = layer.prefix_keys[:, :length]
                layer.prefix_values = layer.prefix_values[:, :length]

    def drop_prefix(self) -> None:
        """Forget the shared prefix."""
        self.prefix = ()
        for layer in self.layers:
            layer.prefix_keys = layer.prefix_values = None


def _grown(stored: torch.Tensor, capacity: int) -> torch.Tensor:
    grown = stored.new_zeros(*stored.shape[:2], capacity, stored.shape[3])
    grown[:, :, : stored.shape[2]] = stored
    return grown


def attend(  # noqa: PLR0913, PLR0917  # transformers' signature of an attention function
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,  # noqa: ARG001  # made here, from the rows' positions
    scaling: float | None = None,
    sliding_window: int | None = None,
    stindex_slots: Slots | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Attend from a flat batch of tokens to the rows' own slots and to the shared prefix.

    The two parts are joined by their log-sum-exp, as in cascade attention (Ye et al. 2024) and
    FlashDecoding. Heads that share a key are packed into the query axis.

    Args:
        query: shape (1, heads, T, D).
        key, value: shape (n, key heads, width, D), what `_Layer.update` returned.

    Returns:
        shape (1, T, heads, D of the values), and no weights.
    """
    if stindex_slots is None:
        raise AssertionError("this attention function works with slots only")
    flat = stindex_slots.flat
    key_heads = key.shape[1]
    heads, tokens, width = query.shape[1:]
    groups = heads // key_heads
    scale = width**-0.5 if scaling is None else scaling
    packed = query[0].view(key_heads, groups, tokens, width)
    part = _slots_part(packed, key, value, flat, sliding_window, scale)
    if flat.prefix:
        layer = stindex_slots.layers[int(module.layer_idx)]  # type: ignore[arg-type]
        part = _joined(_prefix_part(packed, layer, flat, sliding_window, scale), part)
    return part.output.to(value.dtype).reshape(1, tokens, heads, value.shape[-1]), None


@dataclass(frozen=True, slots=True)
class _Part:
    """Attention over some of the keys; float32, shape (T, key heads, groups, …).

    `weight` is the logarithm of the sum of the exponentiated scores: what the part weighs.
    """

    output: torch.Tensor
    weight: torch.Tensor


def _part(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor | None,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend in n batches: (n, heads, queries, D) over (n, heads, keys, D)."""
    if query.device.type == "cpu" and query.dtype != torch.float16:
        # The kernel behind scaled_dot_product_attention, which keeps the weight to itself.
        fused: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001
        mask = None if bias is None else bias.to(query.dtype)
        output, weight = fused(query, key, value, 0.0, False, attn_mask=mask, scale=scale)  # noqa: FBT003
        return output.float(), weight.float()[..., None]
    scores = (query * scale @ key.transpose(-1, -2)).float()
    if bias is not None:
        scores = scores.add_(bias)
    output = (scores.softmax(dim=-1).to(value.dtype) @ value).float()
    return output, scores.logsumexp(dim=-1, keepdim=True)


def _slots_part(  # noqa: PLR0913, PLR0917
    packed: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    flat: Flat,
    window: int | None,
    scale: float,
) -> _Part:
    key_heads, groups, _, width = packed.shape
    rows, queries = flat.query_positions.shape
    padded = packed.new_zeros(rows, queries, key_heads, groups, width)
    padded[flat.rows, flat.places] = packed.permute(2, 0, 1, 3)
    by_head = padded.permute(0, 2, 3, 1, 4).reshape(rows, key_heads, groups * queries, width)
    found = _part(by_head, key, value, flat.slot_bias(groups, window), scale)
    return _Part(
        *(
            part.view(rows, key_heads, groups, queries, -1)[flat.rows, :, :, flat.places]
            for part in found
        )
    )


def _prefix_part(
    packed: torch.Tensor, layer: _Layer, flat: Flat, window: int | None, scale: float
) -> _Part:
    if layer.prefix_keys is None or layer.prefix_values is None:
        raise AssertionError("the prefix was never computed")
    key_heads, groups, tokens, width = packed.shape
    query = packed.reshape(1, key_heads, groups * tokens, width)
    bias = flat.prefix_bias(groups, window)
    keys, values = layer.prefix_keys[None], layer.prefix_values[None]
    found = _part(query, keys, values, bias, scale)
    return _Part(*(part.view(key_heads, groups, tokens, -1).permute(2, 0, 1, 3) for part in found))


def _joined(first: _Part, second: _Part) -> _Part:
    share = (first.weight - second.weight).sigmoid()
    output = torch.lerp(second.output, first.output, share)
    return _Part(output, torch.logaddexp(first.weight, second.weight))


AttentionInterface.register(ATTENTION, attend)
