"""Kinds of gate beside bounds and comparisons: a word of the thresholds file ─▶ how it is judged.

A further kind is a function of its own and one line here; a user's own is added to the same table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measured:
    """What a gate looks at.

    Attributes:
        value: of the metric; None where it is undefined.
        n: mentions or samples behind it.
        interval: its 95 % interval, where there is one.
    """

    value: float | None
    n: int
    interval: tuple[float, float] | None


GateKind = Callable[[Any, Measured], str]
"""Takes what the thresholds file asks for and what was measured; returns one sentence why the gate
does not hold, empty where it does."""

GATE_KINDS: dict[str, GateKind] = {}
