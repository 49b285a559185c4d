"""Sources of answers: messages go in, generations come out.

`HuggingFaceLLM` is loaded on first use, so that importing this package costs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stindex.llm.huggingface import GenerationResult, HuggingFaceLLM

__all__ = ["GenerationResult", "HuggingFaceLLM"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from stindex.llm import huggingface  # noqa: PLC0415  # heavy: only when it is asked for

        return getattr(huggingface, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
