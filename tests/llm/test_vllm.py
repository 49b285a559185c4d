"""vLLM as a source of answers: with a stand-in of its API always, for real where it is installed.

The stand-in shows what is asked of vLLM and what is made of what it returns; the real one that its
API is as the stand-in has it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Event

import pytest

from stindex.config import resolve_settings
from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Refillable, Request
from stindex.llm.decoding.row import Limits, Prompt
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.model_files import read_files
from stindex.llm.offline import opening, source
from stindex.llm.offline.opening import refuse_without_vllm, vllm_fingerprint
from stindex.llm.offline.source import VllmSource
from stindex.llm.offline.stages import Stage, StagedRow
from stindex.llm.storage import ANYWHERE, LocalModel
from stindex.prompts import load_prompt
from stindex.schema import Generation, Sample

from .conftest import Ask
from .vllm_stand_in import StandInEngine, StandInVllm

MODEL = load_prompt("iso").response_model
ANSWER = '{"temporal_mentions": [], "spatial_mentions": []}'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what loading sets for vLLM."""
    before = dict(os.environ)
    monkeypatch.setattr(source, "vllm_versions", lambda: {"vllm": "1.2.3"})
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]


def stand_in(local: LocalModel, *texts: str, context: int = 2048) -> StandInVllm:
    """Return a vLLM that writes the n-th text to the n-th request, and then its end token."""
    files = read_files(local, ANYWHERE)
    vocabulary, tokenizer = files.vocabulary, files.tokenizer
    end = min(vocabulary.end_ids)
    written: dict[tuple[int, ...], list[int]] = {}

    def script(prompt: object) -> list[int]:
        key = tuple(prompt)  # type: ignore[arg-type, var-annotated]
        if key not in written:
            text = texts[min(len(written), len(texts) - 1)]
            written[key] = [*tokenizer(text, add_special_tokens=False).input_ids, end]
        return written[key]

    return StandInVllm(StandInEngine(script, vocabulary.decode, context))


def requests(ask: Ask, *texts: str) -> list[Request]:
    return [Request(f"k{n}", Sample(f"s{n}", text, {}), ask(text)) for n, text in enumerate(texts)]


def answered(
    made: VllmSource, asked: list[Request], decoding: DecodingSettings | None = None
) -> dict[str, Generation]:
    found = made.answers(asked, MODEL, decoding or DecodingSettings(), Event())
    return {request.key: generation for request, generation in found}


def test_an_answer_is_read_from_its_token_ids(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER)
    vllm.install(monkeypatch)
    made = VllmSource(smollm2_local, dtype="float32")
    found = answered(made, requests(ask, "Rain in Paris."))["k0"]
    asked, params = vllm.engine.asked[0]
    assert (found.raw_text, found.finish_reason, found.thought_tokens) == (ANSWER, "stop", 0)
    assert found.prompt_tokens == len(asked)
    tokenizer = read_files(smollm2_local, ANYWHERE).tokenizer
    assert found.completion_tokens == len(tokenizer(ANSWER).input_ids) + 1  # with its end token
    assert params.temperature == 0
    assert params.seed is None
    assert 'root ::= (("{" "\\"temporal_mentions\\"" ": "' in params.structured_outputs.grammar


def test_the_prompt_is_the_one_that_transformers_gets(
    smollm2: HuggingFaceLLM, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2.local, ANSWER)
    vllm.install(monkeypatch)
    answered(VllmSource(smollm2.local, dtype="float32"), requests(ask, "Rain in Paris."))
    prompts, _, _ = smollm2._prompts([("k0", ask("Rain in Paris."))], DecodingSettings())
    assert vllm.engine.asked[0][0] == list(prompts[0].token_ids)


def test_a_limit_is_a_truncated_answer_and_what_vllm_gives_up_is_an_error(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER)
    vllm.install(monkeypatch)
    made = VllmSource(smollm2_local, dtype="float32")
    short = answered(made, requests(ask, "Rain."), DecodingSettings(max_tokens=4))["k0"]
    assert (short.finish_reason, short.completion_tokens) == ("length", 4)
    vllm.engine.gives_up = "abort"
    failed = answered(made, requests(ask, "Rain."))["k0"]
    assert failed.finish_reason == "error"
    assert failed.error.startswith("vLLM gave this sample up (abort)")


