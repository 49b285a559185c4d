"""What a model takes, from its config; what fits beside it; `stindex plan` and `auto`."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from stindex.cli.plan import plan
from stindex.errors import UserError
from stindex.llm.decoding import linear
from stindex.llm.machine import mapped_files
from stindex.llm.memory import (
    LAID_OUT_SHARE,
    Footprint,
    footprint,
    known_shape,
    most_rows,
    shape_of,
)
from stindex.llm.registry import ModelSpec, hub_aliases, resolve_model

# Their files hold more than the text model computes with: a copy of the tied embeddings, a
# vision tower.
_LARGER_FILES = {"qwen3-0.6b", "gemma3-4b"}
_HUB = [s for s in hub_aliases() if not s.wheels and s.name not in _LARGER_FILES]


@pytest.mark.parametrize("spec", _HUB, ids=lambda spec: spec.name)
def test_parameters_that_a_shape_implies_are_those_of_the_files_on_the_hub(spec: ModelSpec) -> None:
    shape = shape_of(spec)
    assert shape is not None
    assert spec.download_bytes is not None
    parameters = shape.linear_parameters + shape.embedding_parameters
    assert 2 * parameters == pytest.approx(spec.download_bytes, rel=0.005)


def test_every_alias_has_a_shape() -> None:
    assert [spec.name for spec in hub_aliases() if shape_of(spec) is None] == []


def test_a_shape_is_read_from_config_json(tmp_path: Path) -> None:
    spec = resolve_model("smollm2")
    config = {
        "num_hidden_layers": 30,
        "hidden_size": 576,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "intermediate_size": 1536,
        "vocab_size": 49152,
        "tie_word_embeddings": True,
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert shape_of(spec, tmp_path) == shape_of(spec)
    for broken in ("{}", "[]", "{", '{"num_attention_heads": "x"}'):
        (tmp_path / "config.json").write_text(broken, encoding="utf-8")
        assert shape_of(resolve_model("some/model"), tmp_path) is None
        assert shape_of(spec, tmp_path) == shape_of(spec)  # it is known without


def test_keys_and_values_of_a_token_are_counted_for_all_layers() -> None:
    shape = shape_of(resolve_model("qwen7b"))
    assert shape is not None
    assert footprint(shape, "bfloat16").token == 28 * 2 * 4 * 128 * 2
    assert footprint(shape, "float32").token == 28 * 2 * 4 * 128 * 4


@given(
    weights=st.integers(0, 10**9),
    token=st.integers(1, 10**6),
    row=st.integers(1, 10**8),
    memory=st.integers(0, 10**11),
    row_tokens=st.integers(1, 10**5),
    shared=st.integers(0, 10**4),
)
def test_the_rows_that_fit_are_as_many_as_fit(
    *, weights: int, token: int, row: int, memory: int, row_tokens: int, shared: int
) -> None:
    taken = Footprint(weights, token, row, 0)
    rows = taken.rows(memory, row_tokens, shared)
    usable = 0.9 * memory
    if rows:
        assert taken.total(rows, row_tokens, shared) <= usable * (1 + 1e-9)
    assert taken.total(rows + 1, row_tokens, shared) > usable * (1 - 1e-9)


def told(*arguments: str) -> str:
    result = CliRunner().invoke(plan, list(arguments), catch_exceptions=False)
    return result.output


def test_plan_says_how_many_samples_fit() -> None:
    small = told("--model", "qwen7b", "--memory", "24GB")
    assert "weights                  15.2 GB" in small
    sizes = [
        int(told("--model", "qwen7b", "--memory", memory).split("batch size")[1].split()[0])
        for memory in ("24GB", "24000MB", "40GB")
    ]
    assert sizes[0] == sizes[1] < sizes[2]


def test_plan_tells_programs_in_bytes() -> None:
    found = json.loads(told("--model", "qwen7b", "--memory", "24GB", "--json"))
    assert found["memory_bytes"] == 24_000_000_000
    assert 0 < found["weights_bytes"] < found["total_bytes"] < found["memory_bytes"]
    assert f"batch size {found['batch_size']:>21}" in told("--model", "qwen7b", "--memory", "24GB")


@pytest.mark.parametrize(
    ("model", "memory", "words"),
    [
        ("qwen7b", "12GB", "needs about 18"),
        ("qwen7b", "much", "not a size"),
        ("qwen7b", "24", "not a size"),
        ("qwen7b", "0GB", "not a size"),
        ("qwen7b", "1e9GB", "not a size"),
        ("qwen7b", "9999999999999999999GB", "not a size"),
        ("some/model", "24GB", "its size is not known here"),
        ("rules", "24GB", "no weights"),
    ],
)
def test_plan_refuses_in_a_sentence(model: str, memory: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        told("--model", model, "--memory", memory)


def test_quantized_weights_take_less() -> None:
    plain = told("--model", "qwen7b", "--memory", "24GB")
    quantized = told("--model", "qwen7b", "--memory", "24GB", "--quantization", "4bit")
    assert plain != quantized
    assert "4bit" in quantized


@pytest.mark.parametrize(
    ("config", "parameters"),
    [  # as the models' cards have it, in billions, embeddings included
        ({"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
          "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
          "num_local_experts": 8, "tie_word_embeddings": False}, 46.7),
        ({"hidden_size": 2048, "intermediate_size": 6144, "moe_intermediate_size": 768,
          "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
          "head_dim": 128, "vocab_size": 151936, "num_experts": 128,
          "tie_word_embeddings": False}, 30.5),
    ],
    ids=["mixtral-8x7b", "qwen3-30b-a3b"],
)  # fmt: skip
def test_the_weights_of_all_experts_are_counted(
    config: dict[str, object], parameters: float
) -> None:
    shape = known_shape(config)
    assert shape is not None
    found = shape.linear_parameters + shape.embedding_parameters
    assert found / 1e9 == pytest.approx(parameters, rel=0.01)


def test_the_copy_for_onednn_is_counted_where_it_is_made() -> None:
    assert linear._SHARE == LAID_OUT_SHARE
    on_gpu = told("--model", "smollm2", "--memory", "4GB")
    on_cpu = told("--model", "smollm2", "--memory", "4GB", "--device", "cpu")
    assert "for oneDNN" not in on_gpu
    assert "weights for oneDNN        538 MB" in on_cpu
    assert "for oneDNN" not in told("--model", "smollm2", "--memory", "2GB", "--device", "cpu")
    half = ("--model", "smollm2", "--memory", "4GB", "--device", "cpu", "--torch-dtype", "float16")
    assert "for oneDNN" not in told(*half)


@pytest.mark.parametrize("device", ["cuda", "xpu", "cpu"])
def test_plan_quantizes_where_a_run_would(device: str) -> None:
    asked = ("--model", "qwen7b", "--memory", "24GB", "--quantization", "4bit", "--device")
    assert "4bit, bfloat16" in told(*asked, device)
    with pytest.raises(UserError, match="does not compute on mps"):
        told(*asked, "mps")


def test_plan_reads_a_gguf_file_and_a_cached_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(tmp_path / "m.gguf"), "llama")
    writer.add_block_count(30)
    writer.add_embedding_length(576)
    writer.add_head_count(9)
    writer.add_head_count_kv(3)
    writer.add_feed_forward_length(1536)
    writer.add_token_list([b"a"] * 49152)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    spec = resolve_model(str(tmp_path / "m.gguf"))
    expected = shape_of(resolve_model("smollm2"))
    assert shape_of(spec) == expected
    (tmp_path / "m.gguf").write_bytes(b"GGUF and no more")
    assert shape_of(spec) is None
    config = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
              "intermediate_size": 96, "vocab_size": 1000}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr("stindex.cli.plan.cached_config", lambda _: tmp_path)
    assert "some/model" in told("--model", "some/model", "--memory", "4GB")


def test_the_peak_is_this_process_own_and_not_its_parents() -> None:
    held = bytearray(300_000_000)
    code = "from stindex.llm.machine import peak_memory; print(peak_memory('cpu'))"
    command = [sys.executable, "-c", code]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 1_000_000 < peak < len(held) / 2


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="nobody says what is mapped")
def test_files_that_are_mapped_are_counted_by_their_ending(tmp_path: Path) -> None:
    file = tmp_path / "a.weights"
    file.write_bytes(bytes(3_000_000))
    before = mapped_files(".weights")
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ):
        assert mapped_files(".weights") - before == pytest.approx(3_000_000, abs=mmap.PAGESIZE)
    assert mapped_files(".weights") == before


def test_a_processor_gets_no_more_rows_than_it_has_use_for() -> None:
    assert most_rows("cpu") < most_rows("cuda:1")
