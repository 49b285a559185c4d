"""A model's `generation_config.json` ─▶ how it asks for its tokens to be drawn.

A model's files go in; out comes the sampling that the file asks for, and the names of what it
asks for beside that and does not get. Read without torch, so that a file that is no good is
refused before anything is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stindex.errors import UserError
from stindex.llm.storage import LocalModel
from stindex.settings_files import explain

FILE = "generation_config.json"
M = TypeVar("M", bound=BaseModel)

# What changes no token here: names of special tokens, caches, what `generate` returns, and how it
# looks ahead without changing a token.
_HARMLESS = frozenset(
    """
    assistant_confidence_threshold assistant_early_exit assistant_lookbehind bos_token_id
    cache_config cache_implementation compile_config continuous_batching_config
    decoder_start_token_id disable_compile eos_token_id is_assistant low_memory
    max_cache_len max_matching_ngram_size num_assistant_tokens num_assistant_tokens_schedule
    output_attentions output_hidden_states output_logits output_scores pad_token_id
    prefill_chunk_size prompt_lookup_num_tokens renormalize_logits return_dict_in_generate
    speculation_type target_lookbehind transformers_version use_cache use_mtp
    """.split()
)
# What a value is that asks for nothing. None and False ask for nothing wherever they stand.
_NEUTRAL: dict[str, object] = {
    "diversity_penalty": 0,
    "encoder_no_repeat_ngram_size": 0,
    "encoder_repetition_penalty": 1,
    "frequency_penalty": 0,
    "guidance_scale": 1,
    "length_penalty": 1,
    "min_length": 0,
    "min_new_tokens": 0,
    "num_beam_groups": 1,
    "num_beams": 1,
    "num_return_sequences": 1,
    "presence_penalty": 0,
}

Share = Annotated[float, Field(ge=0, le=1)]
Tokens = list[Annotated[int, Field(ge=0)]]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn. Each part is what transformers knows under its name.

    Attributes:
        temperature: None or 0 takes the likeliest token.
        top_k: only the likeliest so many tokens; 0 is all.
        top_p: only the likeliest tokens that hold this share of the probability.
        min_p: only tokens with this share of the likeliest one's probability.
        top_h: only the likeliest tokens that hold this share of the entropy.
        typical_p: only the most typical tokens that hold this share of the probability.
        epsilon_cutoff: only tokens that are at least so probable; 0 is all.
        eta_cutoff: the same, less strict where much is possible; 0 is all.
        repetition_penalty: tokens of prompt and answer get less likely (Keskar et al. 2019).
        no_repeat_ngram_size: so many tokens in a row are not written twice; 0 is no limit.
        bad_words_ids: token sequences that are not written.
        suppress_tokens: tokens that are not written.
    """

    temperature: float | None = None
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    top_h: float = 1.0
    typical_p: float = 1.0
    epsilon_cutoff: float = 0.0
    eta_cutoff: float = 0.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    bad_words_ids: tuple[tuple[int, ...], ...] = ()
    suppress_tokens: tuple[int, ...] = ()

    @property
    def penalizes(self) -> bool:
        """Whether scores change before a token is drawn or taken."""
        return bool(
            self.repetition_penalty != 1.0
            or self.no_repeat_ngram_size
            or self.bad_words_ids
            or self.suppress_tokens
        )

    @property
    def plain(self) -> bool:
        """Whether the token is the model's own first choice."""
        return not self.temperature and not self.penalizes


GREEDY = Sampling()


