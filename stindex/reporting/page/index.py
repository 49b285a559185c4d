"""The index of all samples: the columns that the page's list, filters and tables are made of.

It holds every number of every sample and is never left out, whatever else a page has no room for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stindex.reporting.page.answers import Answer
from stindex.reporting.readings import SampleReading
from stindex.reporting.wording import OUTCOME_GLYPHS
from stindex.schema import Sample
from stindex.scoring import DIMENSIONS, ERROR_KINDS

OUTCOMES = tuple(OUTCOME_GLYPHS)
_OUTCOME_NUMBERS = {name: number for number, name in enumerate(OUTCOMES)}
# Metadata with more values than this is no way to choose among samples.
_PART_VALUES = 40
_PARTS = 8


def error_kinds() -> tuple[tuple[str, str], ...]:
    """Return (dimension, kind) for all kinds of error, in the order of their numbers."""
    return tuple((name, kind) for name in DIMENSIONS for kind in ERROR_KINDS)


@dataclass(slots=True)
class AnswerColumns:
    """One run's numbers, sample by sample."""

    outcome: list[int] = field(default_factory=list)
    errors: list[list[int]] = field(default_factory=list)
    f1: tuple[list[float | None], ...] = field(
        default_factory=lambda: tuple([] for _ in DIMENSIONS)
    )
    km: list[float | None] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)
    tokens: list[int | None] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    _numbers: dict[tuple[str, str], int] = field(
        default_factory=lambda: {kind: number for number, kind in enumerate(error_kinds())}
    )

    def add(self, answer: Answer | None) -> None:
        """Add a sample; None where this run has nothing on it."""
        found = answer or Answer("missing", (), {}, {})
        self.outcome.append(_OUTCOME_NUMBERS.get(found.outcome, len(OUTCOMES) - 1))
        # Kind and count in turn: most samples have few kinds.
        self.errors.append(
            [n for kind, count in found.errors.items() for n in (self._numbers[kind], count)]
        )
        for name, column in zip(DIMENSIONS, self.f1, strict=True):
            value = found.f1.get(name)
            column.append(None if value is None else round(value, 4))
        distances = [pair.km for pair in found.pairs if pair.km is not None]
        self.km.append(round(max(distances), 1) if distances else None)
        self.seconds.append(found.seconds)
        self.tokens.append(found.tokens)
        self.missed.append(len(found.missed))

    def to_json(self, name: str) -> dict[str, Any]:
        """Return the columns under their names."""
        return {
            "name": name,
            "outcome": self.outcome,
            "errors": self.errors,
            "f1": self.f1,
            "km": self.km,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "missed": self.missed,
        }


@dataclass(slots=True)
class SampleIndex:
    """The columns of all samples and, where there is a baseline, of its answers to them."""

    ids: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    this: AnswerColumns = field(default_factory=AnswerColumns)
    baseline: AnswerColumns = field(default_factory=AnswerColumns)
    is_same: list[int | None] = field(default_factory=list)
    has_baseline: bool = False
    _parts: dict[str, dict[str, int]] = field(default_factory=dict)
    _codes: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reading: SampleReading, this: Answer, baseline: Answer | None) -> None:
        """Add a sample."""
        self.ids.append(reading.sample.id)
        self.lengths.append(len(reading.sample.text))
        self.this.add(this)
        self.baseline.add(baseline)
        self.has_baseline |= baseline is not None
        self.is_same.append(_same(this, baseline))
        self._add_parts(reading.sample)

    def parts(self) -> dict[str, Any]:
        """Return metadata that samples can be chosen by: key to its values and a code each."""
        samples = len(self.ids)
        return {
            key: {"values": list(values), "codes": self._full(key, samples)}
            for key, values in self._parts.items()
            if 1 < len(values) <= _PART_VALUES
        }

    def to_json(self, flips: Mapping[str, list[str]]) -> dict[str, Any]:
        """Return all columns; `flips` names the ids that a comparison calls fixed and broken."""
        runs = [self.this.to_json("This run")]
        if self.has_baseline:
            runs.append(self.baseline.to_json("Baseline"))
        numbers = {one: i for i, one in enumerate(self.ids)} if any(flips.values()) else {}
        return {
            "ids": self.ids,
            "lengths": self.lengths,
            "runs": runs,
            "same": self.is_same if self.has_baseline else None,
            "parts": self.parts(),
            "flips": {
                name: [numbers[one] for one in ids if one in numbers]
                for name, ids in flips.items()
                if ids
            },
        }

    def _add_parts(self, sample: Sample) -> None:
        number = len(self.ids) - 1
        for key, value in sample.metadata.items():
            if isinstance(value, str | int) and len(str(value)) <= 60:
                self._add_part(str(key)[:60], str(value), number)

    def _add_part(self, key: str, value: str, number: int) -> None:
        if key not in self._parts and len(self._parts) >= _PARTS:
            return
        values = self._parts.setdefault(key, {})
        if len(values) > _PART_VALUES:
            return
        codes = self._codes.setdefault(key, [])
        codes += [-1] * (number - len(codes))
        codes.append(values.setdefault(value, len(values)))

    def _full(self, key: str, samples: int) -> list[int]:
        codes = self._codes[key]
        return codes + [-1] * (samples - len(codes))


def _same(this: Answer, baseline: Answer | None) -> int | None:
    if baseline is None or baseline.raw_text is None or this.raw_text is None:
        return None
    return int(this.raw_text == baseline.raw_text)
