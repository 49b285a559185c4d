"""The engine with slots and drafts writes, token for token, what `generate` writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    AttentionInterface,
    Gemma2Config,
    Gemma3TextConfig,
    GptOssConfig,
    JambaConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
    T5Config,
)

from stindex.llm.base import Message
from stindex.llm.decoding import attention, layers, slots
from stindex.llm.decoding.attention import ATTENTION, attend
from stindex.llm.decoding.batches import (
    BatchSize,
    EngineError,
    Failure,
    Queue,
    Result,
    decode_all,
    stream_all,
)
from stindex.llm.decoding.choice import PLAIN, WITH_DRAFTS, LocalDecoding
from stindex.llm.decoding.drafts import Drafter
from stindex.llm.decoding.engine import Engine
from stindex.llm.decoding.linear import Product, laid_out
from stindex.llm.decoding.packed import PackedModel, common_prefix
from stindex.llm.decoding.plain import BatchSettings, Decoded, decode_batch
from stindex.llm.decoding.row import Limits, Prompt
from stindex.llm.decoding.slots import Piece, Slots
from stindex.llm.decoding.support import verify, why_not
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.memory import DRAFT_TOKENS
from stindex.llm.own_sampling import Sampling
from stindex.schema import Extraction
from tests.llm.small_models import SIZES, TEXTS, by_generate, tiny, told

pytestmark = pytest.mark.slow

Ask = Callable[[str], tuple[Message, ...]]

CONFIGS: dict[str, Callable[[], PretrainedConfig]] = {
    "llama": lambda: LlamaConfig(**SIZES),
    "qwen2": lambda: Qwen2Config(**SIZES),
    "qwen3": lambda: Qwen3Config(**SIZES),
    # The window is shorter than the shared prefix: some tokens see the end of it, some nothing.
    "mistral": lambda: MistralConfig(**SIZES, sliding_window=100),
    "gemma3": lambda: Gemma3TextConfig(
        **SIZES, sliding_window=100, layer_types=["sliding_attention", "full_attention"] * 2
    ),
}


def engine_of(
    model: PreTrainedModel, settings: BatchSettings, llm: HuggingFaceLLM, *, drafts: bool = True
) -> Engine:
    return Engine(PackedModel(model), settings, Drafter(llm.load().encode) if drafts else None)


def by_engine(
    engine: Engine, prompts: Sequence[Prompt], size: int, stop: Event | None = None
) -> list[Decoded]:
    found = stream_all(prompts, engine, BatchSize.of(size), stop or Event())
    return [d for r in sorted(found, key=lambda r: r.index) if isinstance(d := r.decoded, Decoded)]


def with_limit(settings: BatchSettings, answer: int) -> BatchSettings:
    return dataclasses.replace(settings, limits=Limits(answer, thought=20))


@pytest.mark.parametrize("architecture", CONFIGS)
def test_tokens_are_those_of_generate_in_every_batch_and_architecture(
    architecture: str, settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS[architecture]())
    expected = told(by_generate(model, prompts, settings))
    assert len({one.token_ids for one in expected}) > 1
    for size in (1, 4, 8):
        engine = engine_of(model, settings, smollm2)
        assert told(by_engine(engine, prompts, size)) == expected
        assert engine.packed.counts.accepted > 0


def test_real_rows_end_at_different_times_and_others_take_their_place(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = smollm2.load().model
    assert isinstance(model, PreTrainedModel)
    some = prompts[:4]
    free = by_generate(model, some, with_limit(settings, 110))
    limit = sorted(len(one.token_ids) for one in free)[len(free) // 2]  # cuts the longer half off
    expected = [one.token_ids[:limit] for one in free]
    assert {len(one.token_ids) <= limit for one in free} == {True, False}
    counts = []
    for size, drafts in ((1, True), (3, True), (3, False)):
        engine = engine_of(model, with_limit(settings, limit), smollm2, drafts=drafts)
        found = by_engine(engine, some, size)
        assert [one.token_ids for one in found] == expected
        reasons = ["length" if len(one.token_ids) > limit else one.finish_reason for one in free]
        assert [one.finish_reason for one in found] == reasons
        counts.append(engine.packed.counts)
    drafting, plain = counts[1], counts[2]
    assert plain.drafted == 0
    assert drafting.accepted >= drafting.drafted / 2
    assert drafting.passes < plain.passes / 2


def test_free_decoding_is_drafted_as_well(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["llama"]())
    free = dataclasses.replace(settings, grammar=None)
    expected = told(by_generate(model, prompts, free))
    engine = engine_of(model, free, smollm2)
    assert told(by_engine(engine, prompts, 3)) == expected


def test_the_grammar_begins_after_the_thought(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["qwen3"]())
    free = by_generate(model, prompts, dataclasses.replace(settings, grammar=None))
    # What the first row writes at its sixth step ends a thought in this test.
    vocabulary = dataclasses.replace(settings.vocabulary, thought_end=free[0].token_ids[5])
    thinking = dataclasses.replace(settings, vocabulary=vocabulary)
    opened = [dataclasses.replace(prompt, thinking="open") for prompt in prompts]
    expected = told(by_generate(model, opened, thinking))
    assert expected[0].thought_tokens in range(1, 7)
    assert vocabulary.decode(list(expected[0].token_ids))[:400].count("{")
    for size in (1, 4):
        assert told(by_engine(engine_of(model, thinking, smollm2), opened, size)) == expected


def test_a_tag_of_several_tokens_and_a_thought_without_end_are_those_of_generate(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    tag = settings.vocabulary.thought_start
    assert len(tag) > 1  # SmolLM2 has no token for it
    model = tiny(CONFIGS["qwen3"]())
    limits = dataclasses.replace(settings.limits, thought=24)
    thinking = dataclasses.replace(settings, limits=limits)
    opened = [dataclasses.replace(prompt, thinking="required") for prompt in prompts]
    expected = told(by_generate(model, opened, thinking))
    for row in expected:
        assert row.token_ids[: len(tag)] == tag
        assert (row.thought_tokens, row.finish_reason) == (24, "length")
    for size in (1, 4):
        assert told(by_engine(engine_of(model, thinking, smollm2), opened, size)) == expected


def test_stop_ends_a_run_between_two_passes_and_the_engine_goes_on_later(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["llama"]())
    engine, stop = engine_of(model, settings, smollm2), Event()
    results = stream_all(prompts, engine, BatchSize.of(2), stop)
    first = next(results)
    stop.set()
    rest = list(results)
    assert len(rest) < len(prompts) - 1
    expected = told(by_generate(model, prompts, settings))
    for result in (first, *rest):
        assert isinstance(result.decoded, Decoded)
        assert told([result.decoded]) == [expected[result.index]]
    assert told(by_engine(engine, prompts, 2)) == expected


def test_results_come_as_rows_end(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    engine = engine_of(tiny(CONFIGS["llama"]()), settings, smollm2)
    queue = Queue.longest_first(prompts)
    next(engine.run(queue, 2, Event()))
    assert len(queue.waiting) >= len(prompts) - 4


def test_a_free_slot_is_filled_from_what_comes_later_and_changes_no_token(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["llama"]())
    short = with_limit(settings, 24)
    expected = told(by_generate(model, prompts, short))
    # What comes last shares less with the others than they share among themselves.
    stranger = dataclasses.replace(prompts[0], token_ids=prompts[0].token_ids[5:])
    expected += told(by_generate(model, [stranger], short))
    coming = [prompts[3:5], [prompts[5], stranger]]
    active: list[int] = []

    def more() -> Sequence[Prompt]:
        active.append(len(engine.taken))
        return coming.pop(0) if coming else ()

    engine = engine_of(model, short, smollm2)
    found = list(stream_all(prompts[:3], engine, BatchSize.of(2), Event(), more))
    found.sort(key=lambda result: result.index)
    assert [result.index for result in found] == list(range(7))
    assert told([r.decoded for r in found if isinstance(r.decoded, Decoded)]) == expected
    assert active[0] == 1  # asked while the other row was under way


def test_an_engine_that_is_wrong_leaves_what_came_later_to_generate_as_well(
    settings: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny(CONFIGS["llama"]())
    short = with_limit(settings, 8)
    coming = [prompts[2:]]
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", lambda _: None)
    step = Engine._step

    def broken(self: Engine) -> None:
        if not coming:
            raise EngineError("it was found out")
        step(self)

    def more() -> Sequence[Prompt]:
        return coming.pop(0) if coming else ()

    monkeypatch.setattr(Engine, "_step", broken)
    found = list(decoding.results(prompts[:2], short, BatchSize.of(4), Event(), more))
    assert sorted(result.index for result in found) == list(range(len(prompts)))


def test_a_document_of_8000_tokens_runs_beside_short_ones(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(LlamaConfig(**{**SIZES, "max_position_embeddings": 16_384}))
    short = with_limit(settings, 12)
    words = prompts[3].token_ids
    long = dataclasses.replace(
        prompts[3], token_ids=words[:-20] + words[-60:-20] * 200 + words[-20:]
    )
    assert len(long.token_ids) > 8000
    some = [prompts[0], long, prompts[1]]
    expected = [by_generate(model, [prompt], short)[0] for prompt in some]
    engine = engine_of(model, short, smollm2)
    assert told(by_engine(engine, some, 3)) == told(expected)


def test_the_cache_holds_no_more_than_its_tokens_and_rows_wait_for_room(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(LlamaConfig(**{**SIZES, "max_position_embeddings": 4096}))
    short = with_limit(settings, 12)
    words = prompts[3].token_ids
    long = dataclasses.replace(
        prompts[3], token_ids=words[:-20] + words[-60:-20] * 30 + words[-20:]
    )
    some = [*prompts[:3], long, *prompts[4:6]]
    expected = [told(by_generate(model, [prompt], short))[0] for prompt in some]
    held: dict[int | None, list[tuple[int, int]]] = {}
    for most in (None, 3000, 1):
        engine = engine_of(model, short, smollm2)
        engine.tokens = most
        sizes = held.setdefault(most, [])
        forward = engine.packed.forward

        def noted(
            pieces: Sequence[Piece],
            slots: Callable[[], Slots] = lambda packed=engine.packed: packed.slots,  # type: ignore[misc]
            forward: Any = forward,  # noqa: ANN401
            sizes: list[tuple[int, int]] = sizes,
        ) -> torch.Tensor:
            found: torch.Tensor = forward(pieces)
            sizes.append((len(pieces), slots().rows * slots().capacity))
            return found

        engine.packed.forward = noted  # type: ignore[method-assign]
        assert told(by_engine(engine, some, 6)) == expected
    assert max(tokens for _, tokens in held[None]) > 6000  # all rows as wide as the long one
    assert max(tokens for _, tokens in held[3000]) <= 3000
    assert max(rows for rows, _ in held[3000]) > 2  # the long one waits for nobody, short ones do
    assert max(rows for rows, _ in held[1]) == 1  # alone a row is always taken


def test_out_of_memory_halves_the_slots_and_changes_no_token(
    settings: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny(CONFIGS["llama"]())
    forward = PackedModel.forward

    def cramped(self: PackedModel, pieces: Sequence[Piece]) -> torch.Tensor:
        if len(pieces) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, pieces)

    expected = told(by_generate(model, prompts, settings))
    monkeypatch.setattr(PackedModel, "forward", cramped)
    size = BatchSize.of(5)
    found = list(stream_all(prompts, engine_of(model, settings, smollm2), size, Event()))
    assert size.used == 2
    assert sorted(result.index for result in found) == list(range(len(prompts)))
    for result in found:
        assert isinstance(result.decoded, Decoded)
        assert told([result.decoded]) == [expected[result.index]]


def test_a_bad_row_costs_its_neighbours_nothing(
    settings: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny(CONFIGS["llama"]())
    forward = PackedModel.forward
    poison = 12_345
    sick = [*prompts, dataclasses.replace(prompts[0], token_ids=(*prompts[0].token_ids, poison))]

    def failing(self: PackedModel, pieces: Sequence[Piece]) -> torch.Tensor:
        if any(poison in piece.tokens for piece in pieces):
            raise IndexError("bad row")
        return forward(self, pieces)

    expected = told(by_generate(model, prompts, settings))
    monkeypatch.setattr(PackedModel, "forward", failing)
    found = {
        r.index: r.decoded
        for r in stream_all(sick, engine_of(model, settings, smollm2), BatchSize.of(3), Event())
    }
    failure = found.pop(len(prompts))
    assert failure == Failure("Decoding this sample failed (IndexError: bad row).")
    assert told([d for _, d in sorted(found.items()) if isinstance(d, Decoded)]) == expected


def test_the_model_attends_as_before_once_a_run_is_over_or_given_up(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["llama"]())
    before = model.config._attn_implementation
    results = stream_all(prompts, engine_of(model, settings, smollm2), BatchSize.of(2), Event())
    next(results)
    assert model.config._attn_implementation == ATTENTION
    assert any("forward" in vars(module) for module in model.modules())
    results.close()  # type: ignore[attr-defined]
    assert model.config._attn_implementation == before
    assert not any("forward" in vars(module) for module in model.modules())


def test_the_first_answer_is_held_against_the_model_as_it_was() -> None:
    packed = PackedModel(tiny(CONFIGS["llama"]()))

    def exchanged() -> bool:
        return any("forward" in vars(module) for module in packed.model.modules())

    with packed.borrowed():
        assert exchanged()
        with packed.given_back():
            assert not exchanged()
        assert exchanged()


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3", "mistral"])
def test_tokens_are_the_same_without_laid_out_weights_and_with_padded_rows(
    architecture: str,
    settings: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What other devices do: torch's own products, and rows of few tokens in one batch."""
    model = tiny(CONFIGS[architecture]())
    expected = told(by_generate(model, prompts, settings))
    monkeypatch.setattr(layers, "to_lay_out", lambda _: [])
    monkeypatch.setattr(slots, "_few", lambda _: DRAFT_TOKENS)
    monkeypatch.setattr(attention, "_has_kernel", lambda _: False)
    assert told(by_engine(engine_of(model, settings, smollm2), prompts, 4)) == expected


