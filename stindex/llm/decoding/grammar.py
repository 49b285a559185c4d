"""The answer's JSON schema ─▶ a grammar that says which token may come next (xgrammar).

White space is always the same (`any_whitespace=False`): it changes what a model writes, and makes
more of the text predictable. A grammar is compiled once a schema and tokenizer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Protocol

import torch
from pydantic import BaseModel
from transformers import PreTrainedTokenizerBase

from stindex.errors import UserError


class Matcher(Protocol):
    """Follows one row through the grammar (xgrammar's GrammarMatcher)."""

    def accept_token(self, token_id: int) -> bool:
        """Advance by a token; False, and nothing changes, where the grammar forbids it."""
        ...

    def accept_string(self, input_str: str) -> bool:
        """Advance by a text; False, and nothing changes, where the grammar forbids it."""
        ...

    def rollback(self, num_tokens: int) -> None:
        """Take the last tokens back."""
        ...

    def find_jump_forward_string(self) -> str:
        """Return the text that has to come next; empty where there is a choice."""
        ...

    def fill_next_token_bitmask(self, bitmask: torch.Tensor) -> bool:
        """Write which tokens may come next; False, and nothing is written, where all may."""
        ...


class Grammar:
    """An answer schema for one tokenizer. Is compiled in a thread until it is first asked for."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        vocabulary_size: int,
        end_ids: Iterable[int],
        model: type[BaseModel],
    ) -> None:
        """Begin to compile the schema of `model`.

        `vocabulary_size` is the width of the model's logits, which may exceed the tokenizer's.

        Raises:
            UserError: xgrammar is missing or does not know this tokenizer.
        """
        self._xgrammar = _xgrammar()
        self._name = model.__name__
        schema = json.dumps(model.model_json_schema())
        with self._refusals():
            info = self._xgrammar.TokenizerInfo.from_huggingface(
                tokenizer, vocab_size=vocabulary_size, stop_token_ids=sorted(end_ids)
            )
        compiler = self._xgrammar.GrammarCompiler(info)
        thread = ThreadPoolExecutor(1, "grammar")
        self._compiled = thread.submit(compiler.compile_json_schema, schema, any_whitespace=False)
        thread.shutdown(wait=False)
        self._bitmask = self._xgrammar.allocate_token_bitmask(1, info.vocab_size)
        self._shifts = torch.arange(32, dtype=torch.int32)

    def matcher(self) -> Matcher:
        """Return a new matcher at the beginning of an answer.

        Raises:
            UserError: xgrammar cannot compile this schema for this tokenizer.
        """
        with self._refusals():
            matcher: Matcher = self._xgrammar.GrammarMatcher(self._compiled.result())
        return matcher

    def legal_tokens(self, matcher: Matcher, width: int) -> torch.Tensor:
        """Return a bool tensor of shape (width,): which tokens may come next."""
        self._bitmask.fill_(-1)
        matcher.fill_next_token_bitmask(self._bitmask)
        bits = (self._bitmask[0].unsqueeze(-1) >> self._shifts) & 1
        legal = torch.zeros(width, dtype=torch.bool)
        flat = bits.flatten()[:width].bool()
        legal[: flat.shape[0]] = flat
        return legal

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:  # noqa: BLE001  # xgrammar raises many kinds
            raise UserError(
                f"The grammar of {self._name} could not be compiled for this model's tokenizer "
                f"({_first_line(problem)}); use --no-constrained."
            ) from None


def grammar_text(model: type[BaseModel], *, after_thought: bool = False) -> str:
    """Return what `Grammar` compiles as EBNF text, for another engine that has xgrammar.

    `after_thought` allows the line breaks that models write between thought and answer.

    Raises:
        UserError: xgrammar is missing.
    """
    grammar = _xgrammar().Grammar
    made = grammar.from_json_schema(json.dumps(model.model_json_schema()), any_whitespace=False)
    if after_thought:
        made = grammar.concat(grammar.from_ebnf(r"root ::= [\n]{0,4}"), made)
    return str(made)


def _xgrammar() -> ModuleType:
    try:
        return import_module("xgrammar")
    except ImportError as problem:
        raise UserError(
            f"Constrained decoding needs xgrammar, which cannot be imported "
            f"({_first_line(problem)}); pip install 'stindex[transformers]' or use "
            "--no-constrained."
        ) from None


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return (text if len(text) <= 160 else text[:157] + "...").rstrip(".")
