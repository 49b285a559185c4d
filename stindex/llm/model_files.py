"""LocalModel ─▶ what its files say beside the weights: tokenizer, vocabulary, lengths.

Read before the weights are: prompts and grammars need no more. Nothing that computes is imported
from transformers here, which takes longer than all the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from transformers import (
    AutoConfig,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
)

from stindex.errors import UserError
from stindex.llm.decoding.row import Vocabulary
from stindex.llm.own_sampling import read_generation_config
from stindex.llm.storage import LocalModel, Placement


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What is known of a model before its weights are loaded.

    Attributes:
        vocabulary_size: width of the logits; may exceed the tokenizer's.
        context: the longest text in tokens, prompt and answer together; None where unlimited.
    """

    tokenizer: PreTrainedTokenizerBase
    vocabulary: Vocabulary
    vocabulary_size: int
    context: int | None

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, without special tokens."""
        return [int(i) for i in self.tokenizer(text, add_special_tokens=False).input_ids]


def read_files(local: LocalModel, placement: Placement) -> ModelFiles:
    """Read what stands beside the weights.

    Raises:
        UserError: the files are damaged, or name no end-of-text token.
    """
    read_generation_config(local)  # transformers goes on without one that is damaged
    try:
        tokenizer = _tokenizer(local, placement)
        config = AutoConfig.from_pretrained(str(local.path), **_options(local, placement))
        generation = _generation_config(local)
        vocabulary = _vocabulary(generation, config, tokenizer)
    except UserError:
        raise
    except Exception as problem:  # damaged files raise whatever they run into
        raise cannot_load(local, problem) from problem
    text_config = config.get_text_config()
    return ModelFiles(
        tokenizer,
        vocabulary,
        int(text_config.vocab_size),
        getattr(text_config, "max_position_embeddings", None),
    )


def cannot_load(local: LocalModel, problem: Exception) -> UserError:
    """Return what to tell whoever named a model whose files raise `problem`."""
    again = "copy the file again if it may be cut off, or " if local.gguf_file else ""
    return UserError(
        f"--model {local.spec.name}: the model in {local.path} cannot be loaded "
        f"({_first_line(problem)}); {again}see docs/models.md for what is supported."
    )


def _options(local: LocalModel, placement: Placement) -> dict[str, Any]:
    options: dict[str, Any] = {
        "local_files_only": True,
        "trust_remote_code": placement.trust_remote_code,
    }
    return options | ({"gguf_file": local.gguf_file} if local.gguf_file else {})


def _tokenizer(local: LocalModel, placement: Placement) -> PreTrainedTokenizerBase:
    tokenizer = AutoTokenizer.from_pretrained(
        str(local.path), padding_side="left", **_options(local, placement)
    )
    if tokenizer.padding_side != "left":
        raise ValueError("its tokenizer cannot pad on the left")
    return cast("PreTrainedTokenizerBase", tokenizer)


def _generation_config(local: LocalModel) -> GenerationConfig | None:
    try:
        return GenerationConfig.from_pretrained(str(local.path), local_files_only=True)
    except OSError:  # not every model has one
        return None


def _vocabulary(
    generation: GenerationConfig | None,
    config: PreTrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
) -> Vocabulary:
    end_ids = _end_ids(generation, config, tokenizer)
    pad_id = tokenizer.pad_token_id
    return Vocabulary(
        end_ids=end_ids,
        pad_id=pad_id if isinstance(pad_id, int) else min(end_ids),
        thought_start=tuple(tokenizer("<think>", add_special_tokens=False).input_ids),
        thought_end=_single_token(tokenizer, "</think>"),
        white_ids=frozenset(
            token
            for text in ("\n", "\n\n")
            if (token := _single_token(tokenizer, text)) is not None
        ),
        decode=lambda ids: str(tokenizer.decode(ids, clean_up_tokenization_spaces=False)),
    )


def _end_ids(
    generation: GenerationConfig | None,
    config: PreTrainedConfig,
    tokenizer: PreTrainedTokenizerBase,
) -> frozenset[int]:
    found: set[int] = set()
    for value in (
        generation.eos_token_id if generation else None,
        config.get_text_config().eos_token_id,
        tokenizer.eos_token_id,
    ):
        found |= {value} if isinstance(value, int) else set(value or ())
    if not found:
        raise UserError(
            "The model names no end-of-text token (eos_token_id in generation_config.json or "
            "config.json); add it there."
        )
    return frozenset(found)


def _single_token(tokenizer: PreTrainedTokenizerBase, text: str) -> int | None:
    """Return the id of the one token that a text is, or None where it takes several."""
    ids = tokenizer(text, add_special_tokens=False).input_ids
    return int(ids[0]) if len(ids) == 1 and tokenizer.decode(ids) == text else None


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return (text if len(text) <= 200 else text[:197] + "...").rstrip(".")
