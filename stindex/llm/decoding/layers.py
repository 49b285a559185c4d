"""Layers of a model, exchanged for faster ones that compute the same.

A decoder layer of a Llama, Mistral or Qwen becomes one function of few operations over a flat
batch: beside small products, the many small operations and modules of the general one are what a
pass waits for. Linear layers are laid out for the CPU. A model goes in, and can be put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import rms_norm, silu
from transformers import Cache, PreTrainedModel

from stindex.llm.decoding.attention import attended
from stindex.llm.decoding.linear import Product, is_linear, laid_out, to_lay_out
from stindex.llm.decoding.slots import Slots

Forward = Callable[..., torch.Tensor]

_KNOWN = frozenset(
    f"transformers.models.{module}.modeling_{module}.{name}DecoderLayer"
    for module, name in (
        ("llama", "Llama"),
        ("mistral", "Mistral"),
        ("qwen2", "Qwen2"),
        ("qwen3", "Qwen3"),
    )
)


class FastLayers:
    """The layers of one model that are exchanged, made at the first use."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._forwards: list[tuple[torch.nn.Module, Forward]] | None = None

    def bytes_to_come(self) -> int:
        """Return the bytes that laying weights out is going to take; 0 once it is done."""
        if self._forwards is not None:
            return 0
        return sum(layer.weight.nbytes for layer in to_lay_out(_of_text(self._model)))

    def exchange(self) -> None:
        """Let the model compute with the faster layers."""
        if self._forwards is None:
            self._forwards = _forwards(self._model)
        for module, forward in self._forwards:
            vars(module)["forward"] = forward  # goes before the method of the class

    def restore(self) -> None:
        """Put the model back as it was."""
        for module, _ in self._forwards or ():
            del vars(module)["forward"]


def _of_text(model: PreTrainedModel) -> Iterator[torch.nn.Module]:
    """Yield the modules that compute text, not those that read images."""
    modules = list(model.get_decoder().modules())  # type: ignore[no-untyped-call]
    yield from modules
    output = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    if output is not None and output not in modules:
        yield output


def _forwards(model: PreTrainedModel) -> list[tuple[torch.nn.Module, Forward]]:
    chosen = {id(layer) for layer in to_lay_out(_of_text(model))}
    try:
        return list(_all_forwards(model, chosen))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        # This build of torch has no such product; its own is as right.
        return list(_all_forwards(model, set()))


def _all_forwards(
    model: PreTrainedModel, chosen: Set[int]
) -> Iterator[tuple[torch.nn.Module, Forward]]:
    inside: set[int] = set()
    for module in _of_text(model):
        if _is_known(module):
            yield module, FlatLayer.of(module, chosen)
            inside.update(map(id, module.modules()))
        elif id(module) in chosen - inside:
            yield module, _product(chosen, module)


def _is_known(module: torch.nn.Module) -> bool:
    layer: Any = module
    kind = f"{type(layer).__module__}.{type(layer).__qualname__}"
    if kind not in _KNOWN or any("forward" in vars(part) for part in layer.modules()):
        return False
    attention, mlp = layer.self_attn, layer.mlp
    inputs = (attention.q_proj, attention.k_proj, attention.v_proj, mlp.gate_proj, mlp.up_proj)
    linears = all(map(is_linear, (*inputs, attention.o_proj, mlp.down_proj)))
    return linears and attention.config.hidden_act == "silu"


def _product(chosen: Set[int], *layers: Any) -> Product:  # noqa: ANN401  # children of a module
    """Return what linear layers compute of one input, side by side."""
    if all(id(layer) in chosen for layer in layers):
        return laid_out(layers)
    if len(layers) == 1:
        return layers[0].forward  # type: ignore[no-any-return]
    return lambda given: torch.cat([layer.forward(given) for layer in layers], dim=-1)


