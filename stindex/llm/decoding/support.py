"""May a model be decoded with slots and drafts? A model goes in, the reason why not comes out.

Whatever keeps a state that cannot be taken back, or attends in a way that `slots.attend` does not
know, is left to transformers' own `generate`. `verify` holds the engine's first answer against an
ordinary forward pass, so that what was not thought of here is found before it does harm.
"""

from __future__ import annotations

from inspect import signature

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from stindex.llm.decoding.batches import EngineError
from stindex.llm.decoding.plain import BatchSettings, Decoded
from stindex.llm.decoding.row import Prompt, Row
from stindex.llm.own_sampling import Sampling

_LAYERS = frozenset({"full_attention", "sliding_attention"})
# Models that read images as well, and text without an image as their text model alone does.
_AS_TEXT = frozenset({"gemma3", "llava", "mistral3"})
# Differences of logits that rounding may make between two ways to compute the same.
_TIE = 1e-3
_TIE_IN_EPSILONS = 4.0


def why_not(model: object, sampling: Sampling) -> str | None:
    """Return why this model cannot be decoded with drafts, as half a sentence; None if it can."""
    if sampling.temperature:
        return "sampling draws every token by itself"
    if not sampling.plain:
        return "the model's own penalties depend on every token before"
    if not isinstance(model, PreTrainedModel):
        return "the model is no plain transformers model"
    return _why_not_config(model) or _why_not_class(model)


def _why_not_config(model: PreTrainedModel) -> str | None:
    config = model.config
    text = config.get_text_config()
    layers = set(getattr(text, "layer_types", None) or [])
    rope = getattr(text, "rope_parameters", None) or {}
    unknown = layers - _LAYERS
    reads_more = text is not config and config.model_type not in _AS_TEXT
    reasons = (
        (config.is_encoder_decoder, "the model is an encoder and a decoder"),
        (
            getattr(text, "attn_logit_softcapping", None),
            "the model caps its attention scores",
        ),
        (unknown, f"the model has layers of the kind {min(unknown, default='')}"),
        (
            getattr(text, "num_kv_shared_layers", 0),
            "the model's layers share keys and values",
        ),
        ("mrope_section" in rope, "the model's positions have more than one axis"),
        (reads_more, "the model reads more than text"),
    )
    return next((reason for found, reason in reasons if found), None)


def _why_not_class(model: PreTrainedModel) -> str | None:
    cached = {type(layer) for layer in DynamicCache(config=model.config).layers}
    if cached - {DynamicLayer, DynamicSlidingWindowLayer} or getattr(model, "_is_stateful", False):
        return "the model keeps a state that cannot be taken back"
    parts = [part for part in model.modules() if isinstance(part, PreTrainedModel)]
    if not all(part._can_set_attn_implementation() for part in parts):  # noqa: SLF001  # not public
        return "the model's attention cannot be exchanged"
    if any(name.endswith("sinks") for name, _ in model.named_parameters()):
        return "the model has attention sinks"
    if "logits_to_keep" not in signature(model.forward).parameters:
        return "the model computes no logits for chosen tokens"
    if len({str(place) for place in getattr(model, "hf_device_map", {}).values()}) > 1:
        return "the model is spread over several devices"
    return None


def verify(
    model: PreTrainedModel, prompt: Prompt, decoded: Decoded, settings: BatchSettings
) -> str:
    """Decode an answer again from one ordinary forward pass; return what was found, in words.

    Two tokens may change places where rounding decides between them: their logits differ by less
    than 0.001, or four epsilons of the model's number format relative to the higher one.

    Raises:
        EngineError: the model's own pass leads to another answer.
    """
    tokens = decoded.token_ids
    scores = _ordinary_scores(model, prompt, tokens)
    row = Row(prompt, settings.vocabulary, settings.limits, settings.grammar)
    for place, (written, choice) in enumerate(
        zip(tokens, scores.argmax(dim=-1).tolist(), strict=True)
    ):
        taken = row.advance(choice, scores[place])
        if taken != written:
            gap = float(scores[place, taken] - scores[place, written])
            tie = max(_TIE, _TIE_IN_EPSILONS * torch.finfo(model.dtype).eps * _size(scores[place]))
            if gap > tie:
                raise EngineError(f"its first answer differs from the model's own at token {place}")
            return f"equal up to a tie at token {place} of {len(tokens)}"
    return f"equal in all {len(tokens)} tokens"


def _ordinary_scores(
    model: PreTrainedModel, prompt: Prompt, tokens: tuple[int, ...]
) -> torch.Tensor:
    """Return the logits before each token of an answer: float32, shape (tokens, vocabulary)."""
    text = torch.tensor([[*prompt.token_ids, *tokens[:-1]]], device=model.device)
    kept = torch.arange(len(prompt.token_ids) - 1, text.shape[1], device=model.device)
    with torch.inference_mode():
        output = model(input_ids=text, use_cache=False, logits_to_keep=kept)
    scores: torch.Tensor = output.logits[0].float()
    return scores


def _size(scores: torch.Tensor) -> float:
    return float(scores.abs().max())
