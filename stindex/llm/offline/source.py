"""vLLM in this process as a source of answers: the same prompts, grammar and records as `hf`.

Requests go into vLLM's engine as others leave it, the longest first, and each generation is handed
over the moment it is finished. vLLM is imported and the model loaded when the first answer is
wanted, not before.
"""

from __future__ import annotations

import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event
from typing import Any, Literal

from pydantic import BaseModel
from transformers import PreTrainedTokenizerBase

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Refillable, Request, request_seed
from stindex.llm.decoding.grammar import grammar_text
from stindex.llm.decoding.row import Limits, Vocabulary
from stindex.llm.machine import free_memory
from stindex.llm.model_files import read_files
from stindex.llm.offline.opening import vllm_versions
from stindex.llm.offline.stages import Stage, StagedRow
from stindex.llm.registry import Dtype
from stindex.llm.rendering import renderer
from stindex.llm.storage import LocalModel, Placement
from stindex.schema import Generation

_Row = tuple[Request, StagedRow]

# Of compute capability 9.0 on, vLLM has kernels whose results do not depend on the batch.
_BATCH_INVARIANT_FROM = 90
# With any other reason vLLM has not decoded to the end: the grammar did not compile, for example.
_ENDS = frozenset({"stop", "length"})
# Defaults only: what the user has set stays. In this process, so that `stop` is heard at once;
# nothing is sent to vLLM's makers; the terminal is the test run's.
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """vLLM with a model in memory.

    Attributes:
        engine: vLLM's `LLMEngine`.
        context: the longest text in tokens, prompt and answer together.
        batch_invariant: whether answers are the same in any batch.
    """

    engine: Any
    tokenizer: PreTrainedTokenizerBase
    vocabulary: Vocabulary
    context: int
    device: str
    batch_invariant: bool
    seconds: float


