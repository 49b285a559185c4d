"""`--batch-size auto`: rows by their tokens, and what ran out of memory is remembered."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
import torch

from stindex.llm import row_budget as module
from stindex.llm.base import DecodingSettings, Message
from stindex.llm.decoding.choice import LocalDecoding
from stindex.llm.decoding.packed import PackedModel
from stindex.llm.decoding.slots import Piece
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.memory import MOST_ROWS, Footprint
from stindex.llm.registry import Dtype
from stindex.llm.row_budget import RowBudget, row_budget
from stindex.schema import Extraction

pytestmark = pytest.mark.slow

Ask = Callable[[str], tuple[Message, ...]]

TAKEN = Footprint(weights=0, token=1000, row=0, working=100_000)


@pytest.fixture
def budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RowBudget:
    monkeypatch.setattr(module, "_free_bytes", lambda _: 10_000_000)
    return RowBudget("model|cuda", "cuda", TAKEN, tmp_path / "sizes.json")


def test_long_rows_are_few_and_short_ones_many(budget: RowBudget) -> None:
    assert budget.rows(1000) == 8  # (0.9 x 10 MB - 0.1 MB) / 1 MB
    assert budget.rows(100) == 89
    assert budget.rows(1) == 128
    assert budget.rows(100_000) == 1
    assert budget.rows(1000, shared_tokens=2000) == 6


def test_what_the_first_pass_takes_for_good_leaves_less_for_rows(budget: RowBudget) -> None:
    assert budget.rows(1000, to_come=4_000_000) == 4
    assert budget.tokens(8) == 8900  # (0.9 x 10 MB - 0.1 MB) / 1000 bytes
    assert budget.tokens(8, shared_tokens=900, to_come=4_000_000) == 4000
    assert RowBudget("k", "cuda", None, budget.store).tokens(8) is None


def test_a_batch_of_a_fixed_size_has_a_bound_as_well(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    llm = HuggingFaceLLM(smollm2.local, device="cpu", batch_size=2)
    llm._loaded = loaded = dataclasses.replace(smollm2.load())
    settings = llm._settings(loaded, Extraction, DecodingSettings())
    engine = llm._engine(loaded)
    assert isinstance(engine, LocalDecoding)
    weights = sum(parameter.nbytes for parameter in loaded.model.parameters())  # type: ignore[attr-defined]
    assert engine.memory_to_come(settings) == pytest.approx(weights, rel=0.01)
    llm.generate_batch([ask("Nothing.")], Extraction, max_tokens=4)
    assert engine.memory_to_come(settings) == 0
    size = llm._sizes.used
    assert size is not None
    assert size.tokens is not None
    token = 2 * 4 * 30 * 3 * 64  # bytes: keys and values, float32, layers, heads, their width
    assert 0 < size.tokens * token < psutil.virtual_memory().total


def test_what_worked_after_a_failure_is_the_most_from_then_on(budget: RowBudget) -> None:
    budget.remember(4, 1000)
    assert budget.rows(1000) == 4
    assert budget.rows(500) == 8
    other = RowBudget("other|cuda", "cuda", TAKEN, budget.store)
    assert other.rows(1000) == 8


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"model|cuda": "x"}', b'{"model|cuda": -1}', b"\xff\x00", b"[" * 100_000],
)
def test_a_damaged_memory_is_no_memory(budget: RowBudget, content: bytes) -> None:
    budget.store.write_bytes(content)
    assert budget.rows(1000) == 8
    budget.remember(2, 1000)
    assert budget.rows(1000) == 2


def test_processes_that_remember_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    store = tmp_path / "sizes.json"
    code = (
        "import sys; from pathlib import Path\n"
        "from stindex.llm.memory import Footprint\n"
        "from stindex.llm.row_budget import RowBudget\n"
        "b = RowBudget(sys.argv[1], 'cpu', Footprint(0, 1000, 0, 0), Path(sys.argv[2]))\n"
        "for n in range(200): b.remember(n + 1, 10); assert b.store.read_text()[-1] == '}'\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, name, str(store)]) for name in ("one", "two")
    ]
    assert [process.wait() for process in started] == [0, 0]
    known = json.loads(store.read_text(encoding="utf-8"))
    assert known.keys() <= {"one", "two"}
    assert 2_000_000 in known.values()  # who came last is in it; the other one asks again
    assert [path.name for path in tmp_path.iterdir()] == ["sizes.json"]


def test_a_memory_that_cannot_be_written_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "directory").mkdir()
    for store in (tmp_path / "file" / "sizes.json", tmp_path / "directory"):
        budget = RowBudget("k", "cpu", TAKEN, store)
        budget.remember(2, 10)
        assert budget.rows(10) == MOST_ROWS["cpu"]


def test_weights_that_are_a_file_in_memory_are_no_free_memory(budget: RowBudget) -> None:
    assert dataclasses.replace(budget, mapped=5_000_000).rows(1000) == 4


def test_prompts_that_are_read_whole_leave_room_for_fewer_rows(tmp_path: Path) -> None:
    taken = dataclasses.replace(TAKEN, whole=1000)
    gpu = RowBudget("k", "cuda", taken, tmp_path / "sizes.json")
    assert gpu.reading_whole().taken == dataclasses.replace(taken, token=2000)
    cpu = dataclasses.replace(gpu, device="cpu").reading_whole().taken
    assert cpu is not None
    assert cpu.token > 2000  # its allocator keeps what it gave
    assert RowBudget("k", "cuda", None, gpu.store).reading_whole().taken is None


def test_a_model_of_an_unknown_kind_gets_a_usual_batch(tmp_path: Path) -> None:
    assert RowBudget("k", "cuda", None, tmp_path / "sizes.json").rows(10**6) == 8


def test_auto_decodes_and_says_how_many(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    llm = HuggingFaceLLM(smollm2.local, device="cpu", batch_size="auto")
    llm._loaded = smollm2.load()
    results = llm.generate_batch([ask("Nothing.")] * 2, Extraction, max_tokens=4)
    assert [r.generation.completion_tokens for r in results] == [4, 4]
    assert llm.provenance()["batch_size_requested"] == "auto"
    assert 1 <= llm.provenance()["batch_size_used"] <= MOST_ROWS["cpu"]


def test_a_probe_halves_until_the_slots_fit(
    thinking_stand_in: HuggingFaceLLM, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stindex.llm.decoding.batches import BatchSize

    loaded = thinking_stand_in.load()
    forward = PackedModel.forward
    tried = []

    def cramped(self: PackedModel, pieces: Sequence[Piece]) -> torch.Tensor:
        tried.append((len(pieces), pieces[0].start + len(pieces[0].tokens)))
        if len(pieces) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, pieces)

    monkeypatch.setattr(PackedModel, "forward", cramped)
    llm = HuggingFaceLLM(thinking_stand_in.local, device="cpu")
    llm._loaded = loaded
    settings = llm._settings(loaded, Extraction, DecodingSettings())
    size = BatchSize.of(12)
    llm._engine(loaded).probe(settings, size, 300)
    assert tried == [(12, 300), (6, 300), (3, 300)]
    assert size.used == 3


def test_the_budget_is_kept_by_model_format_and_device(smollm2: HuggingFaceLLM) -> None:
    formats: tuple[Dtype, ...] = ("float32", "bfloat16")
    keys = {
        row_budget(
            dataclasses.replace(
                smollm2.local, spec=dataclasses.replace(smollm2.local.spec, dtype=dtype)
            ),
            {},
            "none",
            device,
            100,
        ).key
        for dtype in formats
        for device in ("cpu", "cuda:0")
    }
    assert len(keys) == 4


def test_generate_takes_no_more_rows_than_its_tokens(smollm2: HuggingFaceLLM, ask: Ask) -> None:
    llm = HuggingFaceLLM(smollm2.local, device="cpu", draft="off", batch_size=4)
    llm._loaded = smollm2.load()
    asked = [ask(text) for text in ("Nothing.", "Nobody.", "Never. " * 40)]
    (first,) = llm.generate_batch(asked[:1], Extraction, max_tokens=4)
    size = llm._sizes.used
    assert size is not None
    assert size.tokens is not None
    size.tokens = 2 * (first.generation.prompt_tokens + 6)  # two short ones, or the long one
    results = llm.generate_batch(asked, Extraction, max_tokens=4)
    assert [result.generation.batch_size for result in results] == [2, 2, 1]