def test_a_torch_without_the_product_computes_with_its_own_and_is_put_back(
    settings: BatchSettings,
    prompts: list[Prompt],
    smollm2: HuggingFaceLLM,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = tiny(CONFIGS["gemma3"]())
    expected = told(by_generate(model, prompts[:2], settings))
    laid: list[Sequence[torch.nn.Linear]] = []

    def third_fails(some: Sequence[torch.nn.Linear]) -> Product:
        laid.append(some)
        if len(laid) == 3:
            raise RuntimeError("no such operation")
        return laid_out(some)

    monkeypatch.setattr(layers, "laid_out", third_fails)
    assert told(by_engine(engine_of(model, settings, smollm2), prompts[:2], 2)) == expected
    assert len(laid) == 3
    assert not any("forward" in vars(module) for module in model.modules())


def test_an_answer_is_begun_in_the_pass_that_reads_its_prompt(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    engine = engine_of(tiny(CONFIGS["llama"]()), settings, smollm2)
    forward = engine.packed.forward
    passes: list[list[Piece]] = []

    def noted(pieces: Sequence[Piece]) -> torch.Tensor:
        passes.append(list(pieces))
        return forward(pieces)

    engine.packed.forward = noted  # type: ignore[method-assign]
    by_engine(engine, prompts, 3)
    read = [p for pieces in passes for p in pieces if p.start == len(engine.packed.slots.prefix)]
    assert len(read) == len(prompts)
    assert any(piece.asked > 1 for piece in read)
    assert any(len(pieces) == 3 and max(len(p.tokens) for p in pieces) > 20 for pieces in passes)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (Gemma2Config(**SIZES), "caps its attention scores"),
        (MambaConfig(vocab_size=64, hidden_size=8, num_hidden_layers=1), "layers of the kind"),
        (T5Config(vocab_size=64, d_model=8, num_layers=1, num_heads=1), "encoder"),
        (Qwen3Config(**SIZES, layer_types=["linear_attention"] * 4), "linear_attention"),
    ],
)
def test_models_that_cannot_be_drafted_are_told(config: PretrainedConfig, reason: str) -> None:
    class Bare(PreTrainedModel):  # type: ignore[no-untyped-call]
        def __init__(self, config: PretrainedConfig) -> None:
            torch.nn.Module.__init__(self)
            self.config = config

    model = Bare(config)
    found = why_not(model, Sampling())
    assert found is not None
    assert reason in found


