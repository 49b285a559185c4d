"""Keys and values of many rows, without padding, and where each token belongs.

One forward pass gets the new tokens of all rows as one flat batch of shape (1, tokens). `Slots`
keeps each row's keys and values in a slot of its own, with the index on the length axis equal to
the position; what all prompts begin with is kept once, and attended to once for all rows.
Rejected drafts need no clean-up: what is beyond a row's position is masked, then overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from stindex.llm.memory import DRAFT_TOKENS

_BLOCK = 256  # slots grow by blocks of so many positions


@dataclass(frozen=True, slots=True)
class Piece:
    """New tokens of one row: which slot it has, and the position of the first of them.

    `asked`: after how many of them, counted from the last, the model is to say what comes next.
    """

    slot: int
    tokens: Sequence[int]
    start: int
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """The tokens of a row in a flat batch, `start` to `end`; `width` of its slot is looked at."""

    slot: int
    start: int
    end: int
    width: int


@dataclass(frozen=True, slots=True)
class Padded:
    """Rows of few tokens, which are attended to in one batch, padded to the longest of them.

    Attributes:
        tokens: how many tokens they have; they are the first of the flat batch.
        slots, places: shape (tokens,): the token's slot, its place among those of its row.
        positions: shape (slots, queries): of the tokens in each slot; 0 where there is none.
        width: how much of the slots is looked at.
    """

    tokens: int
    slots: torch.Tensor
    places: torch.Tensor
    positions: torch.Tensor
    width: int

    @classmethod
    def of(cls, spans: Sequence[Span], positions: torch.Tensor) -> Padded:
        """Lay out rows that are the first of a flat batch, of which the tokens' positions go in."""
        lengths = [span.end - span.start for span in spans]
        device = positions.device
        owners = [span.slot for span, n in zip(spans, lengths, strict=True) for _ in range(n)]
        slots = torch.tensor(owners, device=device)
        places = torch.tensor([place for n in lengths for place in range(n)], device=device)
        padded = positions.new_zeros(max(owners) + 1, max(lengths))
        padded[slots, places] = positions[: len(owners)]
        return cls(len(owners), slots, places, padded, max(span.width for span in spans))


@dataclass(slots=True)
class Flat:
    """Where the tokens of one forward pass belong; there are T of them.

    Attributes:
        positions: shape (T,).
        cells: two of shape (T,): the slot that keeps the token's key and value, and where in it.
        spans: one a row.
        padded: the rows that come first and have few tokens; None where there are none or one.
        width: how much of the slots is looked at, counted from the end of the shared prefix.
        prefix: tokens of the shared prefix.
    """

    positions: torch.Tensor
    cells: tuple[torch.Tensor, torch.Tensor]
    spans: tuple[Span, ...]
    padded: Padded | None
    prefix: int
    _biases: dict[tuple[int | str, int, int | None], torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, pieces: Sequence[Piece], prefix: int, device: torch.device) -> Flat:
        """Lay out the new tokens of `pieces`, one after the other."""
        spans = tuple(_spans(pieces, prefix))
        owners = [piece.slot for piece in pieces for _ in piece.tokens]
        places = [p.start + place for p in pieces for place in range(len(p.tokens))]
        positions = torch.tensor(places, device=device)
        few = list(takewhile(lambda span: span.end - span.start <= _few(device), spans))
        return cls(
            positions=positions,
            cells=(torch.tensor(owners, device=device), positions - prefix),
            spans=spans,
            padded=Padded.of(few, positions) if len(few) > 1 else None,
            prefix=prefix,
        )

    @property
    def width(self) -> int:
        """Return how much of the slots is looked at, counted from the end of the prefix."""
        return max(span.width for span in self.spans)

    @property
    def alone(self) -> Sequence[Span]:
        """Return the rows that are attended to one by one."""
        return [
            span for span in self.spans if self.padded is None or span.start >= self.padded.tokens
        ]

    def padded_bias(self, groups: int, window: int | None) -> torch.Tensor:
        """Return what is added to the scores of padded rows: (slots, 1, q x groups, width)."""
        if self.padded is None:
            raise AssertionError("no row was padded")
        positions, width = self.padded.positions, self.padded.width
        return self._kept("padded", groups, window, positions, width)[:, None]

    def row_bias(self, span: Span, groups: int, window: int | None) -> torch.Tensor | None:
        """Return what is added to the scores of a row's slot, if anything: (q x groups, width)."""
        if span.end - span.start == 1 and window is None:
            return None  # a single token comes after all that its slot holds
        positions = self.positions[span.start : span.end]
        return self._kept(span.slot, groups, window, positions, span.width)

    def prefix_bias(self, groups: int, window: int | None) -> torch.Tensor | None:
        """Return what is added to the scores of the prefix, if anything: (T x groups, prefix)."""
        if window is None:
            return None  # every new token comes after the whole prefix
        return self._kept("prefix", groups, window, self.positions, 0)

    def _kept(
        self, name: int | str, groups: int, window: int | None, queries: torch.Tensor, width: int
    ) -> torch.Tensor:
        """Return a bias that all layers of this kind share; `width` 0 stands for the prefix."""
        key = (name, groups, window)
        if key not in self._biases:
            first, end = (self.prefix, self.prefix + width) if width else (0, self.prefix)
            seen = torch.arange(first, end, device=queries.device)
            bias = _bias(queries[..., None], seen, window)
            self._biases[key] = bias.repeat_interleave(groups, dim=-2)
        return self._biases[key]