@dataclass(frozen=True, slots=True)
class OwnSampling:
    """What a model's file asks for.

    Attributes:
        ignored: keys of the file that would change tokens and are not followed.
    """

    sampling: Sampling
    ignored: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """Return a sentence for each thing that a user might not expect."""
        said = []
        if not self.sampling.temperature:
            said.append(
                f"--sampling model: the model's {FILE} asks for no sampling (do_sample is not "
                "true); each token is the likeliest."
            )
        if self.ignored:
            said.append(
                f"--sampling model ignores {', '.join(self.ignored)} in the model's {FILE}."
            )
        return said

    def within(self, vocabulary_size: int, end_ids: frozenset[int]) -> OwnSampling:
        """Return this for a vocabulary; like `generate`, it lets a forbidden answer's end be.

        Raises:
            UserError: there is a token that the model does not have.
        """
        words = self.sampling.bad_words_ids
        highest = max((max(word) for word in words), default=0)
        if highest >= vocabulary_size:
            raise UserError(
                f"--sampling model: bad_words_ids in the model's {FILE} names token {highest}, and "
                f"the model has {vocabulary_size}; correct it, or give --temperature instead."
            )
        kept = tuple(word for word in words if len(word) > 1 or word[0] not in end_ids)
        return replace(self, sampling=replace(self.sampling, bad_words_ids=kept))


class _Always(BaseModel):
    """What `generate` follows, whether it draws tokens or not."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    do_sample: bool | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    no_repeat_ngram_size: Annotated[int, Field(ge=0)] | None = None
    bad_words_ids: list[Annotated[Tokens, Field(min_length=1)]] | None = None
    suppress_tokens: Tokens | None = None


class _WhenDrawn(BaseModel):
    """What `generate` follows with `do_sample` only."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    temperature: Annotated[float, Field(gt=0)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None  # -1 is vLLM's word for all
    top_p: Share | None = None
    min_p: Share | None = None
    top_h: Annotated[float, Field(gt=0, le=1)] | None = None
    typical_p: Annotated[float, Field(gt=0, le=1)] | None = None
    epsilon_cutoff: Annotated[float, Field(ge=0, lt=1)] | None = None
    eta_cutoff: Annotated[float, Field(ge=0, lt=1)] | None = None


def own_sampling(local: LocalModel) -> OwnSampling:
    """Return what a model asks for.

    Raises:
        UserError: there is no such file, it is damaged, or a value in it is none.
    """
    found = read_generation_config(local)
    if found is None:
        raise UserError(
            f"--sampling model: the model in {local.path} has no {FILE}; give --temperature "
            "instead."
        )
    always = _read(local.path, _Always, found)
    asked: dict[str, Any] = always.model_dump(exclude_none=True, exclude={"do_sample"})
    if always.do_sample:
        drawn = _read(local.path, _WhenDrawn, found)
        asked |= {"temperature": 1.0, **drawn.model_dump(exclude_none=True)}
        asked["top_k"] = max(0, asked.get("top_k", 0))
    asked["bad_words_ids"] = tuple(tuple(word) for word in always.bad_words_ids or ())
    asked["suppress_tokens"] = tuple(always.suppress_tokens or ())
    return OwnSampling(Sampling(**asked), _ignored(found))


def refuse_equal_answers(own: OwnSampling, repeats: int) -> None:
    """Refuse repeats of a model that asks for no sampling.

    Raises:
        UserError: all answers to a sample would be the same.
    """
    if repeats > 1 and not own.sampling.temperature:
        raise UserError(
            f"--repeats needs sampling, or all answers are the same, and the model's {FILE} asks "
            "for none (do_sample is not true); give --temperature instead of --sampling model."
        )


def read_generation_config(local: LocalModel) -> dict[str, Any] | None:
    """Return the content of the file, None where the model has none; a GGUF file never has.

    Raises:
        UserError: it is damaged. Transformers would go on without it, and without the tokens that
            end an answer.
    """
    path = local.path / FILE
    if local.gguf_file or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UserError(f"{path}: not valid JSON ({problem}); fetch the model again.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no JSON object; fetch the model again.")
    return content


def _read(directory: Path, model: type[M], content: dict[str, Any]) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        raise UserError(
            f"--sampling model: {directory / FILE}: {explain(problem, model).rstrip('.')}; correct "
            "it, or give --temperature instead."
        ) from None


def _ignored(content: dict[str, Any]) -> tuple[str, ...]:
    followed = {*_Always.model_fields, *_WhenDrawn.model_fields}
    return tuple(
        sorted(
            name
            for name, value in content.items()
            if name not in followed | _HARMLESS
            and not name.startswith("_")
            and value is not False
            and value != _NEUTRAL.get(name)
        )
    )
