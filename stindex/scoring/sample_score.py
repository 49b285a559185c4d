"""The score of one sample: counts and judged pairs, dimension by dimension."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleScore:
    """To be filled in by the scoring room."""