def _few(device: torch.device) -> int:
    """Return how many tokens a row may have to be padded with others.

    On a CPU none: calls are cheap there, and what pads rows to one length is not.
    """
    return 0 if device.type == "cpu" else DRAFT_TOKENS


def _spans(pieces: Sequence[Piece], prefix: int) -> Iterator[Span]:
    start = 0
    for piece in pieces:
        end = start + len(piece.tokens)
        yield Span(piece.slot, start, end, piece.start + len(piece.tokens) - prefix)
        start = end


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

    def __init__(self, slots: Slots, window: int | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._slots = slots
        self.window = window
        self.prefix_keys: torch.Tensor | None = None  # (heads, prefix, width of a head)
        self.prefix_values: torch.Tensor | None = None

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        shape = (self._slots.rows, key_states.shape[1], self._slots.capacity)
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
        slots, places = self._slots.flat.cells
        keys, values = self.stored()
        keys[slots, :, places] = key_states[0].transpose(0, 1)
        values[slots, :, places] = value_states[0].transpose(0, 1)
        return keys, values

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
    """The key-value cache of an engine: up to `count` rows and one shared prefix.

    `rows` slots of `capacity` positions are held; both grow with what passes need. `windows` has
    for each layer how many positions back a token attends to; None is all.
    """

    def __init__(self, windows: Sequence[int | None], count: int) -> None:
        self.count = count
        self.rows = 1
        self.capacity = _BLOCK
        self.prefix: tuple[int, ...] = ()
        self.layers = [_Layer(self, window) for window in windows]
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
        rows = max(span.slot for span in flat.spans) + 1
        self._resize(max(rows, self.rows), max(_blocks(flat.width), self.capacity))

    def fit(self, rows: int, width: int, most: int | None) -> None:
        """Make room for `rows` rows, of which those that are there take `width` positions.

        A long row that has left leaves wide slots behind: they are cut where all together would
        hold more than `most` tokens.
        """
        if most is not None and rows * self.capacity > most:
            self._resize(rows, _blocks(width))
        else:
            self._resize(max(rows, self.rows), self.capacity)

    def _resize(self, rows: int, capacity: int) -> None:
        if (rows, capacity) == (self.rows, self.capacity):
            return
        self.rows, self.capacity = rows, capacity
        for layer in self.layers:
            if layer.is_initialized:
                layer.keys, layer.values = (
                    _resized(stored, rows, capacity) for stored in layer.stored()
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
        self.rows, self.capacity = 1, _BLOCK
        for layer in self.layers:
            layer.keys = layer.values = None
            layer.is_initialized = False

    def prefix_of(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the keys and values of the shared prefix: shape (1, heads, prefix, width)."""
        keys, values = self.layers[layer].prefix_keys, self.layers[layer].prefix_values
        if keys is None or values is None:
            raise AssertionError("the prefix was never computed")
        return keys[None], values[None]

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


def _blocks(width: int) -> int:
    return -(-max(width, 1) // _BLOCK) * _BLOCK


def _resized(stored: torch.Tensor, rows: int, capacity: int) -> torch.Tensor:
    resized = stored.new_zeros(rows, stored.shape[1], capacity, stored.shape[3])
    rows, capacity = min(rows, stored.shape[0]), min(capacity, stored.shape[2])
    resized[:rows, :, :capacity] = stored[:rows, :, :capacity]
    return resized