class VllmSource:
    """A local model that vLLM decodes. Loads itself before the first answer."""

    def __init__(  # noqa: PLR0913  # each is an option of the command line
        self,
        local: LocalModel,
        *,
        dtype: Dtype,
        requests_together: int = 64,
        tensor_parallel: int = 1,
        trust_remote_code: bool = False,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take a model whose files are on this machine.

        Args:
            dtype: of the weights in memory.
            requests_together: how many requests are in vLLM's engine at a time.
            tensor_parallel: devices that the model is spread over.
            announce: called with a line before the model is loaded.
        """
        self._local = local
        self._dtype = dtype
        self._together = requests_together
        self._tensor_parallel = tensor_parallel
        self._placement = Placement(trust_remote_code=trust_remote_code)
        self._announce = announce
        self._loaded: LoadedEngine | None = None
        self._measured: Mapping[str, Any] = {}  # known once loaded, and still when closed
        self._number = 0

    def load(self) -> LoadedEngine:
        """Load the model, once, and return it.

        Raises:
            UserError: vLLM cannot be imported or refuses the model.
        """
        if self._loaded is None:
            self._announce(f"vLLM loads {self._local.spec.name}; the first time takes a minute.")
            self._loaded = loaded = self._load()
            self._measured = {
                "device": loaded.device,
                "dtype": self._dtype,
                "batch_invariant": loaded.batch_invariant,
                "load_seconds": round(loaded.seconds, 3),
                "context_tokens": loaded.context,
                "chat_template": bool(loaded.tokenizer.chat_template),
            }
        return self._loaded

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield a generation for each request as it is finished; the longest are begun first.

        Where `requests` is `Refillable`, it is asked for more as places fall free.
        Once `stop` is set the requests that were not finished are dropped.

        Raises:
            UserError: the model cannot be loaded, these settings are none for it, or vLLM stopped.
        """
        asking = _Asking(response_model, decoding)
        more = requests.more if isinstance(requests, Refillable) else tuple
        waiting, refused = self._rows(requests, decoding)
        running: dict[str, _Running] = {}
        try:
            while not stop.is_set():
                yield from refused
                refused = []
                while waiting and len(running) < self._together:
                    running |= self._begin(_Running(*waiting.popleft(), len(running) + 1), asking)
                if len(running) < self._together and (found := more()):
                    waiting, refused = self._rows(found, decoding)
                elif not running:
                    return
                else:
                    yield from self._advanced(running, asking)
        finally:
            self.load().engine.abort_request(list(running))

    def _rows(
        self, requests: Iterable[Request], decoding: DecodingSettings
    ) -> tuple[deque[_Row], list[tuple[Request, Generation]]]:
        """Return what is to be decoded, the longest first, and what can have no answer."""
        loaded = self.load()
        limits = Limits(decoding.max_tokens, decoding.thinking_tokens, loaded.context)
        render = renderer(loaded.tokenizer, decoding.thinking)
        rows: list[_Row] = []
        refused: list[tuple[Request, Generation]] = []
        for request in requests:
            try:
                prompt = render.prompt(request.key, request.messages)
                _refuse_too_long(len(prompt.token_ids), loaded.context)
            except ValueError as problem:
                reason = f"This sample was not decoded: {problem}."
                refused.append((request, Generation("", "error", error=reason)))
                continue
            rows.append((request, StagedRow(prompt, loaded.vocabulary, limits)))
        return deque(sorted(rows, key=lambda row: -len(row[1].prompt.token_ids))), refused

    def provenance(self) -> Mapping[str, Any]:
        """Return JSON-ready facts for `run.json`; measured ones only once the model is loaded."""
        spec = self._local.spec
        return {
            "engine": "vllm",
            "versions": vllm_versions(),
            "model": spec.name,
            "repository": spec.repository,
            "revision": self._local.commit or spec.revision,
            "fingerprint": self._local.fingerprint,
            "trust_remote_code": self._placement.trust_remote_code,
            "tensor_parallel": self._tensor_parallel,
            "batch_size_used": self._together,
            "prefix_cache": True,
            **self._measured,
        }

    def close(self) -> None:
        """Give the model's memory and vLLM's processes back."""
        if self._loaded is not None:
            self._loaded.engine.engine_core.shutdown()
            self._loaded = None

    def _load(self) -> LoadedEngine:
        started = time.perf_counter()
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        path = self._local.path
        try:
            with _calm():
                files = read_files(self._local, self._placement)
                platform = import_module("vllm.platforms").current_platform
                _bound_the_cache(platform)
                invariant = _ask_for_batch_invariance(platform)
                engine = self._engine()
        except UserError:
            raise
        except Exception as problem:  # whatever vLLM runs into
            raise UserError(
                f"--model {self._local.spec.name}: vLLM cannot load the model in {path} "
                f"({_first_line(problem)}); VLLM_LOGGING_LEVEL=INFO shows more."
            ) from problem
        return LoadedEngine(
            engine,
            files.tokenizer,
            files.vocabulary,
            int(engine.model_config.max_model_len),
            str(platform.device_type),
            invariant,
            time.perf_counter() - started,
        )

    def _engine(self) -> Any:  # noqa: ANN401
        llm = import_module("vllm").LLM(
            model=str(self._local.path),
            dtype=self._dtype,
            trust_remote_code=self._placement.trust_remote_code,
            tensor_parallel_size=self._tensor_parallel,
            max_num_seqs=self._together,
            max_model_len=-1,  # the model's own, or what memory has room for
            enable_prefix_caching=True,
            generation_config="vllm",  # not the model's sampling defaults
            structured_outputs_config={"backend": "xgrammar"},
            use_tqdm_on_load=False,
        )
        return llm.llm_engine

    def _advanced(
        self, running: dict[str, _Running], asking: _Asking
    ) -> Iterator[tuple[Request, Generation]]:
        """Take one step; yield what is finished, and begin the next stage of what is not."""
        for name, written, reason in self._step():
            one = running.pop(name)
            if reason not in _ENDS:
                yield one.request, _given_up(one, reason)
                continue
            one.row.take(written)
            if one.row.finished is None:
                running |= self._begin(one, asking)
            else:
                yield one.request, _generation(one)

    def _begin(self, one: _Running, asking: _Asking) -> dict[str, _Running]:
        """Hand the next stage of a request to vLLM; return it under the name it has there."""
        self._number += 1
        name = str(self._number)
        prompt = {"prompt_token_ids": one.row.prompt_ids}
        with _calm():
            self.load().engine.add_request(name, prompt, asking.parameters(one))
        return {name: one}

    def _step(self) -> list[tuple[str, list[int], str]]:
        """Return the names of the stages that ended in this step, what they wrote, and why."""
        try:
            with _calm():
                outputs = self.load().engine.step()
        except Exception as problem:  # the engine is dead, and with it all that it had
            raise UserError(
                f"vLLM stopped ({type(problem).__name__}: {_first_line(problem)}); what was "
                "answered is kept: run the same command again."
            ) from problem
        return [
            (o.request_id, list(o.outputs[0].token_ids), str(o.outputs[0].finish_reason))
            for o in outputs
            if o.finished
        ]


@dataclass(slots=True)
class _Running:
    """A request that vLLM is at. `together` counts those that were with it when it began."""

    request: Request
    row: StagedRow
    together: int
    started: float = field(default_factory=time.perf_counter)


class _Asking:
    """Makes vLLM's sampling parameters; a grammar is written once."""

    def __init__(self, response_model: type[BaseModel], decoding: DecodingSettings) -> None:
        self._response_model = response_model
        self._decoding = decoding
        self._grammars: dict[bool, str] = {}
        self._vllm = import_module("vllm")

    def parameters(self, one: _Running) -> Any:  # noqa: ANN401
        decoding, row = self._decoding, one.row
        return self._vllm.SamplingParams(
            temperature=decoding.temperature or 0.0,
            seed=request_seed(decoding.seed, one.request.key) if decoding.temperature else None,
            max_tokens=row.budget,
            stop_token_ids=row.end_ids,
            stop=row.stop_texts,
            include_stop_str_in_output=True,
            skip_special_tokens=False,
            structured_outputs=self._structured(row),
        )

    def _structured(self, row: StagedRow) -> Any:  # noqa: ANN401
        if not self._decoding.constrained or row.stage is not Stage.ANSWER:
            return None
        thought = row.thought_tokens > 0
        if thought not in self._grammars:
            self._grammars[thought] = grammar_text(self._response_model, after_thought=thought)
        params = import_module("vllm.sampling_params").StructuredOutputsParams
        return params(grammar=self._grammars[thought])


def _bound_the_cache(platform: Any) -> None:  # noqa: ANN401
    """On a CPU, leave the keys and values a quarter of what is free: vLLM would take it all."""
    if platform.is_cpu():
        room = free_memory("cpu").bytes_free // 4 // 2**30
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(max(1, room)))