@dataclass(frozen=True, slots=True)
class _Norm:
    """Root mean square normalization: of a model in half precision it is computed in float32."""

    weight: torch.Tensor
    epsilon: float

    @classmethod
    def of(cls, module: Any) -> _Norm:  # noqa: ANN401
        return cls(module.weight.detach(), module.variance_epsilon)

    def __call__(self, given: torch.Tensor) -> torch.Tensor:
        return rms_norm(given, self.weight.shape, self.weight, self.epsilon)


@dataclass(frozen=True, slots=True)
class FlatLayer:
    """A decoder layer over a flat batch of tokens.

    Attributes:
        index: which layer of the model it is.
        width: of a head.
        queries_norm, keys_norm: of each head; None where the model has none.
    """

    index: int
    width: int
    scale: float
    before_attention: _Norm
    queries_keys_values: Product
    heads: int
    key_heads: int
    queries_norm: _Norm | None
    keys_norm: _Norm | None
    after_attention: Product
    before_gate: _Norm
    gate: Product
    up: Product
    down: Product

    @classmethod
    def of(cls, layer: Any, chosen: Set[int]) -> FlatLayer:  # noqa: ANN401
        """Take over a layer of transformers; `chosen` are the ids of what is to be laid out."""
        attention, mlp = layer.self_attn, layer.mlp
        normed = hasattr(attention, "q_norm")
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        return cls(
            index=attention.layer_idx,
            width=attention.head_dim,
            scale=attention.scaling,
            before_attention=_Norm.of(layer.input_layernorm),
            queries_keys_values=_product(chosen, *projections),
            heads=attention.q_proj.out_features // attention.head_dim,
            key_heads=attention.k_proj.out_features // attention.head_dim,
            queries_norm=_Norm.of(attention.q_norm) if normed else None,
            keys_norm=_Norm.of(attention.k_norm) if normed else None,
            after_attention=_product(chosen, attention.o_proj),
            before_gate=_Norm.of(layer.post_attention_layernorm),
            gate=_product(chosen, mlp.gate_proj),
            up=_product(chosen, mlp.up_proj),
            down=_product(chosen, mlp.down_proj),
        )

    def __call__(
        self,
        hidden_states: torch.Tensor,
        *,
        past_key_values: Cache,
        position_embeddings: tuple[torch.Tensor, torch.Tensor],
        stindex_slots: Slots,
        **_: object,
    ) -> torch.Tensor:
        """Compute what the layer computes: shape (1, tokens, width of the model)."""
        normed = self.before_attention(hidden_states[0])
        rotated, values = self._projected(normed, position_embeddings)
        queries, keys = rotated[:, : self.heads], rotated[:, self.heads :]
        kept = past_key_values.update(
            keys.transpose(0, 1)[None], values.transpose(0, 1)[None], self.index
        )
        found = attended(stindex_slots, self.index, queries, kept, self.scale)
        hidden = hidden_states[0] + self.after_attention(found)
        normed = self.before_gate(hidden)
        gated = silu(self.gate(normed), inplace=True).mul_(self.up(normed))
        return hidden.add_(self.down(gated))[None]

    def _projected(
        self, normed: torch.Tensor, angles: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return rotated queries and keys, and values: shape (tokens, heads, width) each."""
        projected = self.queries_keys_values(normed).view(len(normed), -1, self.width)
        rotating, values = projected.tensor_split((self.heads + self.key_heads,), dim=1)
        if self.queries_norm is not None and self.keys_norm is not None:
            queries, keys = rotating[:, : self.heads], rotating[:, self.heads :]
            rotating = torch.cat((self.queries_norm(queries), self.keys_norm(keys)), dim=1)
        return _rotated(rotating, *angles), values


def _rotated(given: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotate by position, the halves of a head against each other (Su et al. 2021).

    Args:
        given: shape (tokens, heads, D); cosines, sines: shape (1, tokens, D).
    """
    half = given.shape[-1] // 2
    sines = sines[0][:, None]
    rotated = given * cosines[0][:, None]
    rotated[..., :half].addcmul_(given[..., half:], sines[..., :half], value=-1)
    rotated[..., half:].addcmul_(given[..., :half], sines[..., half:])
    return rotated
