"""Local models through transformers: requests go in, generations come out as batches finish.

`HuggingFaceLLM` is a source of answers for a run and, with `generate_batch`, a small interface for
notebooks. Torch is imported and the model loaded when the first answer is wanted, not before.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from stindex.llm.base import Announcer, DecodingSettings, Message, Refillable, Request
from stindex.llm.batch_sizes import BatchSizes, Together
from stindex.llm.machine import gigabytes, peak_memory, without_collecting
from stindex.llm.own_sampling import OwnSampling, Sampling, own_sampling
from stindex.llm.registry import Dtype, resolve_model
from stindex.llm.storage import LocalModel, Placement, Quantization, prepare
from stindex.llm.zero3 import InStep
from stindex.parsing import parse_answer
from stindex.schema import Generation, Outcome

if TYPE_CHECKING:
    from stindex.llm.decoding.batches import Result
    from stindex.llm.decoding.choice import LocalDecoding
    from stindex.llm.decoding.grammar import Grammar
    from stindex.llm.decoding.plain import BatchSettings
    from stindex.llm.decoding.row import Prompt
    from stindex.llm.loading import LoadedModel
    from stindex.llm.model_files import ModelFiles

T = TypeVar("T", bound=BaseModel)
Draft = Literal["auto", "off"]
Asked = tuple[str, Sequence[Message]]  # a key and what is asked under it

_PACKAGES = ("torch", "transformers", "xgrammar")


@dataclass(frozen=True, slots=True)
class GenerationResult(Generic[T]):
    """One answer of `generate_batch`: the validated object, or `reason` why there is none."""

    value: T | None
    outcome: Outcome
    reason: str
    generation: Generation


class HuggingFaceLLM:
    """A local model that answers in batches. Loads itself before the first answer."""

    def __init__(  # noqa: PLR0913  # each is an option of the command line
        self,
        local: LocalModel,
        *,
        dtype: Dtype | None = None,
        device: str = "auto",
        quantization: Quantization = "none",
        batch_size: Together = 8,
        trust_remote_code: bool = False,
        draft: Draft = "auto",
        in_step: bool = False,
        announce: Callable[[str], None] | None = None,
    ) -> None:
        """Make a source of answers from a model whose files are on this machine.

        Args:
            dtype: of the weights in memory; None leaves it to `local.spec`.
            device: `auto` is CUDA (or ROCm), XPU, MPS or CPU, whichever is there first.
            batch_size: rows that are decoded together, halved where memory does not suffice;
                `auto` takes as many as fit.
            trust_remote_code: run the Python code that comes with the model.
            draft: `auto` guesses tokens and proves them, where the model allows it (the same
                answers in fewer passes); `off` leaves decoding to transformers' `generate`.
            in_step: ZeRO-3: this is one of several ranks that hold the model together; each call
                of `answers` takes part in one `generate` of all, without a request too.
            announce: called with a line where drafts are not possible; by default it goes to
                standard error.
        """
        if dtype is not None:
            local = replace(local, spec=replace(local.spec, dtype=dtype))
        self.local = local
        self.placement = Placement(device, quantization, trust_remote_code)
        self._files: ModelFiles | None = None
        self._loaded: LoadedModel | None = None
        self._sizes = BatchSizes(local, self.placement, batch_size)
        self._grammars: dict[type[BaseModel], Grammar] = {}
        self._draft: Draft = draft
        self._in_step = in_step
        self._announce = announce or _to_stderr
        self._decoding: LocalDecoding | InStep | None = None
        self._own_sampling: OwnSampling | None = None

    @classmethod
    def from_name(  # noqa: PLR0913  # the front door of notebooks: the options of the command line
        cls,
        name: str,
        *,
        revision: str | None = None,
        dtype: Dtype | None = None,
        device: str = "auto",
        quantization: Quantization = "none",
        trust_remote_code: bool = False,
        batch_size: Together = 8,
        draft: Draft = "auto",
        models_file: Path | None = None,
        announce: Callable[[str], None] | None = None,
    ) -> HuggingFaceLLM:
        """Return a model by alias, hub id, directory or .gguf file; fetches it if need be.

        `announce` is called with a line before a download; by default it goes to standard error.

        Raises:
            UserError: no such model; it cannot be fetched or cannot fit.
        """
        spec = resolve_model(name, models_file=models_file, revision=revision, dtype=dtype)
        placement = Placement(device, quantization, trust_remote_code)
        local = prepare(spec, announce or _to_stderr, placement=placement)
        return cls(
            local,
            device=device,
            quantization=quantization,
            batch_size=batch_size,
            trust_remote_code=trust_remote_code,
            draft=draft,
            announce=announce,
        )

    def load(self) -> LoadedModel:
        """Load the model, once, and return it.

        Raises:
            UserError: see `stindex.llm.loading.load_model`.
        """
        if self._loaded is None:
            files = self.files()
            with without_collecting():
                from stindex.llm.loading import load_model  # noqa: PLC0415  # imports torch

                self._loaded = load_model(
                    self.local,
                    self.placement,
                    files,
                    sharded=self._in_step,
                    progress=self._loading(),
                )
        return self._loaded

    def files(self) -> ModelFiles:
        """Read what stands beside the weights, once, and return it.

        Raises:
            UserError: see `stindex.llm.model_files.read_files`.
        """
        if self._files is None:
            with without_collecting():
                from stindex.llm.model_files import read_files  # noqa: PLC0415  # imports torch

                self._files = read_files(self.local, self.placement)
        return self._files

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield a generation for each request as it is finished; the longest are begun first.

        What was handed in is read to its end before the first answer, so that it can be sorted;
        where it is `Refillable`, it is asked for more as slots fall free. Once `stop` is set the
        rows that were not finished are dropped.

        Raises:
            UserError: the model cannot be loaded, or these settings are none for it.
        """
        wanted = list(requests)

        def more() -> Sequence[Asked]:
            found = requests.more() if isinstance(requests, Refillable) else ()
            wanted.extend(found)
            return _asked(found)

        generated = self._generate(_asked(wanted), response_model, decoding, stop, more)
        for index, generation in generated:
            yield wanted[index], generation

    def generate_batch(
        self,
        messages_batch: Sequence[Sequence[Message]],
        response_model: type[T],
        max_tokens: int = 2048,
        temperature: float | None = None,
        *,
        decoding: DecodingSettings | None = None,
    ) -> list[GenerationResult[T]]:
        """Return one result for each list of messages, in order.

        Args:
            temperature: None or 0 is greedy. Otherwise the draw is seeded by the messages: the
                same messages get the same answer, whatever stands beside them.
            decoding: all settings at once (`max_tokens` and `temperature` are then taken from it).

        Raises:
            UserError: the model cannot be loaded, or these settings are none for it.
        """
        settings = decoding or DecodingSettings(max_tokens=max_tokens, temperature=temperature)
        asked = [(_key_of(messages), messages) for messages in messages_batch]
        written = dict(self._generate(asked, response_model, settings, Event()))
        return [
            _result(written[index], response_model, constrained=settings.constrained)
            for index in range(len(asked))
        ]

    def provenance(self) -> Mapping[str, Any]:
        """Return JSON-ready facts for `run.json`; measured ones only once the model is loaded."""
        spec, loaded, size = self.local.spec, self._loaded, self._sizes.used
        facts: dict[str, Any] = {
            "versions": {package: _version(package) for package in _PACKAGES},
            "model": spec.name,
            "repository": spec.repository,
            "revision": self.local.commit or spec.revision,
            "fingerprint": self.local.fingerprint,
            "quantization": self.placement.quantization,
            "trust_remote_code": self.placement.trust_remote_code,
            "batch_size_requested": self._sizes.requested,
            "batch_size_used": size.used if size else None,
            "batch_halvings": size.halvings if size else 0,
        }
        if self._decoding is not None:
            facts |= self._decoding.provenance()
        if loaded is not None:
            facts |= {
                "device": loaded.device,
                "dtype": loaded.dtype,
                "load_seconds": round(loaded.seconds, 3),
                "context_tokens": loaded.context,
                "peak_memory_bytes": peak_memory(loaded.device),
                "chat_template": bool(loaded.tokenizer.chat_template),
            }
        if self._own_sampling is not None:
            facts["own_sampling"] = asdict(self._own_sampling.sampling)
            facts["own_sampling_ignored"] = list(self._own_sampling.ignored)
        return facts

    def _loading(self) -> Callable[[float], None]:
        """Return what shows the user how far loading is, if anything can."""
        if not isinstance(self._announce, Announcer):
            return lambda _: None
        size = f" ({gigabytes(self.local.stored_bytes)})"
        return partial(self._announce.passing, f"{self.local.spec.name}: loading weights{size}")

    def _generate(
        self,
        asked: Sequence[Asked],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
        more: Callable[[], Sequence[Asked]] = tuple,
    ) -> Iterator[tuple[int, Generation]]:
        if decoding.constrained:
            self._grammar(response_model)  # compiles while the weights are loaded
        loaded = self.load()
        settings = self._settings(loaded, response_model, decoding)
        prompts, places, refused = self._prompts(asked, decoding)
        yield from refused
        engine = self._engine(loaded)
        size = self._sizes.of(loaded, engine, prompts, settings)
        halvings = size.halvings
        late: deque[tuple[int, Generation]] = deque()

        def further() -> Sequence[Prompt]:
            start = len(places) + len(refused)
            found, where, none = self._prompts(more(), decoding)
            prompts.extend(found)
            places.extend(start + place for place in where)
            for place, generation in none:
                refused.append((start + place, generation))
                late.append(refused[-1])
            return found

        for result in engine.results(prompts, settings, size, stop, further):
            yield from _drained(late)
            prompt = prompts[result.index]
            yield places[result.index], _generation(loaded, prompt, result)
        yield from _drained(late)
        self._sizes.ended(prompts, settings, halvings)

    def _prompts(
        self, asked: Sequence[Asked], decoding: DecodingSettings
    ) -> tuple[list[Prompt], list[int], list[tuple[int, Generation]]]:
        """Return the prompts, their places in `asked`, and those that can have no answer."""
        from stindex.llm.rendering import renderer  # noqa: PLC0415  # imports torch

        files = self.files()
        render = renderer(files.tokenizer, decoding.thinking)
        prompts, places, refused = [], [], []
        for place, (key, messages) in enumerate(asked):
            try:
                prompt = render.prompt(key, messages)
                _refuse_too_long(prompt, files.context)
            except ValueError as problem:
                refused.append((place, _failed(f"This sample was not decoded: {problem}.", 0)))
                continue
            prompts.append(prompt)
            places.append(place)
        return prompts, places, refused

    def _settings(
        self, loaded: LoadedModel, response_model: type[BaseModel], decoding: DecodingSettings
    ) -> BatchSettings:
        from stindex.llm.decoding.plain import BatchSettings  # noqa: PLC0415  # imports torch
        from stindex.llm.decoding.row import Limits  # noqa: PLC0415  # imports torch

        return BatchSettings(
            vocabulary=loaded.vocabulary,
            limits=Limits(
                decoding.max_tokens, decoding.thinking_tokens, loaded.context, decoding.copies
            ),
            grammar=self._grammar(response_model) if decoding.constrained else None,
            sampling=self._sampling(loaded)
            if decoding.sampling == "model"
            else Sampling(decoding.temperature),
            seed=decoding.seed,
        )

    def _sampling(self, loaded: LoadedModel) -> Sampling:
        """Return the model's own sampling; what may surprise about it is said once."""
        if self._own_sampling is None:
            own = own_sampling(self.local).within(loaded.vocabulary_size, loaded.vocabulary.end_ids)
            for remark in own.remarks:
                self._announce(remark)
            self._own_sampling = own
        return self._own_sampling.sampling

    def _engine(self, loaded: LoadedModel) -> LocalDecoding | InStep:
        if self._decoding is None and self._in_step:
            self._decoding = InStep(loaded.model)
        if self._decoding is None:
            from stindex.llm.decoding.choice import LocalDecoding  # noqa: PLC0415  # imports torch

            self._decoding = LocalDecoding(loaded.model, loaded.encode, self._draft, self._announce)
        return self._decoding

    def _grammar(self, response_model: type[BaseModel]) -> Grammar:
        if response_model not in self._grammars:
            files = self.files()
            from stindex.llm.decoding.grammar import Grammar  # noqa: PLC0415  # imports torch

            self._grammars[response_model] = Grammar(
                files.tokenizer, files.vocabulary_size, files.vocabulary.end_ids, response_model
            )
        return self._grammars[response_model]