def _ask_for_batch_invariance(platform: Any) -> bool:  # noqa: ANN401
    """Turn it on where this device has it and the user has not said otherwise."""
    if platform.is_cuda() and platform.has_device_capability(_BATCH_INVARIANT_FROM):
        os.environ.setdefault("VLLM_BATCH_INVARIANT", "1")
    return os.environ.get("VLLM_BATCH_INVARIANT") == "1"


def _generation(one: _Running) -> Generation:
    row = one.row
    written = list(row.tokens)
    if written and written[-1] in row.vocabulary.end_ids:
        written.pop()
    reason: Literal["stop", "length"] = row.finished or "length"
    return Generation(
        raw_text=row.vocabulary.decode(written),
        finish_reason=reason,
        prompt_tokens=len(row.prompt.token_ids),
        completion_tokens=len(row.tokens),
        seconds=time.perf_counter() - one.started,
        batch_size=one.together,
        thought_tokens=row.thought_tokens,
    )


def _given_up(one: _Running, reason: str) -> Generation:
    said = f"vLLM gave this sample up ({reason}); VLLM_LOGGING_LEVEL=INFO shows why."
    return Generation("", "error", prompt_tokens=len(one.row.prompt.token_ids), error=said)


def _refuse_too_long(length: int, context: int) -> None:
    if length >= context:
        raise ValueError(
            f"its prompt has {length} tokens and there is room for {context}; shorten the text or "
            "use a model with a longer context"
        )


@contextmanager
def _calm() -> Iterator[None]:
    """Keep vLLM's own warnings from becoming errors of the test run, in its threads as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return (text if len(text) <= 200 else text[:197] + "...").rstrip(".")
