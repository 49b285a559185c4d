"""Weights that are stored quantized (GPTQ, AWQ, FP8, MXFP4, ...), by their `config.json`.

A model's directory goes in; out comes the method, what it takes in memory, and a refusal where it
cannot be computed on this machine, before any weights are read. No torch until that is asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.errors import UserError

if TYPE_CHECKING:
    from stindex.llm.storage import LocalModel, Placement

# transformers unpacks these to --torch-dtype where no GPU computes with them.
_UNPACKED_WITHOUT_GPU = ("fp8", "mxfp8", "mxfp4")
_WITH_KERNELS = ("cuda", "xpu")


def stored_quantization(directory: Path) -> Mapping[str, Any] | None:
    """Return `quantization_config` of a directory's `config.json`; None where it has none."""
    try:
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        text_config = config.get("text_config") or {}
        found = config.get("quantization_config") or text_config.get("quantization_config")
    except (OSError, ValueError, RecursionError, AttributeError):
        return None  # whether it can be loaded at all is seen when it is
    return found if isinstance(found, dict) and found else None


def method_name(stored: Mapping[str, Any]) -> str:
    """Return the method of a `quantization_config`; old ones of bitsandbytes do not name it."""
    return str(stored.get("quant_method", "bitsandbytes"))[:40]


def quantized_twice(quantization: str, name: str, stored: Mapping[str, Any]) -> str:
    """Return the sentence that refuses to quantize such weights once more."""
    return (
        f"--quantization {quantization}: the weights of {name} are stored quantized "
        f"({method_name(stored)}); leave --quantization out, or name weights that are not."
    )


def packed_bytes(directory: Path, device: str) -> int | None:
    """Return the bytes of weights that stay in memory as they are stored.

    None where they are not quantized, are unpacked while they are loaded, or are not here.
    """
    stored = stored_quantization(directory)
    if stored is None:
        return None
    if device not in _WITH_KERNELS and method_name(stored) in _UNPACKED_WITHOUT_GPU:
        return None
    return sum(path.stat().st_size for path in directory.glob("*.safetensors")) or None


def refuse_stored_quantization(local: LocalModel, placement: Placement, device: str) -> None:
    """Refuse weights whose quantization cannot be computed here; reads none of them.

    What a method needs is known to transformers, which is asked.

    Raises:
        UserError: a package or a GPU is missing, transformers does not know the method, or
            --quantization is to quantize the weights once more.
    """
    stored = stored_quantization(local.path)
    if stored is None or local.gguf_file:
        return
    method, name = method_name(stored), local.spec.name
    if placement.quantization != "none":
        raise UserError(quantized_twice(placement.quantization, name, stored))
    from transformers.quantizers.auto import AutoHfQuantizer  # noqa: PLC0415  # imports torch

    try:
        quantizer = AutoHfQuantizer.from_config(dict(stored))
        quantizer.validate_environment(device_map={"": device}, weights_only=True)
    except Exception as problem:  # each method has its own
        raise UserError(
            f"--model {name}: its weights are stored quantized ({method}), which cannot be "
            f"computed here ({_first_line(problem)}); install what is missing, or name weights "
            "that are not quantized."
        ) from problem


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return (text if len(text) <= 200 else text[:197] + "...").rstrip(".")
