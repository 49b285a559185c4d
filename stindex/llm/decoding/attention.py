"""Attention of a flat batch of tokens over slots and a shared prefix, registered with transformers.

Queries of many rows go in, what they attend to comes out. Keys and values are those of `Slots`;
the parts are attended to one by one and joined by their log-sum-exp, as in cascade attention
(Ye et al. 2024) and FlashDecoding. Heads that share a key are packed into the query axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AttentionInterface

from stindex.llm.decoding.batches import EngineError
from stindex.llm.decoding.slots import Flat, Padded, Slots

ATTENTION = "stindex_slots"
Expand = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
# What some layers hand over beside queries, keys and values, and what changes the scores.
_UNKNOWN = frozenset({"s_aux", "sinks", "softcap", "position_bias", "indices", "block_indices"})


def attend(  # noqa: PLR0913, PLR0917  # transformers' signature of an attention function
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    stindex_slots: Slots | None = None,
    **more: object,
) -> tuple[torch.Tensor, None]:
    """Attend as `attended` does, with what a layer of transformers hands over.

    Args:
        query: shape (1, heads, T, D).
        key, value: shape (slots, key heads, capacity, D), what a layer of `Slots` returned.
        attention_mask: nothing but the stand-in of a pass; what is seen follows from positions.

    Returns:
        shape (1, T, heads, D of the values), and no weights.

    Raises:
        EngineError: the layer asks for something that is not known here.
    """
    for name in more.keys() & _UNKNOWN:
        if more[name] is not None:
            raise EngineError(f"the model's attention takes {name}")
    if stindex_slots is None:
        raise EngineError("the model hands nothing on to its attention")
    if attention_mask is not None and attention_mask.numel() > 1:
        raise EngineError("the model makes masks of its own")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    queries = query[0].transpose(0, 1)
    layer = int(module.layer_idx)  # type: ignore[arg-type]
    # Latent attention (DeepSeek) keeps what keys and values are made of; rows' own are made by now.
    expand = getattr(module, "expand_kv", None)
    output = attended(stindex_slots, layer, queries, (key, value), scale, expand)
    return output.view(1, *queries.shape[:2], -1), None


def attended(  # noqa: PLR0913, PLR0917
    slots: Slots,
    layer: int,
    queries: torch.Tensor,
    stored: tuple[torch.Tensor, torch.Tensor],
    scale: float,
    expand: Expand | None = None,
) -> torch.Tensor:
    """Attend from a flat batch of tokens to the rows' own slots and to the shared prefix.

    Args:
        queries: shape (T, heads, D).
        stored: keys and values of all slots, shape (slots, key heads, capacity, D).
        expand: makes keys and values of what the cache keeps; None where it keeps just these.

    Returns:
        shape (T, heads x D of the values).
    """
    key, value = stored
    flat, key_heads, window = slots.flat, key.shape[1], slots.layers[layer].window
    tokens, heads, width = queries.shape
    groups = heads // key_heads
    by_key_head = queries.reshape(tokens, key_heads, groups, width).transpose(0, 1)
    asked = by_key_head.reshape(1, key_heads, tokens * groups, width)
    part = _own_part(asked, key, value, flat, window, scale)
    output = part.output
    if flat.prefix:
        bias = flat.prefix_bias(groups, window)
        attend_to_prefix = _by_products if _halves(queries) else _part
        kept = slots.prefix_of(layer)
        found = attend_to_prefix(asked, *(expand(*kept) if expand else kept), bias, scale)
        output = _joined(found, part)
    by_token = output[0].to(value.dtype).view(tokens, groups, key_heads, -1).transpose(1, 2)
    return by_token.reshape(tokens, -1)


@dataclass(frozen=True, slots=True)
class _Part:
    """Attention over some of the keys; float32, shape (n, queries, key heads, ...).

    `weight` is the logarithm of the sum of the exponentiated scores: what the part weighs.
    """

    output: torch.Tensor
    weight: torch.Tensor

    @classmethod
    def of(cls, output: torch.Tensor, weight: torch.Tensor) -> _Part:
        """Take what a kernel gives: shape (n, key heads, queries, ...)."""
        return cls(output.float().transpose(1, 2), weight.float().transpose(1, 2))


def _has_kernel(query: torch.Tensor) -> bool:
    return query.device.type == "cpu" and query.dtype != torch.float16


def _halves(query: torch.Tensor) -> bool:
    return query.device.type == "cpu" and query.dtype == torch.bfloat16


def _part(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor | None,
    scale: float,
) -> _Part:
    """Attend in n batches: (n, heads, queries, D) over (n, heads, keys, D)."""
    if _has_kernel(query) and query.shape[-1] == value.shape[-1]:
        # The kernel behind scaled_dot_product_attention, which keeps the weight to itself.
        fused: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # noqa: SLF001
        mask = None if bias is None else bias.to(query.dtype)
        output, weight = fused(query, key, value, 0.0, False, attn_mask=mask, scale=scale)  # noqa: FBT003
        return _Part.of(output, weight[..., None])
    scores = (query * scale @ key.transpose(-1, -2)).float()
    if bias is not None:
        scores = scores.add_(bias)
    output = scores.softmax(dim=-1).to(value.dtype) @ value
    return _Part.of(output, scores.logsumexp(dim=-1, keepdim=True))


def _by_products(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor | None,
    scale: float,
) -> _Part:
    """Attend as `_part` does, by products of bfloat16, which the kernel computes in float32.

    Scores are rounded to bfloat16, as by transformers' eager attention.
    """
    scores = query * scale @ key.transpose(-1, -2)
    if bias is not None:
        scores = scores.add_(bias.to(scores.dtype))
    shares = scores.softmax(dim=-1)
    # The share of the highest score is exp(score - weight).
    highest, most = scores.amax(dim=-1, keepdim=True), shares.amax(dim=-1, keepdim=True)
    return _Part.of(shares @ value, highest.float() - most.float().log())


def _own_part(  # noqa: PLR0913, PLR0917
    asked: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    flat: Flat,
    window: int | None,
    scale: float,
) -> _Part:
    """Attend to the rows' own slots: rows of few tokens in one batch, the others one by one."""
    groups = asked.shape[2] // len(flat.positions)
    parts = []
    if flat.padded is not None:
        bias = flat.padded_bias(groups, window)
        parts.append(_padded_part(asked, key, value, flat.padded, bias, scale))
    for span in flat.alone:
        query = asked[:, :, span.start * groups : span.end * groups]
        keys = key[span.slot : span.slot + 1, :, : span.width]
        values = value[span.slot : span.slot + 1, :, : span.width]
        parts.append(_part(query, keys, values, flat.row_bias(span, groups, window), scale))
    if len(parts) == 1:
        return parts[0]
    outputs, weights = [part.output for part in parts], [part.weight for part in parts]
    return _Part(torch.cat(outputs, dim=1), torch.cat(weights, dim=1))


def _padded_part(  # noqa: PLR0913, PLR0917
    asked: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    padded: Padded,
    bias: torch.Tensor,
    scale: float,
) -> _Part:
    slots, queries = padded.positions.shape
    key_heads, width = asked.shape[1], asked.shape[3]
    groups = bias.shape[2] // queries
    query = asked.new_zeros(slots, queries, groups, key_heads, width)
    given = asked[0, :, : padded.tokens * groups].transpose(0, 1)
    query[padded.slots, padded.places] = given.reshape(-1, groups, key_heads, width)
    query = query.view(slots, queries * groups, key_heads, width).transpose(1, 2)
    keys, values = (stored[:slots, :, : padded.width] for stored in (key, value))
    found = _part(query, keys, values, bias, scale)
    output, weight = (
        part.view(slots, queries, groups, key_heads, -1)[padded.slots, padded.places]
        for part in (found.output, found.weight)
    )
    return _Part(output.flatten(0, 1)[None], weight.flatten(0, 1)[None])


def _joined(first: _Part, second: _Part) -> torch.Tensor:
    share = (first.weight - second.weight).sigmoid()
    return torch.lerp(second.output, first.output, share)


AttentionInterface.register(ATTENTION, attend)
