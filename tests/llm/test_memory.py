"""What a model takes, from its config; what fits beside it; `stindex plan` and `auto`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from stindex.cli.plan import plan
from stindex.errors import UserError
from stindex.llm.memory import Footprint, footprint, most_rows, shape_of
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
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert shape_of(spec, tmp_path) is None


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
        ("some/model", "24GB", "its size is not known here"),
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


def test_a_processor_gets_no_more_rows_than_it_has_use_for() -> None:
    assert most_rows("cpu") < most_rows("cuda:1")
