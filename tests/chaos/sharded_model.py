"""A stand-in for ZeRO-3 on two CPU ranks: every pass of the model waits for the other rank's.

As a plugin it lets stindex load a model whose passes begin with an `all_reduce`, which hangs if one
rank makes fewer than the other. `make_model` writes a model with random weights to try it with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stindex.llm import loading, zero3


def pytest_configure() -> None:
    """Put it in DeepSpeed's place."""
    patch = pytest.MonkeyPatch()
    patch.setattr(zero3, "find_spec", lambda _: "there")
    patch.setattr(loading, "load_sharded", _load)


def _load(load: Callable[[], Any], device: str) -> Any:  # noqa: ANN401 (as in what it replaces)
    import torch
    from torch import distributed

    assert device == "cpu"
    distributed.init_process_group("gloo", timeout=timedelta(minutes=5))
    model = load()

    def wait_for_the_other(*_: object) -> None:
        distributed.all_reduce(torch.zeros(1))

    model.register_forward_pre_hook(wait_for_the_other)
    return model.eval()


def make_model(directory: Path) -> None:
    """Write a tiny Llama with random weights and a tokenizer of single bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>"
    )
    fast.save_pretrained(str(directory))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(letters),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=16384,
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(str(directory))
