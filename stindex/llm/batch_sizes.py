"""How many prompts of a call are decoded together, and how many tokens they may hold.

Prompts and a loaded model go in, a `BatchSize` comes out: a fixed number of rows with the bound
that memory sets, or with `auto` as many as fit. What ran out of memory is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stindex.llm.row_budget import RowBudget, row_budget
from stindex.llm.storage import LocalModel, Placement

if TYPE_CHECKING:
    from stindex.llm.decoding.batches import BatchSize
    from stindex.llm.decoding.choice import LocalDecoding
    from stindex.llm.decoding.plain import BatchSettings
    from stindex.llm.decoding.row import Prompt
    from stindex.llm.loading import LoadedModel
    from stindex.llm.zero3 import InStep

Together = int | Literal["auto"]


@dataclass(slots=True)
class BatchSizes:
    """The sizes of one model's batches, from call to call.

    Attributes:
        used: the size of the last call; None before the first.
    """

    local: LocalModel
    placement: Placement
    requested: Together
    used: BatchSize | None = None
    _budget: RowBudget | None = None

    def of(
        self,
        loaded: LoadedModel,
        engine: LocalDecoding | InStep,
        prompts: Sequence[Prompt],
        settings: BatchSettings,
    ) -> BatchSize:
        """Return the size of batches; a fixed one stays what it has become."""
        from stindex.llm.decoding.batches import BatchSize  # noqa: PLC0415  # imports torch

        fixed = self.requested if self.requested != "auto" else None
        if self.used is not None and (fixed or not prompts):
            return self.used
        if not prompts:
            return BatchSize.of(fixed or 1)
        shared = _shared(prompts) if engine.shares_prefix(settings) else 0
        row = longest_row(prompts, settings) - shared
        first = self._budget is None
        budget = self._budget = self._of(loaded, shared + row)
        if not engine.shares_prefix(settings):
            budget = budget.reading_whole()
        to_come = engine.memory_to_come(settings)
        halvings = self.used.halvings if self.used else 0
        rows = fixed or budget.rows(row, shared, to_come)
        self.used = BatchSize(rows, rows, halvings, budget.tokens(rows, shared, to_come))
        if not fixed and first and not budget.device.startswith("cpu"):
            # On a CPU memory is only taken when it is used.
            engine.probe(settings, self.used, shared + row)
        return self.used

    def ended(
        self, prompts: Sequence[Prompt], settings: BatchSettings, halvings_before: int
    ) -> None:
        """Remember what worked where a call ran out of memory and the number was free."""
        halved = self.used is not None and self.used.halvings > halvings_before
        if self.requested == "auto" and self._budget and self.used and halved:
            self._budget.remember(self.used.used, longest_row(prompts, settings))

    def _of(self, loaded: LoadedModel, longest: int) -> RowBudget:
        config = getattr(loaded.model, "config", None)
        return row_budget(
            self.local,
            {} if config is None else config.to_dict(),
            self.placement.quantization,
            str(loaded.model.device),
            longest,
        )


def longest_row(prompts: Sequence[Prompt], settings: BatchSettings) -> int:
    """Return the tokens of the longest row, its answer up to the limit included."""
    limits = settings.limits
    tokens = max(len(prompt.token_ids) for prompt in prompts) + settings.most_written(prompts)
    return min(tokens, limits.context) if limits.context is not None else tokens


def _shared(prompts: Sequence[Prompt]) -> int:
    from stindex.llm.decoding.packed import common_prefix  # noqa: PLC0415  # imports torch

    return len(common_prefix([prompt.token_ids for prompt in prompts]))
