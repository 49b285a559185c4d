"""Families of models: the engine writes what `generate` writes, or leaves the model to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForImageTextToText,
    BloomConfig,
    Cohere2Config,
    DeepseekV3Config,
    DogeConfig,
    FalconConfig,
    Gemma3Config,
    Gemma3nTextConfig,
    Glm4Config,
    GPT2Config,
    GPTNeoXConfig,
    GraniteMoeConfig,
    Llama4TextConfig,
    LlamaConfig,
    Mistral3Config,
    MixtralConfig,
    ModernBertDecoderConfig,
    NemotronConfig,
    Olmo3Config,
    OPTConfig,
    Phi3Config,
    PhimoeConfig,
    PretrainedConfig,
    Qwen2_5_VLConfig,
    Qwen2MoeConfig,
    Qwen3MoeConfig,
    SmolLM3Config,
)

from stindex.llm.base import DecodingSettings
from stindex.llm.decoding.attention import attend
from stindex.llm.decoding.batches import BatchSize, EngineError
from stindex.llm.decoding.choice import PLAIN, WITH_DRAFTS, LocalDecoding
from stindex.llm.decoding.packed import PackedModel
from stindex.llm.decoding.plain import BatchSettings, Decoded
from stindex.llm.decoding.row import Limits, Prompt
from stindex.llm.decoding.slots import Piece
from stindex.llm.decoding.support import why_not
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.own_sampling import GREEDY
from stindex.llm.registry import resolve_model
from stindex.llm.storage import prepare
from stindex.schema import Extraction
from tests.llm.small_models import SIZES, by_generate, tiny, told

pytestmark = pytest.mark.slow

Make = Callable[[], PretrainedConfig]

_GROUPED: dict[str, Any] = {name: size for name, size in SIZES.items() if name != "head_dim"}
_TOKENS: dict[str, Any] = {
    name: size for name, size in SIZES.items() if name.endswith("_id") or "vocab" in name
}
_GPT: dict[str, Any] = {
    **_TOKENS,
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
}
_EXPERTS: dict[str, Any] = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64}
_SLIDING: dict[str, Any] = {
    "sliding_window": 100,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
}
_VISION: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def _mistral3() -> PretrainedConfig:
    text = {**SIZES, "model_type": "mistral"}
    vision = {**_VISION, "model_type": "pixtral"}
    return Mistral3Config(text_config=text, vision_config=vision, image_token_index=49_000)


def _longrope(longest: int) -> PretrainedConfig:
    rope = {
        "rope_type": "longrope",
        "rope_theta": 10_000.0,
        "factor": 2048 / longest,
        "short_factor": [1.0] * 8,
        "long_factor": [3.0 + place for place in range(8)],
        "original_max_position_embeddings": longest,
    }
    return Phi3Config(**_GROUPED, rope_parameters=rope, original_max_position_embeddings=longest)


# Each shows something that no other does.
_DRAFTED: dict[str, Make] = {
    "mixtral: experts": lambda: MixtralConfig(**SIZES, num_local_experts=4),
    "qwen2 moe: a window that only its mask tells": lambda: Qwen2MoeConfig(
        **_GROUPED,
        **_EXPERTS,
        shared_expert_intermediate_size=64,
        use_sliding_window=True,
        sliding_window=100,
        max_window_layers=4,
    ),
    "phi moe: a window that only its mask tells": lambda: PhimoeConfig(
        **_GROUPED, num_local_experts=4, sliding_window=100
    ),
    "qwen3 moe": lambda: Qwen3MoeConfig(**SIZES, **_EXPERTS),
    "granite moe: scaled logits": lambda: GraniteMoeConfig(
        **_GROUPED, num_local_experts=4, num_experts_per_tok=2, logits_scaling=8.0
    ),
    "deepseek: latent attention": lambda: DeepseekV3Config(
        **{**_GROUPED, "num_key_value_heads": 4},
        q_lora_rank=32,
        kv_lora_rank=16,
        qk_rope_head_dim=8,
        qk_nope_head_dim=16,
        v_head_dim=12,
        n_routed_experts=4,
        num_experts_per_tok=2,
        moe_intermediate_size=64,
        first_k_dense_replace=1,
        n_group=1,
        topk_group=1,
    ),
    "olmo3": lambda: Olmo3Config(**_GROUPED, **_SLIDING),
    "cohere2: positions in some layers": lambda: Cohere2Config(**SIZES, **_SLIDING),
    "smollm3: positions in some layers": lambda: SmolLM3Config(
        **_GROUPED, no_rope_layers=[1, 1, 1, 0]
    ),
    "glm4: half of a head turns": lambda: Glm4Config(**SIZES),
    "gpt2: learned positions": lambda: GPT2Config(**_GPT, n_positions=2048),
    "opt: learned positions": lambda: OPTConfig(**_GPT, ffn_dim=128, word_embed_proj_dim=64),
    "neox": lambda: GPTNeoXConfig(**_GPT, intermediate_size=128),
    "modernbert: a decoder that ends in its output layer": lambda: ModernBertDecoderConfig(
        **{**_GPT, "num_hidden_layers": 4},
        intermediate_size=128,
        local_attention=100,
        cls_token_id=1,
        sep_token_id=2,
    ),
    "longrope, within its first length": lambda: _longrope(1024),
    "yarn": lambda: LlamaConfig(
        **SIZES,
        rope_parameters={
            "rope_type": "yarn",
            "rope_theta": 10_000.0,
            "factor": 16.0,
            "original_max_position_embeddings": 128,
        },
    ),
    "gemma3 that reads images": lambda: Gemma3Config(
        text_config={**SIZES, **_SLIDING, "model_type": "gemma3_text"},
        vision_config=_VISION,
        mm_tokens_per_image=1,
        image_token_index=49_000,
    ),
}
_LEFT: dict[str, tuple[Make, str]] = {
    "falcon": (lambda: FalconConfig(**_GPT), "attention cannot be exchanged"),
    "bloom": (lambda: BloomConfig(**_GPT), "attention cannot be exchanged"),
    "llama4": (
        lambda: Llama4TextConfig(**SIZES, num_local_experts=2, attention_chunk_size=64),
        "layers of the kind chunked_attention",
    ),
    "gemma3n": (
        lambda: Gemma3nTextConfig(
            **SIZES,
            **_SLIDING,
            vocab_size_per_layer_input=49_152,
            hidden_size_per_layer_input=16,
            laurel_rank=8,
            activation_sparsity_pattern=[0.0] * 4,
            num_kv_shared_layers=2,
        ),
        "layers share keys and values",
    ),
    "nemotron": (lambda: NemotronConfig(**SIZES), "hands nothing on to its attention"),
    "doge": (lambda: DogeConfig(**SIZES), "masks of its own"),
    "longrope, beyond its first length": (lambda: _longrope(128), "beyond 128 tokens"),
}


@pytest.fixture(scope="module")
def short(settings: BatchSettings) -> BatchSettings:
    return dataclasses.replace(settings, limits=Limits(answer=20, thought=20))


def decoded_by(
    decoding: LocalDecoding, prompts: Sequence[Prompt], settings: BatchSettings, size: int
) -> list[Decoded]:
    found = list(decoding.results(prompts, settings, BatchSize.of(size), Event()))
    found.sort(key=lambda result: result.index)
    return told([result.decoded for result in found if isinstance(result.decoded, Decoded)])


@pytest.mark.parametrize("family", _DRAFTED)
def test_a_family_is_drafted_and_its_tokens_are_those_of_generate(
    family: str, short: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(_DRAFTED[family]())
    said: list[str] = []
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", said.append)
    assert decoded_by(decoding, prompts[:4], short, 3) == told(
        by_generate(model, prompts[:4], short)
    )
    assert said == []
    assert decoding.provenance()["engine"] == WITH_DRAFTS


@pytest.mark.parametrize("family", _LEFT)
def test_a_family_is_left_to_generate_for_the_reason_that_is_said(
    family: str, short: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    make, reason = _LEFT[family]
    model = tiny(make())
    said: list[str] = []
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", said.append)
    some = prompts[:2]
    assert decoded_by(decoding, some, short, 2) == told(by_generate(model, some, short))
    (sentence,) = said
    assert reason in sentence
    assert decoding.provenance()["engine"] == PLAIN


def test_positions_with_more_than_one_axis_are_left_to_generate() -> None:
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
    config = Qwen2_5_VLConfig(
        text_config={**_GROUPED, "rope_parameters": rope},
        vision_config={"depth": 1, "hidden_size": 32, "num_heads": 2, "out_hidden_size": 64},
    )
    model = AutoModelForImageTextToText.from_config(config)  # type: ignore[no-untyped-call]
    assert why_not(model, GREEDY) == "the model's positions have more than one axis"


@pytest.mark.parametrize(
    "make",
    [_mistral3, lambda: MixtralConfig(**SIZES, num_local_experts=2, output_router_logits=True)],
    ids=["a class for images and text", "a loss of its experts"],
)
def test_what_a_model_has_beside_text_is_no_hindrance(
    make: Make, smollm2: HuggingFaceLLM, prompts: list[Prompt], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    config = make()
    image = isinstance(config, Mistral3Config)
    model: Any = AutoModelForImageTextToText.from_config(config) if image else tiny(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(tmp_path)
    smollm2.load().tokenizer.save_pretrained(tmp_path)
    spec = resolve_model(str(tmp_path), dtype="float32")
    llm = HuggingFaceLLM(prepare(spec, lambda _: None), device="cpu")
    loaded = llm.load()
    settings = llm._settings(loaded, Extraction, DecodingSettings(max_tokens=12))
    decoding = LocalDecoding(loaded.model, loaded.encode, "auto", lambda _: None)
    expected = told(by_generate(loaded.model, prompts[:2], settings))
    assert decoded_by(decoding, prompts[:2], settings, 2) == expected
    assert decoding.provenance()["engine"] == WITH_DRAFTS


@pytest.mark.parametrize("fails_from", [1, 3], ids=["at the shared beginning", "at the samples"])
def test_an_engine_that_fails_where_generate_does_not_is_given_up(
    fails_from: int,
    short: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny(LlamaConfig(**SIZES))
    forward = PackedModel.forward
    passes = []

    def failing(self: PackedModel, pieces: Sequence[Piece]) -> torch.Tensor:
        passes.append(pieces)
        if len(passes) >= fails_from:
            raise TypeError("no such argument")
        return forward(self, pieces)

    monkeypatch.setattr(PackedModel, "forward", failing)
    said: list[str] = []
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", said.append)
    some = prompts[:3]
    assert decoded_by(decoding, some, short, 3) == told(by_generate(model, some, short))
    (sentence,) = said
    assert "TypeError: no such argument" in sentence


@pytest.mark.parametrize("name", ["s_aux", "softcap", "position_bias"])
def test_attention_refuses_what_it_does_not_know(name: str) -> None:
    some = torch.zeros(1, 1, 1, 1)
    with pytest.raises(EngineError, match=name):
        attend(torch.nn.Module(), some, some, some, None, **{name: some})  # type: ignore[arg-type]