_GROUPED = {k: v for k, v in SIZES.items() if k != "head_dim"}
_FALLBACKS: dict[str, tuple[Callable[[], PretrainedConfig], str]] = {
    "state space": (
        lambda: MambaConfig(vocab_size=49152, hidden_size=32, num_hidden_layers=2),
        "layers of the kind",
    ),
    "hybrid": (
        lambda: JambaConfig(
            **_GROUPED,
            attn_layer_period=2,
            attn_layer_offset=1,
            num_experts=2,
            use_mamba_kernels=False,
            mamba_d_state=8,
            mamba_dt_rank=4,
        ),
        "layers of the kind",
    ),
    "soft cap": (lambda: Gemma2Config(**SIZES, sliding_window=100), "caps its attention scores"),
    "sinks": (
        lambda: GptOssConfig(
            **SIZES,
            num_local_experts=2,
            num_experts_per_tok=1,
            layer_types=["sliding_attention", "full_attention"] * 2,
        ),
        "attention sinks",
    ),
}


@pytest.mark.parametrize("family", _FALLBACKS)
def test_a_family_that_cannot_be_drafted_answers_by_generate_and_says_so_once(
    family: str, settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    config, reason = _FALLBACKS[family]
    said: list[str] = []
    decoding = LocalDecoding(tiny(config()), smollm2.load().encode, "auto", said.append)
    for _ in range(2):
        short = with_limit(settings, 3)
        results = list(decoding.results(prompts[:2], short, BatchSize.of(2), Event()))
        assert [isinstance(result.decoded, Decoded) for result in results] == [True, True]
    assert len(said) == 1
    assert reason in said[0]
    assert decoding.provenance()["engine"] == PLAIN


def test_sampling_and_stand_ins_are_left_to_generate() -> None:
    assert why_not(object(), Sampling()) == "the model is no plain transformers model"
    llama = tiny(CONFIGS["llama"]())
    assert why_not(llama, Sampling(0.7)) == "sampling draws every token by itself"
    penalty = why_not(llama, Sampling(repetition_penalty=1.1))
    assert penalty == "the model's own penalties depend on every token before"
    assert why_not(llama, Sampling(0.0)) is None


@pytest.fixture
def _broken_attention() -> Iterator[None]:
    def backwards(*args: torch.Tensor, **options: object) -> tuple[torch.Tensor, None]:
        output, _ = attend(*args, **options)  # type: ignore[arg-type]
        return -output, None

    AttentionInterface.register(ATTENTION, backwards)
    yield
    AttentionInterface.register(ATTENTION, attend)


@pytest.mark.usefixtures("_broken_attention")
def test_an_engine_that_is_wrong_is_found_out_and_said_once(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    model = tiny(CONFIGS["gemma3"]())
    said: list[str] = []
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", said.append)
    for _ in range(2):
        found = decoding.results(prompts, settings, BatchSize.of(4), Event())
        decoded = [r.decoded for r in sorted(found, key=lambda r: r.index)]
        assert told([d for d in decoded if isinstance(d, Decoded)]) == told(
            by_generate(model, prompts, settings)
        )
    assert len(said) == 1
    assert "differs from the model's own" in said[0]
    facts = decoding.provenance()
    assert facts["engine"] == PLAIN
    assert "differs" in facts["engine_fallback"]


def test_an_answer_that_was_changed_does_not_pass_the_check(
    settings: BatchSettings, prompts: list[Prompt]
) -> None:
    model = tiny(CONFIGS["llama"]())
    (decoded,) = by_generate(model, prompts[:1], settings)
    found = verify(model, prompts[0], decoded, settings)
    assert found == f"equal in all {len(decoded.token_ids)} tokens"
    changed = list(decoded.token_ids)
    changed[7] += 1
    with pytest.raises(EngineError, match="at token 7"):
        verify(model, prompts[0], dataclasses.replace(decoded, token_ids=tuple(changed)), settings)


def test_provenance_says_which_engine_and_what_was_checked(
    smollm2: HuggingFaceLLM, ask: Ask
) -> None:
    llm = HuggingFaceLLM(smollm2.local, device="cpu", batch_size=2)
    llm._loaded = smollm2.load()
    llm.generate_batch([ask(text) for text in TEXTS[:2]], Extraction, max_tokens=12)
    facts = llm.provenance()
    assert facts["engine"] == WITH_DRAFTS
    assert facts["engine_self_check"].startswith("equal")
    assert facts["engine_fallback"] is None
    assert facts["engine_counts"]["tokens_written"] == 24
    assert facts["peak_memory_bytes"] > 500_000_000  # the weights alone


def test_draft_off_is_generate_and_no_fallback(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    said: list[str] = []
    llm = HuggingFaceLLM(smollm2.local, device="cpu", draft="off", announce=said.append)
    llm._loaded = smollm2.load()
    llm.generate_batch([ask("Nothing.")], Extraction, max_tokens=4)
    assert llm.provenance()["engine"] == PLAIN
    assert llm.provenance()["engine_fallback"] is None
    assert said == []


def test_sampling_says_once_that_it_is_not_drafted(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    said: list[str] = []
    llm = HuggingFaceLLM(smollm2.local, device="cpu", announce=said.append)
    llm._loaded = smollm2.load()
    for _ in range(2):
        llm.generate_batch([ask("Nothing.")], Extraction, max_tokens=3, temperature=0.8)
    assert said == [
        "Decoding without drafts, by transformers' generate: sampling draws every token by itself."
    ]


@given(
    st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=40), min_size=1, max_size=4),
    st.lists(st.integers(0, 1), max_size=20),
    st.lists(st.integers(0, 1), max_size=30),
)
def test_the_shared_prefix_is_one_and_leaves_each_prompt_a_token(
    ends: list[list[int]], known: list[int], shared: list[int]
) -> None:
    prompts = [[*shared, *end] for end in ends]
    prefix = common_prefix(prompts, known)
    assert all(tuple(prompt[: len(prefix)]) == prefix for prompt in prompts)
    assert all(len(prefix) < len(prompt) for prompt in prompts)


def test_every_prompt_gets_a_result_from_one_run_to_the_next(
    settings: BatchSettings, prompts: list[Prompt], smollm2: HuggingFaceLLM
) -> None:
    short = dataclasses.replace(settings, limits=Limits(answer=3, thought=1))
    model = tiny(CONFIGS["llama"]())
    decoding = LocalDecoding(model, smollm2.load().encode, "auto", lambda _: None)
    plain = {
        r.index: r.decoded
        for r in decode_all(
            prompts, lambda p: decode_batch(model, p, short, Event()), BatchSize.of(2), Event()
        )
    }
    for chosen in (range(6), range(2), range(1), range(3, 6)):
        some = [prompts[i] for i in chosen]
        found: list[Result] = list(decoding.results(some, short, BatchSize.of(2), Event()))
        assert sorted(r.index for r in found) == list(range(len(some)))
        for result in found:
            expected = plain[chosen[result.index]]
            assert isinstance(expected, Decoded)
            assert isinstance(result.decoded, Decoded)
            assert result.decoded.token_ids == expected.token_ids


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
