"""The settings of a run ─▶ its source of answers, and the fingerprint of what will answer.

This is the one place that knows which sources there are. A fingerprint costs no import of torch,
so that a run whose answers are all there never loads a model.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.config import ResolvedSettings
from stindex.errors import UserError
from stindex.llm.base import AnswerSource, Thinking
from stindex.llm.own_sampling import own_sampling, refuse_equal_answers
from stindex.llm.registry import OWN_SOURCES
from stindex.llm.storage import (
    LocalModel,
    Placement,
    Quantization,
    prepare,
    refuse_what_cannot_fit,
    refuse_without_engine,
    required_memory,
)
from stindex.llm.zero3 import refuse_quantized, refuse_under_zero3
from stindex.resources import find
from stindex.runs.roles import find_role

if TYPE_CHECKING:
    from stindex.datasets import Dataset
    from stindex.llm.stored_answers import Rescored


@dataclass(frozen=True, slots=True)
class Answerer:
    """What is going to answer.

    Attributes:
        fingerprint: of everything about it that may change an answer.
        open: makes the source; called once, when the first answer is wanted.
        rescored: the stored run whose answers are scored again; None where answers are made.
        memory_bytes: memory that each process needs for it; 0 where that is not known.
        check: raises UserError where the source could not work here; called before the first
            test when there is something to generate, as it may be slow (it imports torch).
        check_samples: raises UserError where the source does not fit the data set.
        in_step: all ranks have to ask for answers equally often (ZeRO-3).
        cost: tokens of prompts and of answers ─▶ what they cost; None where nobody sends a bill.
    """

    fingerprint: str
    open: Callable[[], AnswerSource]
    check: Callable[[], None] = lambda: None
    check_samples: Callable[[Dataset], None] = lambda _: None
    rescored: Rescored | None = None
    memory_bytes: int = 0
    in_step: bool = False
    cost: Callable[[int, int], Mapping[str, Any]] | None = None


def find_answerer(settings: ResolvedSettings, announce: Callable[[str], None]) -> Answerer:
    """Return what the settings name; its files are on this machine afterwards.

    Raises:
        UserError: the model cannot be had or cannot fit.
    """
    if settings.values.rescore is not None:
        return _stored(settings, announce)
    if settings.values.predictions is not None:
        return _given(settings, announce)
    if settings.values.backend != "hf":
        return {"openai": _server, "vllm": _vllm}[settings.values.backend](settings, announce)
    if settings.spec.kind == "own":
        return _own(settings.spec.name)
    if settings.spec.kind == "rules":
        return Answerer(rules_fingerprint(), _open_rules)
    values = settings.values
    in_step = find_role(os.environ).in_step
    if in_step:
        refuse_under_zero3(values, settings.spec)
    placement = Placement(values.device, values.quantization, values.trust_remote_code)
    local = prepare(settings.spec, announce, explicit=settings.explicit_model, placement=placement)
    if in_step:
        refuse_quantized(local.path, settings.spec.name)
    if values.sampling == "model":
        refuse_equal_answers(own_sampling(local), values.repeats)
    return Answerer(
        local.fingerprint,
        lambda: _open_huggingface(local, settings, announce, in_step=in_step),
        lambda: _check_huggingface(local, placement, values.thinking, in_step=in_step),
        memory_bytes=_memory_bytes(local, values.quantization),
        in_step=in_step,
    )


def _stored(settings: ResolvedSettings, announce: Callable[[str], None]) -> Answerer:
    from stindex.llm.stored_answers import open_stored  # noqa: PLC0415 (only for `--rescore`)

    rescored, source = open_stored(settings, announce)
    return Answerer(rescored.identity.weights, lambda: source, rescored=rescored)


def _given(settings: ResolvedSettings, announce: Callable[[str], None]) -> Answerer:
    from stindex.llm.predictions import open_predictions  # noqa: PLC0415 (for `--predictions`)

    source = open_predictions(settings.root / str(settings.values.predictions))
    return Answerer(
        source.content_hash,
        lambda: source,
        check_samples=lambda dataset: source.check_samples(dataset, announce),
    )


def _own(name: str) -> Answerer:
    source = OWN_SOURCES[name]()
    # What it says of itself is all that can be known: a new version is another source.
    said = json.dumps(source.provenance(), sort_keys=True, default=str)
    return Answerer(f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:16]}", lambda: source)


def _server(settings: ResolvedSettings, announce: Callable[[str], None]) -> Answerer:
    from stindex.llm.server.opening import (  # noqa: PLC0415 (for `--backend openai`)
        check_client,
        open_server,
        server_fingerprint,
        server_settings,
    )
    from stindex.llm.server.prices import load_prices  # noqa: PLC0415

    server = server_settings(settings, announce)
    prices = load_prices(find("cfg/prices.yaml", settings.root))
    return Answerer(
        server_fingerprint(server),
        lambda: open_server(server, prices, announce),
        lambda: check_client(server.in_flight),
        cost=server_cost(settings),
    )


def server_cost(settings: ResolvedSettings) -> Callable[[int, int], Mapping[str, Any]]:
    """Return what says what the tokens of a served model cost, by the user's price table.

    Raises:
        UserError: the price table is broken.
    """
    from stindex.llm.server.prices import Used, cost, load_prices  # noqa: PLC0415

    prices = load_prices(find("cfg/prices.yaml", settings.root))
    return lambda asked, written: cost(prices, settings.values.model, Used(asked, 0, written))


def _vllm(settings: ResolvedSettings, announce: Callable[[str], None]) -> Answerer:
    from stindex.llm.offline.opening import (  # noqa: PLC0415 (for `--backend vllm`)
        open_vllm,
        refuse_without_vllm,
        vllm_fingerprint,
    )

    refuse_without_vllm(settings)
    values = settings.values
    placement = Placement(trust_remote_code=values.trust_remote_code)
    local = prepare(settings.spec, announce, explicit=settings.explicit_model, placement=placement)
    return Answerer(
        vllm_fingerprint(local),
        lambda: open_vllm(local, settings, announce),
        lambda: _check_thinking(local, placement, values.thinking),
        memory_bytes=_memory_bytes(local, "none"),
    )


def rules_fingerprint() -> str:
    """Return a hash of the rules and of the gazetteer that they read places with."""
    from stindex.geocoding.index import table_checksum  # noqa: PLC0415

    package = Path(__file__).parent.parent
    rules = hashlib.sha256()
    for path in sorted([*(package / "rules").rglob("*.*"), *(package / "geocoding").glob("spot*")]):
        if path.suffix != ".pyc" and path.is_file():
            rules.update(path.read_bytes())
    return f"rules-{rules.hexdigest()[:16]}-{table_checksum()[:16]}"


def _open_rules() -> AnswerSource:
    from stindex.geocoding.embedded import open_gazetteer  # noqa: PLC0415
    from stindex.rules.reader import RulesReader  # noqa: PLC0415

    return RulesReader(open_gazetteer())


def _memory_bytes(local: LocalModel, quantization: Quantization) -> int:
    return required_memory(local.spec, local.stored_bytes, quantization)


def _check_huggingface(
    local: LocalModel, placement: Placement, thinking: Thinking, *, in_step: bool
) -> None:
    refuse_without_engine(local.spec)
    if not in_step:  # no rank has to hold the whole model
        refuse_what_cannot_fit(local, placement)
    _check_thinking(local, placement, thinking)


def _check_thinking(local: LocalModel, placement: Placement, thinking: Thinking) -> None:
    """Refuse thoughts, or none, where the model cannot do that, before its weights are loaded."""
    if thinking == "auto":
        return
    from stindex.llm.model_files import read_files  # noqa: PLC0415  # imports torch
    from stindex.llm.rendering import renderer  # noqa: PLC0415  # imports torch

    try:
        files = read_files(local, placement)
    except UserError:  # loading the model says it
        return
    renderer(files.tokenizer, thinking)


def _open_huggingface(
    local: LocalModel,
    settings: ResolvedSettings,
    announce: Callable[[str], None],
    *,
    in_step: bool,
) -> AnswerSource:
    from stindex.llm.huggingface import HuggingFaceLLM  # noqa: PLC0415

    values = settings.values
    return HuggingFaceLLM(
        local,
        dtype=values.torch_dtype,
        device=values.device,
        quantization=values.quantization,
        batch_size=values.batch_size,
        trust_remote_code=values.trust_remote_code,
        draft=values.draft,
        in_step=in_step,
        announce=announce,
    )
