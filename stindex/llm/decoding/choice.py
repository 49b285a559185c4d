"""Prompts ─▶ results, by the fastest engine that gives the same answers.

`LocalDecoding` is made once a model. It decodes with slots and drafts where the model allows it
and the first answer agrees with the model's own forward pass, otherwise with transformers'
`generate`; it says so once, and both are part of a run's provenance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from threading import Event
from typing import Any, Literal

from transformers import PreTrainedModel

from stindex.llm.decoding.batches import (
    BatchSize,
    EngineError,
    Failure,
    More,
    Result,
    decode_all,
    free_device_memory,
    is_out_of_memory,
    stream_all,
)
from stindex.llm.decoding.drafts import Drafter, Encode
from stindex.llm.decoding.engine import Engine
from stindex.llm.decoding.packed import PackedModel
from stindex.llm.decoding.plain import BatchSettings, Decoded, GenerativeModel, decode_batch
from stindex.llm.decoding.row import Prompt
from stindex.llm.decoding.slots import Piece
from stindex.llm.decoding.support import verify, why_not
from stindex.llm.memory import DRAFT_TOKENS

Drafts = Literal["auto", "off"]

PLAIN = "transformers generate"
WITH_DRAFTS = "slots and drafts"


@dataclass(slots=True)
class _Verification:
    """Holds the first answer against an ordinary pass of the model, once."""

    packed: PackedModel
    settings: BatchSettings
    found: str = ""

    def __call__(self, prompt: Prompt, decoded: Decoded) -> None:
        if not self.found:
            with self.packed.given_back():
                self.found = verify(self.packed.model, prompt, decoded, self.settings)


class LocalDecoding:
    """Decodes the prompts of one model and remembers what it learned about it."""

    def __init__(
        self,
        model: GenerativeModel,
        encode: Encode,
        drafts: Drafts,
        announce: Callable[[str], None],
    ) -> None:
        """Take a model.

        Args:
            encode: text ─▶ token ids, without special tokens.
            announce: called with one sentence where `generate` has to do.
        """
        self._model = model
        self._drafts = drafts
        self._announce = announce
        self._drafter = Drafter(encode)
        self._packed: PackedModel | None = None
        self._checked = ""
        self._fallback: str | None = None

    def results(
        self,
        prompts: Sequence[Prompt],
        settings: BatchSettings,
        size: BatchSize,
        stop: Event,
        more: More = tuple,
    ) -> Iterator[Result]:
        """Yield a result for each prompt, as rows or batches finish; end early after `stop`.

        `more` is asked for further prompts where a slot is free and none waits.
        """
        done: set[int] = set()
        prompts = list(prompts)
        if self._may_draft(settings):
            try:
                added = partial(_noted, prompts, more)
                for result in self._streamed(prompts, settings, size, stop, added):
                    self._own_failure(result, prompts, settings, stop)
                    done.add(result.index)
                    yield result
            except EngineError as problem:
                self._fall_back(str(problem))
            else:
                return
        left = [index for index in range(len(prompts)) if index not in done]
        for result in self._generated([prompts[index] for index in left], settings, size, stop):
            yield replace(result, index=left[result.index])

    def _generated(
        self, prompts: Sequence[Prompt], settings: BatchSettings, size: BatchSize, stop: Event
    ) -> Iterator[Result]:
        def decode(batch: Sequence[Prompt]) -> list[Decoded | None]:
            return decode_batch(self._model, batch, settings, stop)

        return decode_all(prompts, decode, size, stop, settings.most_written(prompts))

    def _own_failure(
        self, result: Result, prompts: Sequence[Prompt], settings: BatchSettings, stop: Event
    ) -> None:
        """Raise EngineError where `generate` answers what the engine failed on: a word will do."""
        if not isinstance(result.decoded, Failure) or not result.decoded.cause:
            return
        short = replace(settings, limits=replace(settings.limits, answer=1, thought=1))
        found = self._generated([prompts[result.index]], short, BatchSize.of(1), stop)
        if any(isinstance(other.decoded, Decoded) for other in found):
            raise EngineError(f"it fails where generate does not ({result.decoded.cause})")

    def shares_prefix(self, settings: BatchSettings) -> bool:
        """Return whether what all prompts begin with is going to be kept once for all rows."""
        return self._may_draft(settings)

    def memory_to_come(self, settings: BatchSettings) -> int:
        """Return the bytes that the first pass is going to take for good: weights laid out."""
        return self._packed_model().bytes_to_come() if self._may_draft(settings) else 0

    def probe(self, settings: BatchSettings, size: BatchSize, width: int) -> None:
        """Fill slots of `width` tokens once; halve `size` until they fit into memory."""
        if not self._may_draft(settings):
            return
        packed = self._packed_model()
        while not _fits(packed, size.used, width):
            packed.close()
            free_device_memory()
            if size.used == 1:
                return  # whoever is too long alone gets a sentence of its own
            size.halve(size.used)

    def provenance(self) -> dict[str, Any]:
        """Return JSON-ready facts: which engine, why, what was checked, what drafts were worth."""
        drafting = self._packed is not None and self._fallback is None
        facts: dict[str, Any] = {
            "engine": WITH_DRAFTS if drafting else PLAIN,
            "engine_fallback": self._fallback,
            "engine_self_check": self._checked or None,
        }
        if self._packed is not None:
            facts["engine_counts"] = asdict(self._packed.counts)
        return facts

    def _may_draft(self, settings: BatchSettings) -> bool:
        if self._drafts == "off" or self._fallback is not None:
            return False
        reason = why_not(self._model, settings.sampling)
        if reason is not None:
            self._fall_back(reason)
        return reason is None

    def _fall_back(self, reason: str) -> None:
        self._fallback = reason
        if self._packed is not None:
            self._packed.close()
        self._announce(f"Decoding without drafts, by transformers' generate: {reason}.")

    def _streamed(
        self,
        prompts: Sequence[Prompt],
        settings: BatchSettings,
        size: BatchSize,
        stop: Event,
        more: More,
    ) -> Iterator[Result]:
        packed = self._packed_model()
        check = _Verification(packed, settings, self._checked)
        engine = Engine(packed, settings, self._drafter, check, size.tokens)
        try:
            yield from stream_all(prompts, engine, size, stop, more)
        finally:
            self._checked = check.found

    def _packed_model(self) -> PackedModel:
        if not isinstance(self._model, PreTrainedModel):
            raise TypeError("why_not lets only transformers models pass")
        self._packed = self._packed or PackedModel(self._model)
        return self._packed


def _noted(prompts: list[Prompt], more: More) -> Sequence[Prompt]:
    """Return what `more` gives, added to `prompts`: `generate` may have to go on with them."""
    found = more()
    prompts.extend(found)
    return found


def _fits(packed: PackedModel, rows: int, width: int) -> bool:
    tokens = [0] * min(DRAFT_TOKENS, width)
    try:
        packed.open(rows)
        with packed.borrowed():
            start, asked = width - len(tokens), len(tokens)
            packed.forward([Piece(slot, tokens, start, asked) for slot in range(rows)])
    except Exception as problem:
        if not is_out_of_memory(problem):
            raise
        return False
    return True
