"""Models for the tests: the real SmolLM2, and small stand-ins for what it does not show."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, LogitsProcessor, LogitsProcessorList

from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.grammar import Grammar
from stindex.llm.decoding.plain import BatchSettings, GenerativeModel
from stindex.llm.decoding.row import Limits, Prompt
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.loading import LoadedModel
from stindex.llm.registry import resolve_model
from stindex.llm.storage import LocalModel, prepare
from stindex.schema import Extraction
from tests.llm.small_models import TEXTS

# The switch of Qwen3's template, and nothing else of it: a stand-in for a thinking model.
THINKING_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
    "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)
# As reasoning models have it that cannot be switched: the prompt opens the thought.
OPEN_THOUGHT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n<think>\n"
)

EXAMPLES: tuple[Message, ...] = (
    {"role": "system", "content": "Extract times and places from the text. Answer in JSON."},
    {"role": "user", "content": "The plant in Toulouse opened in May 2011."},
    {
        "role": "assistant",
        "content": '{"temporal_mentions": [{"text": "May 2011", "normalized": "2011-05", '
        '"temporal_type": "DATE"}], "spatial_mentions": [{"text": "Toulouse", '
        '"location_type": "city"}]}',
    },
)


Ask = Callable[[str], tuple[Message, ...]]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Make the messages that ask for a text, with one worked example before it."""
    return lambda text: (*EXAMPLES, {"role": "user", "content": text})


@pytest.fixture(scope="session")
def smollm2_local() -> LocalModel:
    """The real SmolLM2, fetched and converted once a machine."""
    return prepare(resolve_model("smollm2"), lambda _: None)


@pytest.fixture(scope="session")
def smollm2(smollm2_local: LocalModel) -> HuggingFaceLLM:
    llm = HuggingFaceLLM(smollm2_local, device="cpu", batch_size=4)
    llm.load()
    return llm


@pytest.fixture(scope="session")
def settings(smollm2: HuggingFaceLLM) -> BatchSettings:
    loaded = smollm2.load()
    grammar = Grammar(
        loaded.tokenizer, loaded.vocabulary_size, loaded.vocabulary.end_ids, Extraction
    )
    return BatchSettings(loaded.vocabulary, Limits(answer=40, thought=20), grammar)


@pytest.fixture(scope="session")
def prompts(smollm2: HuggingFaceLLM, ask: Ask) -> list[Prompt]:
    asked = [(text, ask(text)) for text in TEXTS]
    return smollm2._prompts(asked, DecodingSettings())[0]


class ScriptedModel:
    """A real tiny model whose favourite token at each step is dictated, row by row.

    `script` maps the token ids of a prompt to the token ids that its row would like to write.
    """

    def __init__(
        self, model: GenerativeModel, script: Callable[[Sequence[int]], Sequence[int]]
    ) -> None:
        self._model = model
        self._script = script

    @property
    def device(self) -> torch.device:
        return self._model.device

    def generate(self, **kwargs: object) -> torch.Tensor:
        input_ids, mask = kwargs["input_ids"], kwargs["attention_mask"]
        assert isinstance(input_ids, torch.Tensor)
        assert isinstance(mask, torch.Tensor)
        scripts = [
            list(self._script(row[present.bool()].tolist()))
            for row, present in zip(input_ids, mask, strict=True)
        ]
        dictated = _Dictation(scripts, input_ids.shape[1])
        given = kwargs["logits_processor"]
        assert isinstance(given, list)
        return self._model.generate(
            **{**kwargs, "logits_processor": LogitsProcessorList([dictated, *given])}
        )


class _Dictation(LogitsProcessor):
    def __init__(self, scripts: list[list[int]], padded_length: int) -> None:
        self._scripts = scripts
        self._padded_length = padded_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        step = input_ids.shape[1] - self._padded_length
        scores = torch.zeros_like(scores)
        for row, script in enumerate(self._scripts):
            scores[row, script[min(step, len(script) - 1)]] = 100.0
        return scores


