"""How many samples are decoded together where `--batch-size auto` leaves it to the machine.

The number is estimated from the model's config and the memory that is free once the weights are
loaded, held against what ran out of memory before, and remembered per model and device in the
user's cache. Rows are counted by their tokens: long texts get few rows, short ones many.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from stindex.errors import UserError
from stindex.llm.machine import free_memory, mapped_files
from stindex.llm.memory import USABLE, Footprint, Quantization, footprint, known_shape, most_rows
from stindex.llm.storage import LocalModel
from stindex.whole_files import write_whole

_FALLBACK_ROWS = 8  # where the config tells too little


@dataclass(frozen=True, slots=True)
class RowBudget:
    """What rows may take on one device, in bytes.

    Attributes:
        key: names model, number format and device among what is remembered.
        taken: the model's footprint; None where its config is not understood.
        store: the file of what is remembered.
        mapped: of the weights, what is a file in memory that the system calls free.
    """

    key: str
    device: str
    taken: Footprint | None
    store: Path
    mapped: int = 0

    def reading_whole(self) -> RowBudget:
        """Return the budget of an engine that reads prompts in one pass, not in pieces."""
        if self.taken is None:
            return self
        # An allocator of a CPU keeps what it gave; measured with `generate`.
        kept = 4 if self.device.startswith("cpu") else 1
        token = self.taken.token + kept * self.taken.whole
        return replace(self, taken=replace(self.taken, token=token))

    def rows(self, row_tokens: int, shared_tokens: int = 0, to_come: int = 0) -> int:
        """Return how many rows of at most `row_tokens` tokens are decoded together, 1 or more.

        `to_come` is what the first pass takes for good, in bytes.
        """
        most = most_rows(self.device)
        if self.taken is None:
            return min(_FALLBACK_ROWS, most)
        left = self._left(shared_tokens, to_come)
        left = min(left, self._remembered().get(self.key, left))
        return max(1, min(most, int(left // self._row_bytes(row_tokens))))

    def tokens(self, rows: int, shared_tokens: int = 0, to_come: int = 0) -> int | None:
        """Return how many tokens `rows` rows may hold together; None where that is not known."""
        if self.taken is None:
            return None
        left = self._left(shared_tokens, to_come) - rows * self.taken.row
        return max(0, int(left // self.taken.token))

    def _left(self, shared_tokens: int, to_come: int) -> float:
        if self.taken is None:
            raise AssertionError("nothing is known of a model without a footprint")
        fixed = self.taken.working + shared_tokens * self.taken.token + to_come
        return (_free_bytes(self.device) - self.mapped) * USABLE - fixed

    def remember(self, rows: int, row_tokens: int) -> None:
        """Note that memory ran out and that `rows` rows were what worked in the end."""
        if self.taken is not None:
            known = self._remembered()
            _write(self.store, {**known, self.key: rows * self._row_bytes(row_tokens)})

    def _row_bytes(self, row_tokens: int) -> int:
        if self.taken is None:
            raise AssertionError("a row has no size without a footprint")
        return row_tokens * self.taken.token + self.taken.row

    def _remembered(self) -> Mapping[str, int]:
        try:
            content = json.loads(self.store.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        known = content if isinstance(content, dict) else {}
        return {str(key): size for key, size in known.items() if type(size) is int and size > 0}


def row_budget(
    local: LocalModel,
    config: Mapping[str, Any],
    quantization: Quantization,
    device: str,
    longest: int,
) -> RowBudget:
    """Return the budget of a model that is loaded on a device (`cuda:0`, `cpu`, ...).

    Args:
        config: what `config.json` says, or would say.
        longest: the longest prompt with its answer, in tokens.
    """
    dtype = local.spec.dtype
    shape = known_shape(config)
    return RowBudget(
        key=f"{local.fingerprint}|{dtype}|{quantization}|{device}",
        device=device,
        taken=None if shape is None else footprint(shape, dtype, quantization, longest),
        store=user_cache_path("stindex") / "batch_sizes.json",
        mapped=mapped_files(".safetensors") if device.startswith("cpu") else 0,
    )


def _free_bytes(device: str) -> int:
    if device.startswith("cuda"):
        import torch  # noqa: PLC0415  # heavy, and here only with a model that has loaded it

        return int(torch.cuda.mem_get_info(device if ":" in device else None)[0])
    return free_memory(device).bytes_free


def _write(store: Path, sizes: Mapping[str, int]) -> None:
    # A cache that cannot be written costs a retry, not the run.
    with suppress(UserError):
        write_whole(store, json.dumps(dict(sizes)))