def test_so_many_requests_are_with_vllm_the_longest_first_and_no_more(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER)
    vllm.install(monkeypatch)
    made = VllmSource(smollm2_local, dtype="float32", requests_together=2, tensor_parallel=2)
    texts = ["Rain.", "Much rain in Paris.", "A great deal of rain in Paris, they say.", "Sun."]
    assert len(answered(made, requests(ask, *texts))) == 4
    lengths = [len(ids) for ids, _ in vllm.engine.asked]
    assert lengths == sorted(lengths, reverse=True)
    assert vllm.engine.most_together == 2
    assert (vllm.options["max_num_seqs"], vllm.options["tensor_parallel_size"]) == (2, 2)
    assert vllm.options["enable_prefix_caching"]


@dataclass
class Chunked(Refillable):
    """Requests that come in chunks."""

    chunks: list[list[Request]]

    def __iter__(self) -> Iterator[Request]:
        return iter(self.chunks.pop(0))

    def more(self) -> list[Request]:
        return self.chunks.pop(0) if self.chunks else []


def test_a_place_that_falls_free_is_taken_by_the_next_chunk(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER * 3, ANSWER)
    vllm.install(monkeypatch)
    made = VllmSource(smollm2_local, dtype="float32", requests_together=2)
    first, second, third = requests(ask, "Rain in Paris, they say.", "Rain.", "Sun.")
    found = made.answers(Chunked([[first, second], [third]]), MODEL, DecodingSettings(), Event())
    assert [request.key for request, _ in found] == ["k1", "k2", "k0"]
    assert vllm.engine.most_together == 2


def test_sampling_is_seeded_by_the_request_and_free_decoding_has_no_grammar(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER)
    vllm.install(monkeypatch)
    decoding = DecodingSettings(temperature=0.7, constrained=False)
    answered(VllmSource(smollm2_local, dtype="float32"), requests(ask, "A", "B"), decoding)
    first, second = (params for _, params in vllm.engine.asked)
    assert first.temperature == 0.7
    assert first.seed != second.seed
    assert first.structured_outputs is None


def test_a_stop_drops_what_is_with_vllm(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER, ANSWER * 3)
    vllm.install(monkeypatch)
    made, stop = VllmSource(smollm2_local, dtype="float32"), Event()
    found = made.answers(requests(ask, "A", "B"), MODEL, DecodingSettings(), stop)
    next(found)
    stop.set()
    assert list(found) == []
    assert vllm.engine.running == {}
    made.close()
    assert vllm.engine.closed