def _asked(requests: Sequence[Request]) -> list[Asked]:
    return [(request.key, request.messages) for request in requests]


def _drained(late: deque[tuple[int, Generation]]) -> Iterator[tuple[int, Generation]]:
    while late:
        yield late.popleft()


def _generation(loaded: LoadedModel, prompt: Prompt, result: Result) -> Generation:
    from stindex.llm.decoding.batches import Failure  # noqa: PLC0415  # imports torch

    decoded = result.decoded
    if isinstance(decoded, Failure):
        return _failed(decoded.reason, len(prompt.token_ids))
    written = list(decoded.token_ids)
    if written[-1] in loaded.vocabulary.end_ids:
        written.pop()
    return Generation(
        raw_text=loaded.vocabulary.decode(written),
        finish_reason=decoded.finish_reason,
        prompt_tokens=len(prompt.token_ids),
        completion_tokens=len(decoded.token_ids),
        seconds=decoded.seconds,
        batch_size=result.batch_size,
        thought_tokens=decoded.thought_tokens,
        grammar_interventions=decoded.interventions,
    )


def _failed(reason: str, prompt_tokens: int) -> Generation:
    return Generation("", "error", prompt_tokens=prompt_tokens, error=reason)


def _refuse_too_long(prompt: Prompt, context: int | None) -> None:
    length = len(prompt.token_ids)
    if context is not None and length >= context:
        raise ValueError(
            f"its prompt has {length} tokens and the model's context has {context}; shorten the "
            "text or use a model with a longer context"
        )


def _result(
    generation: Generation, response_model: type[T], *, constrained: bool
) -> GenerationResult[T]:
    parsed = parse_answer(
        generation.raw_text,
        generation.finish_reason,
        response_model,
        constrained=constrained,
        within_thought=generation.within_thought,
    )
    reason = generation.error or parsed.reason
    return GenerationResult(parsed.value, parsed.outcome, reason, generation)


def _key_of(messages: Sequence[Message]) -> str:
    text = json.dumps([dict(message) for message in messages], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


class _ToStderr:
    """Lines to standard error; the last one is rewritten where somebody watches."""

    def __call__(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    def passing(self, what: str, share: float) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{what}: {share:.0%}" + ("\n" if share == 1 else ""))
        elif share == 0:
            self(f"{what}.")


_to_stderr = _ToStderr()
