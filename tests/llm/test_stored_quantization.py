"""Weights that are stored quantized: refused in a sentence where they cannot be computed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from transformers.quantizers import auto as quantizers

from stindex.cli.plan import plan
from stindex.errors import UserError
from stindex.llm.loading import load_model
from stindex.llm.model_files import ModelFiles
from stindex.llm.registry import resolve_model
from stindex.llm.storage import LocalModel, Placement, prepare, refuse_what_cannot_fit

CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 30,
    "hidden_size": 576,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "intermediate_size": 1536,
    "vocab_size": 49152,
    "tie_word_embeddings": True,
}
FILE_BYTES = 20_000_000
NO_FILES = cast("ModelFiles", None)  # refused before they are looked at

pytestmark = pytest.mark.slow

Stored = Callable[..., LocalModel]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Makes a checkpoint whose `config.json` has a `quantization_config`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def made(quantization: object, **further: object) -> LocalModel:
        directory = tmp_path / "mine"
        directory.mkdir(exist_ok=True)
        config = {**CONFIG, "quantization_config": quantization, **further}
        (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (directory / "model.safetensors").write_bytes(bytes(FILE_BYTES))  # cannot be loaded
        return prepare(resolve_model(str(directory)), lambda _: None)

    return made


@pytest.mark.parametrize(
    ("quantization", "package", "module"),
    [
        ({"quant_method": "gptq", "bits": 4}, "optimum", "gptq"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, "gptqmodel", "awq"),
        ({"quant_method": "compressed-tensors", "format": "x"}, "compressed_tensors", ""),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes", "bnb_4bit"),
        ({"load_in_8bit": True}, "bitsandbytes", "bnb_8bit"),
    ],
)
def test_a_method_whose_package_is_not_there_is_refused_before_weights_are_read(
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    quantization: dict[str, Any],
    package: str,
    module: str,
) -> None:
    asked = f"transformers.quantizers.quantizer_{module or package}.is_{package}_available"
    monkeypatch.setattr(asked, lambda: False)
    local = stored(quantization)
    method = quantization.get("quant_method", "bitsandbytes")
    with pytest.raises(UserError) as caught:
        refuse_what_cannot_fit(local, Placement("cpu"))
    sentence = str(caught.value)
    told = f"--model {local.spec.name}: its weights are stored quantized ({method}), which cannot"
    assert sentence.startswith(told)
    assert "install" in sentence
    assert "\n" not in sentence
    with pytest.raises(UserError, match="stored quantized"):  # in a notebook nothing else asks
        load_model(local, Placement("cpu"), NO_FILES)


@pytest.mark.parametrize("method", ["wizardry", None, ["gptq"]])
def test_a_method_that_nobody_knows_is_refused_and_not_decoded_as_if_it_were_none(
    stored: Stored, method: object
) -> None:
    with pytest.raises(UserError, match=r"stored quantized \(.*cannot be computed here \("):
        refuse_what_cannot_fit(stored({"quant_method": method, "bits": 3}), Placement("cpu"))


def test_the_quantization_of_a_text_model_within_another_counts(stored: Stored) -> None:
    inner = {"quantization_config": {"quant_method": "wizardry"}}
    with pytest.raises(UserError, match="wizardry"):
        refuse_what_cannot_fit(stored(None, text_config=inner), Placement("cpu"))


def test_what_the_method_asks_of_the_device_is_asked_of_the_one_that_is_used(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    class Method:
        def validate_environment(self, **given: object) -> None:
            asked.append(given["device_map"])

    monkeypatch.setattr(quantizers.AutoHfQuantizer, "from_config", lambda _: Method())
    refuse_what_cannot_fit(stored({"quant_method": "gptq"}), Placement("cpu"))
    assert asked == [{"": "cpu"}]


@pytest.mark.parametrize("none", [None, {}, "gptq", 4])
def test_weights_that_are_not_quantized_are_not_refused(stored: Stored, none: object) -> None:
    refuse_what_cannot_fit(stored(none), Placement("cpu"))


def test_weights_are_not_quantized_once_more(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stindex.llm.loading.is_bitsandbytes_available", lambda: True)
    local = stored({"quant_method": "gptq", "bits": 4})
    words = r"--quantization 8bit: the weights of .*mine are stored quantized \(gptq\); leave"
    with pytest.raises(UserError, match=words):
        refuse_what_cannot_fit(local, Placement("cpu", "8bit"))
    with pytest.raises(UserError, match=words):
        planned(local, "--quantization", "8bit")


def planned(local: LocalModel, *arguments: str) -> dict[str, Any]:
    given = ["--model", local.spec.name, "--memory", "24GB", "--json", *arguments]
    told = json.loads(CliRunner().invoke(plan, given, catch_exceptions=False).output)
    assert isinstance(told, dict)
    return told


def test_plan_counts_quantized_weights_as_they_are_stored(stored: Stored) -> None:
    whole = planned(stored(None))
    assert whole["weights_bytes"] > 10 * FILE_BYTES
    assert whole["number_format"] == "bfloat16"
    quantized = planned(stored({"quant_method": "gptq", "bits": 4}))
    assert quantized["weights_bytes"] == FILE_BYTES
    assert quantized["number_format"] == "gptq, bfloat16"


@pytest.mark.parametrize("method", ["fp8", "mxfp4"])
def test_plan_counts_what_is_unpacked_for_want_of_a_gpu_at_its_full_size(
    stored: Stored, method: str
) -> None:
    local = stored({"quant_method": method})
    assert planned(local, "--device", "cuda")["weights_bytes"] == FILE_BYTES
    assert planned(local, "--device", "cpu")["weights_bytes"] > 10 * FILE_BYTES
