"""Small random weights of any architecture, and what `generate` makes of prompts with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from threading import Event
from typing import Any

import torch
from transformers import AutoModelForCausalLM, GenerationConfig, PretrainedConfig

from stindex.llm.decoding.plain import BatchSettings, Decoded, decode_batch
from stindex.llm.decoding.row import Prompt

TEXTS = (
    "Rain fell in Lyon on 3 March 2014, and again a week later.",
    "Nothing.",
    "She left Oslo on Monday. The ferry to Bergen took nine hours, the train back seven. " * 4,
    "In May 2011 a plant opened in Toulouse; in June 2012 it was closed.",
    "Two years ago.",
    "From 1994 to 1996 she sang in Cambridge, Massachusetts, and then in Vienna. " * 2,
)
# 49152 tokens: of SmolLM2's tokenizer, which these models share.
SIZES: dict[str, Any] = {
    "vocab_size": 49152,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
    "initializer_range": 0.12,
}


def tiny(config: PretrainedConfig) -> Any:  # noqa: ANN401  # half typed in transformers
    """A transformers model with random weights."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()  # type: ignore[no-untyped-call]
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=2)  # type: ignore[no-untyped-call]
    return model


def by_generate(
    model: Any,  # noqa: ANN401  # half typed in transformers
    prompts: Sequence[Prompt],
    settings: BatchSettings,
) -> list[Decoded]:
    found = decode_batch(model, prompts, settings, Event())
    return [decoded for decoded in found if decoded is not None]


def told(decoded: Sequence[Decoded]) -> list[Decoded]:
    """All but the seconds."""
    return [dataclasses.replace(one, seconds=0.0) for one in decoded]
