"""Real weights: what SmolLM2 answers, alone and in batches, also when things go wrong."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Annotated

import pytest
import torch
from pydantic import BaseModel, Field

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Message, Request
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.storage import LocalModel
from stindex.schema import Extraction, Generation, Outcome, Sample

pytestmark = pytest.mark.slow

Ask = Callable[[str], tuple[Message, ...]]

TEXTS = ("Rain fell in Lyon on 3 March 2014, and again a week later.", "Nothing.", "She left Oslo.")
FEW = DecodingSettings(max_tokens=64)


def requests(ask: Ask, texts: tuple[str, ...] = TEXTS) -> list[Request]:
    return [Request(f"key-{text}", Sample(text, text, {}), ask(text)) for text in texts]


def without_seconds(generation: Generation) -> Generation:
    return dataclasses.replace(generation, seconds=0.0, batch_size=0)


@pytest.fixture(scope="module")
def together(smollm2: HuggingFaceLLM, ask: Ask) -> dict[str, Generation]:
    """Greedy, constrained answers to all texts in one batch."""
    found = smollm2.answers(requests(ask), Extraction, FEW, Event())
    return {request.sample.text: generation for request, generation in found}


def test_a_constrained_batch_gives_valid_objects_in_order(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    results = smollm2.generate_batch([ask(text) for text in TEXTS], Extraction, max_tokens=150)
    assert [result.outcome for result in results] == [Outcome.OK] * 3
    assert all(isinstance(result.value, Extraction) for result in results)
    prompt_tokens = [result.generation.prompt_tokens for result in results]
    assert prompt_tokens[0] == max(prompt_tokens) > prompt_tokens[1]  # padding is not counted
    for result in results:
        assert result.generation.finish_reason == "stop"
        assert result.generation.grammar_interventions is not None
        assert "<|im" not in result.generation.raw_text
        assert result.generation.batch_size == 3


@pytest.mark.parametrize("text", TEXTS)
def test_an_answer_in_fp32_does_not_depend_on_its_batch(
    smollm2: HuggingFaceLLM, ask: Ask, together: dict[str, Generation], text: str
) -> None:
    ((_, alone),) = smollm2.answers(requests(ask, (text,)), Extraction, FEW, Event())
    assert alone.batch_size == 1
    assert together[text].batch_size == 3
    assert without_seconds(alone) == without_seconds(together[text])


def test_an_answer_at_the_token_limit_is_truncated_and_kept(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    (result,) = smollm2.generate_batch([ask(TEXTS[0])], Extraction, max_tokens=12)
    assert result.outcome is Outcome.TRUNCATED
    assert result.generation.finish_reason == "length"
    assert result.generation.completion_tokens == 12
    assert result.generation.raw_text.startswith('{"temporal_mentions": [')


def test_free_decoding_reports_no_interventions(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    settings = DecodingSettings(max_tokens=24, constrained=False)
    (result,) = smollm2.generate_batch([ask(TEXTS[1])], Extraction, decoding=settings)
    assert result.generation.grammar_interventions is None
    assert result.generation.raw_text


def test_greedy_decoding_takes_the_models_first_choice_at_each_step(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    loaded = smollm2.load()
    settings = DecodingSettings(max_tokens=6, constrained=False)
    (result,) = smollm2.generate_batch([ask(TEXTS[0])], Extraction, decoding=settings)
    text = str(
        loaded.tokenizer.apply_chat_template(
            [dict(m) for m in ask(TEXTS[0])], tokenize=False, add_generation_prompt=True
        )
    )
    ids = [int(i) for i in loaded.tokenizer(text, add_special_tokens=False).input_ids]
    assert result.generation.prompt_tokens == len(ids)
    model = loaded.model
    assert isinstance(model, torch.nn.Module)
    written: list[int] = []
    with torch.inference_mode():
        for _ in range(result.generation.completion_tokens):
            written.append(int(model(torch.tensor([[*ids, *written]])).logits[0, -1].argmax()))
    assert loaded.vocabulary.decode(written) == result.generation.raw_text


def test_a_sampled_answer_does_not_depend_on_its_batch_mates(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    settings = DecodingSettings(max_tokens=24, temperature=1.0, seed=3)
    crowd = {
        request.sample.text: generation
        for request, generation in smollm2.answers(requests(ask), Extraction, settings, Event())
    }
    ((_, alone),) = smollm2.answers(requests(ask, TEXTS[:1]), Extraction, settings, Event())
    assert without_seconds(alone) == without_seconds(crowd[TEXTS[0]])
    other = dataclasses.replace(settings, seed=4)
    ((_, reseeded),) = smollm2.answers(requests(ask, TEXTS[:1]), Extraction, other, Event())
    assert reseeded.raw_text != alone.raw_text


def test_the_longest_prompt_is_decoded_first(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    llm = HuggingFaceLLM(smollm2.local, device="cpu", batch_size=1)
    llm._loaded = smollm2.load()
    few = DecodingSettings(max_tokens=1)
    texts = ("Short.", TEXTS[0], "A bit longer.")
    order = [
        request.sample.text
        for request, _ in llm.answers(requests(ask, texts), Extraction, few, Event())
    ]
    assert order == [TEXTS[0], "A bit longer.", "Short."]


def test_out_of_memory_halves_the_batch_and_keeps_the_size_that_worked(
    smollm2: HuggingFaceLLM,
    ask: Ask,
    together: dict[str, Generation],
    cramp: Callable[..., tuple[HuggingFaceLLM, object]],
) -> None:
    llm, model = cramp(smollm2, 1, torch.OutOfMemoryError("CUDA out of memory"))
    found = {r.sample.text: g for r, g in llm.answers(requests(ask), Extraction, FEW, Event())}
    assert {text: without_seconds(g) for text, g in found.items()} == {
        text: without_seconds(g) for text, g in together.items()
    }
    assert getattr(model, "batch_sizes") == [3, 1, 1, 1]  # noqa: B009  # the stand-in's record
    assert llm.provenance()["batch_size_requested"] == 4
    assert llm.provenance()["batch_size_used"] == 1


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_out_of_memory_with_one_row_is_that_samples_error(
    smollm2: HuggingFaceLLM,
    ask: Ask,
    cramp: Callable[..., tuple[HuggingFaceLLM, object]],
    error: Exception,
) -> None:
    llm, _ = cramp(smollm2, 0, error)
    results = llm.generate_batch([ask(text) for text in TEXTS], Extraction, max_tokens=1)
    assert [result.outcome for result in results] == [Outcome.ERROR] * 3
    assert all("Out of memory" in result.reason for result in results)


def test_another_failure_of_a_batch_is_retried_row_by_row(
    smollm2: HuggingFaceLLM, ask: Ask, cramp: Callable[..., tuple[HuggingFaceLLM, object]]
) -> None:
    llm, model = cramp(smollm2, 1, IndexError("index out of range in self"))
    results = llm.generate_batch([ask(text) for text in TEXTS], Extraction, max_tokens=2)
    assert [result.outcome for result in results] == [Outcome.TRUNCATED] * 3
    assert getattr(model, "batch_sizes") == [3, 1, 1, 1]  # noqa: B009  # the stand-in's record
    assert llm.provenance()["batch_size_used"] == 4  # memory was not the reason


def test_a_prompt_beyond_the_context_is_that_samples_error_alone(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    long = ask("word " * 9000)
    results = smollm2.generate_batch([long, ask(TEXTS[1])], Extraction, max_tokens=8)
    assert results[0].outcome is Outcome.ERROR
    assert "context has 8192" in results[0].reason
    assert results[0].generation.finish_reason == "error"
    assert results[1].outcome is Outcome.TRUNCATED
    assert results[1].generation.completion_tokens == 8


def test_a_stop_drops_what_was_not_finished(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    stop = Event()
    few = DecodingSettings(max_tokens=48)
    llm = HuggingFaceLLM(smollm2.local, device="cpu", batch_size=1)
    llm._loaded = smollm2.load()
    found = []
    for request, _ in llm.answers(requests(ask), Extraction, few, stop):
        found.append(request.sample.text)
        stop.set()
    assert found == [TEXTS[0]]


def test_a_stop_in_the_middle_of_a_batch_keeps_the_rows_that_were_finished(
    thinking_stand_in: HuggingFaceLLM,
    ask: Ask,
    dictate: Callable[..., HuggingFaceLLM],
) -> None:
    class StopAfter(Event):
        """Set from the twentieth time on that it is asked."""

        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 20

    llm = dictate(thinking_stand_in, {"short one": "{}", "long one": "word " * 50})
    free = DecodingSettings(max_tokens=60, constrained=False)
    asked = requests(ask, ("long one", "short one"))
    found = list(llm.answers(asked, Extraction, free, StopAfter()))
    assert [(request.sample.text, g.raw_text) for request, g in found] == [("short one", "{}")]
    assert found[0][1].finish_reason == "stop"
    whole = list(llm.answers(asked, Extraction, free, Event()))
    assert len(whole) == 2


def test_a_base_model_reads_plain_text_and_stops_before_the_next_example(
    smollm2: HuggingFaceLLM, ask: Ask, tmp_path: Path
) -> None:
    for file in smollm2.local.path.iterdir():
        if file.suffix == ".safetensors":
            (tmp_path / file.name).symlink_to(file)
        elif file.suffix == ".json":
            shutil.copy(file, tmp_path)
    llm = HuggingFaceLLM.from_name(str(tmp_path), dtype="float32", device="cpu")
    assert not llm.load().tokenizer.chat_template
    settings = DecodingSettings(max_tokens=90, constrained=False)
    (result,) = llm.generate_batch([ask(TEXTS[1])], Extraction, decoding=settings)
    assert result.generation.finish_reason == "stop", result.generation.raw_text
    assert result.generation.raw_text.startswith("{")
    assert result.generation.raw_text.count("\n###") == 1


def test_the_half_precision_that_was_asked_for_is_used(smollm2_local: LocalModel, ask: Ask) -> None:
    llm = HuggingFaceLLM(smollm2_local, dtype="bfloat16", device="cpu")
    (result,) = llm.generate_batch([ask(TEXTS[1])], Extraction, max_tokens=4)
    assert result.generation.completion_tokens == 4
    assert llm.provenance()["dtype"] == "bfloat16"


def test_left_padding_is_set_although_the_tokenizer_came_with_right(
    smollm2: HuggingFaceLLM,
) -> None:
    assert '"padding_side": "left"' not in (smollm2.local.path / "tokenizer_config.json").read_text(
        encoding="utf-8"
    )
    assert smollm2.load().tokenizer.padding_side == "left"


def test_a_missing_device_is_refused_with_those_that_are_there(smollm2_local: LocalModel) -> None:
    with pytest.raises(UserError, match=r"this machine has .*cpu"):
        HuggingFaceLLM(smollm2_local, device="abacus").load()


def test_a_missing_xgrammar_is_one_sentence_with_the_way_out(
    smollm2: HuggingFaceLLM, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    llm = HuggingFaceLLM(smollm2.local, device="cpu")
    llm._loaded = smollm2.load()
    with pytest.raises(UserError, match="--no-constrained"):
        llm.generate_batch([ask("x")], Extraction)


def test_weights_that_are_none_are_one_sentence(smollm2: HuggingFaceLLM, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(smollm2.local.path / name, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 64)
    llm = HuggingFaceLLM.from_name(str(tmp_path), device="cpu")
    with pytest.raises(UserError, match="cannot be loaded"):
        llm.load()


def test_nothing_heavy_is_imported_before_the_first_answer() -> None:
    code = (
        "import sys, stindex.llm, stindex.llm.sources\n"
        "from stindex.llm import HuggingFaceLLM\n"
        "assert not {'torch', 'transformers', 'xgrammar', 'huggingface_hub'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_provenance_is_json_before_and_after_loading(smollm2: HuggingFaceLLM) -> None:
    fresh = HuggingFaceLLM(smollm2.local).provenance()
    assert fresh["batch_size_used"] is None
    assert "device" not in fresh
    known = smollm2.provenance()
    assert known["device"] == "cpu"
    assert known["dtype"] == "float32"
    assert known["load_seconds"] > 0


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_schema_that_has_no_grammar_is_refused_in_one_sentence(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    class Ahead(BaseModel):
        word: Annotated[str, Field(json_schema_extra={"pattern": "("})]

    with pytest.raises(UserError, match=r"The grammar of Ahead could not be compiled .*\)\; use"):
        smollm2.generate_batch([ask("Rain in Paris.")], Ahead, max_tokens=4)
