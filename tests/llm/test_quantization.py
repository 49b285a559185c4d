"""Quantization that cannot work here is one sentence before anything is fetched or loaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.llm import hub, loading
from stindex.llm.base import Message
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.registry import resolve_model
from stindex.llm.storage import (
    LocalModel,
    Placement,
    Quantization,
    prepare,
    refuse_what_cannot_fit,
)
from stindex.schema import Extraction

pytestmark = pytest.mark.slow


def fetched(*_: object, **__: object) -> None:
    raise AssertionError("nothing may be fetched")


@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_a_model_of_the_hub_is_not_fetched_for_a_device_that_cannot_hold_it_quantized(
    monkeypatch: pytest.MonkeyPatch, bits: str
) -> None:
    monkeypatch.setattr(hub, "cached_snapshot", lambda _: None)
    monkeypatch.setattr(hub, "download_bytes", fetched)
    monkeypatch.setattr(hub, "download", fetched)
    monkeypatch.setattr(loading, "choose_device", str)
    placement = Placement("mps", bits)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=rf"--quantization {bits}: bitsandbytes .* not .* on mps"):
        prepare(resolve_model("qwen1.5b"), fetched, placement=placement)


def test_a_model_that_is_here_is_refused_before_it_is_loaded(
    smollm2_local: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "is_bitsandbytes_available", lambda: False)
    with pytest.raises(UserError, match="--quantization 4bit needs bitsandbytes, which is not"):
        refuse_what_cannot_fit(smollm2_local, Placement("cpu", "4bit"))


@pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="needs bitsandbytes")
@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_a_processor_decodes_with_quantized_weights(
    smollm2_local: LocalModel,
    ask: Callable[[str], tuple[Message, ...]],
    bits: Quantization,
    caplog: pytest.LogCaptureFixture,
) -> None:
    llm = HuggingFaceLLM(smollm2_local, dtype="bfloat16", device="cpu", quantization=bits)
    (result,) = llm.generate_batch([ask("Rain in Lyon.")], Extraction, max_tokens=8)
    assert result.generation.raw_text.startswith("{")
    assert llm.provenance()["quantization"] == bits
    assert llm.provenance()["engine_fallback"] is None
    assert "will be cast" not in caplog.text


@pytest.mark.parametrize("size", [4, 24])
def test_a_gguf_file_that_is_cut_off_is_to_be_copied_again(tmp_path: Path, size: int) -> None:
    (tmp_path / "tiny.gguf").write_bytes((b"GGUF\x03\0\0\0" + b"\x09\0\0\0\0\0\0\0" * 2)[:size])
    local = prepare(resolve_model(str(tmp_path / "tiny.gguf")), fetched)
    with pytest.raises(UserError, match=r"cannot be loaded .*; copy the file again if it may be"):
        HuggingFaceLLM(local, device="cpu").load()


def test_a_gguf_file_is_not_quantized_once_more(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    spec = resolve_model(str(tmp_path / "tiny.gguf"))
    with pytest.raises(UserError, match=r"--quantization 8bit: tiny\.gguf is a GGUF file"):
        prepare(spec, fetched, placement=Placement("cuda", "8bit"))
