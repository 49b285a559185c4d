"""What is refused under ZeRO-3, what DeepSpeed is told, and one `generate` a call."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from stindex.config import Settings
from stindex.errors import UserError
from stindex.llm import zero3
from stindex.llm.decoding.batches import BatchSize
from stindex.llm.decoding.plain import BatchSettings
from stindex.llm.decoding.row import Limits, Prompt, Vocabulary
from stindex.llm.registry import resolve_model
from stindex.llm.zero3 import InStep, deepspeed_config, refuse_quantized, refuse_under_zero3

pytestmark = pytest.mark.slow

VOCABULARY = Vocabulary(frozenset({1}), 0, (), None, frozenset(), str)
SETTINGS = BatchSettings(VOCABULARY, Limits(4, 0), None)


class Model:
    """Counts the calls; writes the end token at once."""

    device = torch.device("cpu")

    def __init__(self, problem: Exception | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._problem = problem

    def generate(self, **given: Any) -> torch.Tensor:  # noqa: ANN401 (of transformers)
        self.calls.append(given)
        if self._problem is not None:
            raise self._problem
        prompts: torch.Tensor = given["input_ids"]
        scores = torch.zeros(len(prompts), 8)
        scores[:, 1] = 1.0
        written = given["logits_processor"](prompts, scores).argmax(dim=-1)
        return torch.cat([prompts, written[:, None]], dim=1)


def _results(model: Model, *prompts: Prompt) -> list[int]:
    found = InStep(model).results(prompts, SETTINGS, BatchSize.of(1), Event())
    return [result.index for result in found]


def test_a_call_is_one_synced_generate_however_many_prompts_there_are() -> None:
    model = Model()
    assert _results(model, Prompt("a", (3, 4)), Prompt("b", (5,)), Prompt("c", (6,))) == [0, 1, 2]
    assert _results(model) == []
    assert [call["synced_gpus"] for call in model.calls] == [True, True]
    assert [len(call["input_ids"]) for call in model.calls] == [3, 1]
    assert model.calls[1]["generation_config"].max_new_tokens == 1


def test_a_batch_that_fails_is_not_tried_row_by_row_but_ends_the_run() -> None:
    model = Model(RuntimeError("out of memory"))
    with pytest.raises(UserError, match=r"no rank can go on alone .*out of memory.*--batch-size"):
        _results(model, Prompt("a", (3,)), Prompt("b", (4,)))
    assert len(model.calls) == 1


@pytest.mark.parametrize(
    ("given", "named"),
    [({"batch_size": "auto"}, "--batch-size auto"), ({"quantization": "4bit"}, "--quantization 4")],
)
def test_what_ranks_cannot_do_in_step_is_refused(
    given: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, spec = Settings.model_validate(given), resolve_model("org/model")
    monkeypatch.setattr(zero3, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'stindex\[deepspeed\]'"):
        refuse_under_zero3(values, spec)
    monkeypatch.setattr(zero3, "find_spec", lambda _: "there")
    with pytest.raises(UserError, match=named):
        refuse_under_zero3(values, spec)
    refuse_under_zero3(Settings.model_validate({}), spec)


def test_parameters_are_kept_where_the_launchers_file_says() -> None:
    told = {"ACCELERATE_USE_DEEPSPEED": "true", "ACCELERATE_DEEPSPEED_ZERO_STAGE": "3"}
    place = "ACCELERATE_DEEPSPEED_OFFLOAD_PARAM_DEVICE"
    assert deepspeed_config({**told, place: "none"})["zero_optimization"] == {"stage": 3}
    offload = deepspeed_config({**told, place: "cpu"})["zero_optimization"]["offload_param"]
    assert offload["device"] == "cpu"


def test_weights_that_are_stored_quantized_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zero3, "find_spec", lambda _: "there")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    gguf = resolve_model(str(tmp_path / "model.gguf"))
    with pytest.raises(UserError, match=r"is a GGUF file.*cfg/multi_gpu\.yaml"):
        refuse_under_zero3(Settings.model_validate({}), gguf)

    config = tmp_path / "config.json"
    config.write_text(json.dumps({"quantization_config": {"quant_method": "awq"}}))
    with pytest.raises(UserError, match=r"--model mine: its weights are quantized \(awq\)"):
        refuse_quantized(tmp_path, "mine")
    config.write_text(json.dumps({"model_type": "llama"}))
    refuse_quantized(tmp_path, "mine")
