"""Products of linear layers on a CPU, with weights in the layout that oneDNN computes in.

torch lays the weights of a linear layer out anew in every call; with few tokens in a pass that
costs more than the product itself. Linear layers go in, a function comes out that computes with
weights that were laid out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeGuard

import torch

from stindex.llm.machine import free_memory

_TOKENS = 32  # what the layout is best for: a pass of some rows with their drafts
_SHARE = 0.25  # of the free memory, at most; what is left is for keys and values

Product = Callable[[torch.Tensor], torch.Tensor]


def to_lay_out(modules: Iterable[torch.nn.Module]) -> list[torch.nn.Linear]:
    """Return the linear layers that can be laid out; none where the memory is not there."""
    layers = [module for module in modules if is_linear(module) and _known_to_onednn(module)]
    size = sum(layer.weight.nbytes for layer in layers)
    return layers if size <= _SHARE * free_memory("cpu").bytes_free else []


def laid_out(layers: Sequence[torch.nn.Linear]) -> Product:
    """Return what the layers compute of one input, side by side, as one product.

    Raises whatever torch raises where this build of it has no such product.
    """
    operations: Any = torch.ops.mkldnn
    product = operations._linear_pointwise  # noqa: SLF001  # what torch.compile uses for this
    weights = _joined([layer.weight.detach() for layer in layers])
    weight = operations._reorder_linear_weight(weights, _TOKENS)  # noqa: SLF001
    bias = _biases(layers)

    def compute(given: torch.Tensor) -> torch.Tensor:
        computed: torch.Tensor = product(given, weight, bias, "none", [], "")
        return computed

    compute(weights.new_zeros(1, weights.shape[1]))
    return compute


def _joined(weights: Sequence[torch.Tensor]) -> torch.Tensor:
    return weights[0] if len(weights) == 1 else torch.cat(list(weights))


def is_linear(module: torch.nn.Module) -> TypeGuard[torch.nn.Linear]:
    """Return whether a module is torch's own linear layer and nothing else."""
    # Not isinstance: what derives from it, or has a forward of its own, computes something else.
    return type(module) is torch.nn.Linear and "forward" not in vars(module)


def _biases(layers: Sequence[torch.nn.Linear]) -> torch.Tensor | None:
    if all(layer.bias is None for layer in layers):
        return None
    return torch.cat(
        [
            layer.weight.new_zeros(layer.out_features)
            if layer.bias is None
            else layer.bias.detach()
            for layer in layers
        ]
    )


def _known_to_onednn(layer: torch.nn.Linear) -> bool:
    weight = layer.weight
    if weight.device.type != "cpu" or not _has_onednn():
        return False
    operations: Any = torch.ops.mkldnn
    return weight.dtype == torch.float32 or (
        weight.dtype == torch.bfloat16 and operations._is_mkldnn_bf16_supported()  # noqa: SLF001
    )


def _has_onednn() -> bool:
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