def test_a_prompt_that_is_too_long_is_that_samples_error_alone(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(smollm2_local, ANSWER, context=300).install(monkeypatch)
    made = VllmSource(smollm2_local, dtype="float32")
    found = answered(made, requests(ask, "Rain.", "Rain, " * 300))
    assert found["k0"].finish_reason == "stop"
    assert "there is room for 300; shorten the text" in found["k1"].error


def test_an_engine_that_stops_and_a_model_that_it_refuses_are_one_sentence(
    smollm2_local: LocalModel, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = stand_in(smollm2_local, ANSWER)
    vllm.install(monkeypatch)
    vllm.engine.failing = RuntimeError("no device\nmore")
    with pytest.raises(UserError, match=r"vLLM stopped \(RuntimeError: no device\); what was"):
        answered(VllmSource(smollm2_local, dtype="float32"), requests(ask, "Rain."))
    vllm.refuses = "no such architecture"
    with pytest.raises(UserError, match=r"vLLM cannot load the model in .* \(no such arch"):
        VllmSource(smollm2_local, dtype="float32").load()


@pytest.mark.parametrize(("capability", "invariant"), [(0, False), (80, False), (90, True)])
def test_answers_do_not_depend_on_the_batch_where_the_device_has_that(
    smollm2_local: LocalModel, monkeypatch: pytest.MonkeyPatch, capability: int, invariant: bool
) -> None:
    stand_in(smollm2_local, ANSWER).install(monkeypatch, capability=capability)
    made = VllmSource(smollm2_local, dtype="float32")
    made.load()
    made.close()  # as the run does before it asks
    assert made.provenance()["batch_invariant"] is invariant


def thinking_row(smollm2_local: LocalModel, thinking: str, start: int, end: int) -> StagedRow:
    from dataclasses import replace

    vocabulary = read_files(smollm2_local, ANYWHERE).vocabulary
    vocabulary = replace(vocabulary, thought_start=(start,), thought_end=end)
    prompt = Prompt("k", (5, 6), thinking=thinking)  # type: ignore[arg-type]
    return StagedRow(prompt, vocabulary, Limits(answer=9, thought=4, context=100))


def test_a_thought_has_its_own_limit_and_the_answer_follows_it(smollm2_local: LocalModel) -> None:
    row = thinking_row(smollm2_local, "possible", 1000, 1001)
    assert (row.stage, row.budget) == (Stage.DECISION, 1)
    row.take([1000])
    assert (row.stage, row.budget, row.prompt_ids) == (Stage.THOUGHT, 3, [5, 6, 1000])
    row.take([50, 1001])
    assert (row.stage, row.budget, row.thought_tokens) == (Stage.ANSWER, 9, 3)
    assert row.prompt_ids == [5, 6, 1000, 50, 1001]
    row.take([60, min(row.vocabulary.end_ids)])
    assert row.finished == "stop"
    assert row.tokens[:3] == [1000, 50, 1001]


def test_a_model_that_does_not_think_answers_from_the_first_token(
    smollm2_local: LocalModel,
) -> None:
    row = thinking_row(smollm2_local, "possible", 1000, 1001)
    row.take([77])
    assert (row.stage, row.prompt_ids, row.thought_tokens) == (Stage.ANSWER, [5, 6], 0)


def test_a_thought_without_end_is_truncated(smollm2_local: LocalModel) -> None:
    row = thinking_row(smollm2_local, "required", 1000, 1001)
    assert row.prompt_ids == [5, 6, 1000]
    row.take([50, 51, 52])
    assert (row.finished, row.thought_tokens) == ("length", 4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "rules"}, "--model rules is no model for vLLM"),
        ({"model": "smollm2", "quantization": "4bit"}, "vLLM takes weights as they are stored"),
        ({"model": "smollm2", "device": "cpu"}, "leave --device out"),
        ({"model": "smollm2"}, "--backend vllm needs vLLM, which is not installed"),
    ],
)
def test_what_vllm_cannot_do_is_refused_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], said: str
) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    settings = resolve_settings({"backend": "vllm", **given}, tmp_path)
    with pytest.raises(UserError, match=said):
        refuse_without_vllm(settings)


def test_a_gguf_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    settings = resolve_settings({"backend": "vllm", "model": str(tmp_path / "m.gguf")}, tmp_path)
    with pytest.raises(UserError, match="--backend vllm reads no GGUF file"):
        refuse_without_vllm(settings)


def test_tensor_parallel_without_vllm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--tensor-parallel is for --backend vllm"):
        resolve_settings({"model": "smollm2", "tensor_parallel": 2}, tmp_path)


def test_another_version_of_vllm_is_another_generation_key(
    smollm2_local: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = set()
    for number in ("0.31", "0.32"):
        monkeypatch.setattr(opening, "vllm_versions", lambda number=number: {"vllm": number})
        prints.add(vllm_fingerprint(smollm2_local))
    assert len(prints | {smollm2_local.fingerprint}) == 3


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_the_real_vllm_gives_valid_answers(smollm2_local: LocalModel, ask: Ask) -> None:
    """Its engine takes what the stand-in takes."""
    assert "vllm_stand_in" not in str(sys.modules.get("vllm"))
    made = VllmSource(smollm2_local, dtype="float32", requests_together=2)
    try:
        found = answered(
            made,
            requests(ask, "The bridge in Lyon opened in 1998.", "Rain."),
            DecodingSettings(max_tokens=200),
        )
    finally:
        made.close()
    assert {one.finish_reason for one in found.values()} <= {"stop", "length"}
    assert any(
        MODEL.model_validate_json(g.raw_text) for g in found.values() if g.finish_reason == "stop"
    )
