"""Linear layers of a model on a CPU, with weights in the layout that oneDNN computes in.

torch lays the weights of a linear layer out anew in every call; with few tokens in a pass that
costs more than the product itself. A model goes in; `exchanged` lets it compute with weights that
were laid out once, and gives it back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeGuard

import torch
from transformers import PreTrainedModel

from stindex.llm.machine import free_memory

_TOKENS = 32  # what the layout is best for: a pass of some rows with their drafts
_SHARE = 0.25  # of the free memory, at most; what is left is for keys and values

Forward = Callable[[torch.Tensor], torch.Tensor]


class LaidOutLayers:
    """The linear layers of one model, laid out at the first use; none where it cannot be done."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._forwards: list[tuple[torch.nn.Linear, Forward]] | None = None

    def bytes_to_come(self) -> int:
        """Return the bytes that laying the weights out is going to take; 0 once it is done."""
        if self._forwards is not None:
            return 0
        return sum(layer.weight.nbytes for layer in _chosen(self._model))

    @contextmanager
    def exchanged(self) -> Iterator[None]:
        """Let the model compute with weights that are laid out, and put it back as it was."""
        if self._forwards is None:
            self._forwards = _laid_out(self._model)
        for layer, forward in self._forwards:
            vars(layer)["forward"] = forward  # goes before the method of the class
        try:
            yield
        finally:
            for layer, _ in self._forwards:
                del vars(layer)["forward"]


def _chosen(model: PreTrainedModel) -> list[torch.nn.Linear]:
    """Return the layers whose weights are laid out: all that can be, where the memory is there."""
    layers = [layer for layer in model.modules() if _plain(layer)]
    size = sum(layer.weight.nbytes for layer in layers)
    return layers if size <= _SHARE * free_memory("cpu").bytes_free else []


def _laid_out(model: PreTrainedModel) -> list[tuple[torch.nn.Linear, Forward]]:
    try:
        return [(layer, _forward(layer)) for layer in _chosen(model)]
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return []  # this build of torch has no such product; its own is as right


def _plain(layer: torch.nn.Module) -> TypeGuard[torch.nn.Linear]:
    """Return whether a module is torch's own linear layer, on a CPU that oneDNN knows."""
    # Not isinstance: what derives from it, or has a forward of its own, computes something else.
    if type(layer) is not torch.nn.Linear or "forward" in vars(layer):
        return False
    weight = layer.weight
    if weight.device.type != "cpu" or not _has_onednn():
        return False
    operations: Any = torch.ops.mkldnn
    return weight.dtype == torch.float32 or (
        weight.dtype == torch.bfloat16 and operations._is_mkldnn_bf16_supported()  # noqa: SLF001
    )


def _forward(layer: torch.nn.Linear) -> Forward:
    operations: Any = torch.ops.mkldnn
    product = operations._linear_pointwise  # noqa: SLF001  # what torch.compile uses for this
    weight = operations._reorder_linear_weight(layer.weight.detach(), _TOKENS)  # noqa: SLF001
    bias = None if layer.bias is None else layer.bias.detach()

    def forward(given: torch.Tensor) -> torch.Tensor:
        computed: torch.Tensor = product(given, weight, bias, "none", [], "")
        return computed

    forward(layer.weight.new_zeros(1, layer.in_features))
    return forward


def _has_onednn() -> bool:
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
