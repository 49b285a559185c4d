"""Quantization that cannot work here is one sentence before anything is fetched or loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.llm import hub
from stindex.llm.registry import resolve_model
from stindex.llm.storage import LocalModel, Placement, prepare, refuse_what_cannot_fit

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
    placement = Placement("cpu", bits)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=rf"--quantization {bits} needs a GPU .* device is cpu"):
        prepare(resolve_model("qwen1.5b"), fetched, placement=placement)


def test_a_model_that_is_here_is_refused_before_it_is_loaded(smollm2_local: LocalModel) -> None:
    with pytest.raises(UserError, match="--quantization 4bit needs a GPU"):
        refuse_what_cannot_fit(smollm2_local, Placement("cpu", "4bit"))


def test_a_gguf_file_is_not_quantized_once_more(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    spec = resolve_model(str(tmp_path / "tiny.gguf"))
    with pytest.raises(UserError, match=r"--quantization 8bit: tiny\.gguf is a GGUF file"):
        prepare(spec, fetched, placement=Placement("cuda", "8bit"))
