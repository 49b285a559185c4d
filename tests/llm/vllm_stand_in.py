"""`StandInVllm`: the part of vLLM's API that the source uses, over answers that a test dictates.

Its engine writes one token a step for every request, ends at stop tokens, stop texts and limits as
vLLM does (the end token is part of what it returns), and remembers what it was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

# Gets the prompt's token ids; returns the ids that the model would like to write.
Script = Callable[[Sequence[int]], Sequence[int]]


@dataclass
class StandInParams:
    """vLLM's SamplingParams, as far as the source sets them."""

    temperature: float
    seed: int | None
    max_tokens: int
    stop_token_ids: list[int]
    stop: list[str]
    include_stop_str_in_output: bool
    skip_special_tokens: bool
    structured_outputs: Any


@dataclass
class StandInEngine:
    """vLLM's LLMEngine."""

    script: Script
    decode: Callable[[list[int]], str]
    context: int
    running: dict[str, tuple[list[int], StandInParams, list[int]]] = field(default_factory=dict)
    asked: list[tuple[list[int], StandInParams]] = field(default_factory=list)
    most_together: int = 0
    failing: Exception | None = None
    gives_up: str = ""

    def __post_init__(self) -> None:
        self.model_config = SimpleNamespace(max_model_len=self.context)
        self.closed = False
        self.engine_core = SimpleNamespace(shutdown=self._shut)

    def _shut(self) -> None:
        self.closed = True

    def add_request(self, name: str, prompt: dict[str, list[int]], params: StandInParams) -> None:
        ids = prompt["prompt_token_ids"]
        self.asked.append((ids, params))
        self.running[name] = (ids, params, [])
        self.most_together = max(self.most_together, len(self.running))

    def abort_request(self, names: list[str]) -> None:
        for name in names:
            del self.running[name]

    def step(self) -> list[Any]:
        if self.failing is not None:
            raise self.failing
        return [self._advanced(name) for name in list(self.running)]

    def _advanced(self, name: str) -> SimpleNamespace:
        ids, params, written = self.running[name]
        written.append(self.script(ids)[len(written)])
        text = self.decode(written)
        reason = self.gives_up
        if written[-1] in params.stop_token_ids or any(stop in text for stop in params.stop):
            reason = "stop"
        elif len(written) >= params.max_tokens:
            reason = "length"
        if reason:
            del self.running[name]
        output = SimpleNamespace(token_ids=tuple(written), finish_reason=reason or None)
        return SimpleNamespace(request_id=name, finished=bool(reason), outputs=[output])


@dataclass
class StandInVllm:
    """Puts itself in vLLM's place; `options` are what the model was loaded with."""

    engine: StandInEngine
    options: dict[str, object] = field(default_factory=dict)
    refuses: str = ""

    def install(self, patch: pytest.MonkeyPatch, *, capability: int = 0) -> None:
        """Be what `import vllm` finds."""
        platform = SimpleNamespace(
            device_type="cuda" if capability else "cpu",
            is_cpu=lambda: not capability,
            is_cuda=lambda: bool(capability),
            has_device_capability=lambda wanted: capability >= wanted,
        )
        modules: dict[str, dict[str, Any]] = {
            "vllm": {"LLM": self._load, "SamplingParams": StandInParams},
            "vllm.platforms": {"current_platform": platform},
            "vllm.sampling_params": {"StructuredOutputsParams": SimpleNamespace},
        }
        for name, members in modules.items():
            module = ModuleType(name)
            module.__dict__.update(members)
            patch.setitem(sys.modules, name, module)

    def _load(self, **options: object) -> SimpleNamespace:
        if self.refuses:
            raise ValueError(self.refuses)
        self.options = options
        return SimpleNamespace(llm_engine=self.engine)