class CrampedModel:
    """A model with room for `rows` rows: more raise the error that torch raises."""

    def __init__(self, model: GenerativeModel, rows: int, error: Exception) -> None:
        self._model = model
        self._rows = rows
        self._error = error
        self.batch_sizes: list[int] = []

    @property
    def device(self) -> torch.device:
        return self._model.device

    def generate(self, **kwargs: object) -> torch.Tensor:
        input_ids = kwargs["input_ids"]
        assert isinstance(input_ids, torch.Tensor)
        self.batch_sizes.append(len(input_ids))
        if len(input_ids) > self._rows:
            raise self._error
        return self._model.generate(**kwargs)


@pytest.fixture(scope="session")
def cramp() -> Callable[[HuggingFaceLLM, int, Exception], tuple[HuggingFaceLLM, CrampedModel]]:
    """Make a source of answers whose model has room for some rows only."""

    def make(
        llm: HuggingFaceLLM, rows: int, error: Exception
    ) -> tuple[HuggingFaceLLM, CrampedModel]:
        model = CrampedModel(llm.load().model, rows, error)
        return _with_model(llm, model), model

    return make


@pytest.fixture(scope="session")
def dictate() -> Callable[[HuggingFaceLLM, Mapping[str, str]], HuggingFaceLLM]:
    """Make a source whose model wants to write `script[text]`, then end, where asked for `text`."""
    return _scripted


def _with_model(llm: HuggingFaceLLM, model: GenerativeModel) -> HuggingFaceLLM:
    other = HuggingFaceLLM(llm.local, device="cpu", batch_size=4)
    other._loaded = dataclasses.replace(llm.load(), model=model)
    return other


def _scripted(llm: HuggingFaceLLM, script: Mapping[str, str]) -> HuggingFaceLLM:
    loaded = llm.load()
    encoded = {
        asked: [*_ids(loaded, wanted), min(loaded.vocabulary.end_ids)]
        for asked, wanted in script.items()
    }

    def look_up(prompt: Sequence[int]) -> Sequence[int]:
        text = loaded.vocabulary.decode(list(prompt))
        return next(ids for asked, ids in encoded.items() if asked in text)

    return _with_model(llm, ScriptedModel(loaded.model, look_up))


def _ids(loaded: LoadedModel, text: str) -> list[int]:
    return [int(i) for i in loaded.tokenizer(text, add_special_tokens=False).input_ids]


def _stand_in(
    smollm2: HuggingFaceLLM,
    directory: Path,
    template: str,
    tags: Sequence[str] = ("<think>", "</think>"),
) -> HuggingFaceLLM:
    """A model with random weights, think tokens in its tokenizer, and a padded vocabulary."""
    tokenizer = type(smollm2.load().tokenizer).from_pretrained(str(smollm2.local.path))
    tokenizer.add_tokens(list(tags))
    tokenizer.chat_template = template
    tokenizer.save_pretrained(str(directory))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49280,  # more than the tokenizer has
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=512,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config)
    # Sampling defaults such as real models bring along; they must not leak into an evaluation.
    model.generation_config.update(  # type: ignore[no-untyped-call]
        do_sample=True, temperature=5.0, top_k=3, repetition_penalty=50.0
    )
    model.save_pretrained(str(directory))
    spec = resolve_model(str(directory), dtype="float32")
    return HuggingFaceLLM(prepare(spec, lambda _: None), device="cpu")


@pytest.fixture(scope="session")
def thinking_stand_in(
    smollm2: HuggingFaceLLM, tmp_path_factory: pytest.TempPathFactory
) -> HuggingFaceLLM:
    return _stand_in(smollm2, tmp_path_factory.mktemp("thinking"), THINKING_TEMPLATE)


@pytest.fixture(scope="session")
def open_thought_stand_in(
    smollm2: HuggingFaceLLM, tmp_path_factory: pytest.TempPathFactory
) -> HuggingFaceLLM:
    return _stand_in(smollm2, tmp_path_factory.mktemp("open_thought"), OPEN_THOUGHT_TEMPLATE)


@pytest.fixture(scope="session")
def spelled_thought_stand_in(
    smollm2: HuggingFaceLLM, tmp_path_factory: pytest.TempPathFactory
) -> HuggingFaceLLM:
    """Writes `<think>` and `</think>` in several tokens, as models trained on a plain base do."""
    return _stand_in(smollm2, tmp_path_factory.mktemp("spelled"), THINKING_TEMPLATE, ())
