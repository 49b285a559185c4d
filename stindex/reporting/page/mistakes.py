"""Wrong values and confused types ─▶ tables of what goes wrong most often.

Exact pairs of values are too rare to rank; so wrong values are grouped by what went wrong with
them, with one example each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stindex.reporting.readings import PairReading
from stindex.reporting.visible import shortened
from stindex.schema import TemporalMention

SHOWN = 10
_LIMIT = 48
_DAY = re.compile(r"(-?\d{4})(?:-(.+))?")
_DATE = re.compile(r"-?[\dX]{2,4}(-.*)?|BC\d+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What went wrong, and an example with the number of its sample."""

    kind: str
    words: str
    gold: str
    predicted: str
    sample: int


@dataclass(slots=True)
class ValueMistakes:
    """Wrong values by what went wrong."""

    _examples: dict[str, Mistake] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, number: int, pairs: Iterable[PairReading], *, texts: bool) -> None:
        """Add the pairs of a sample."""
        for pair in pairs:
            gold, predicted = pair.gold, pair.predicted
            if "value" not in pair.errors or not isinstance(gold, TemporalMention):
                continue
            if isinstance(predicted, TemporalMention):
                self._add(number, gold, predicted, texts=texts)

    def _add(
        self, number: int, gold: TemporalMention, predicted: TemporalMention, *, texts: bool
    ) -> None:
        kind = what_went_wrong(gold.normalized, predicted.normalized)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if kind not in self._examples:
            words = shortened(gold.text, _LIMIT) if texts else ""
            values = [shortened(one.normalized, _LIMIT) for one in (gold, predicted)]
            self._examples[kind] = Mistake(kind, words, values[0], values[1], number)

    def most_frequent(self) -> list[tuple[int, Mistake]]:
        """Return counts and examples, the most frequent first."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return [(count, self._examples[kind]) for kind, count in ordered[:SHOWN]]


def what_went_wrong(gold: str, predicted: str) -> str:
    """Name the difference of two ISO 8601 or TIMEX3 values in a few words."""
    if not predicted.strip():
        return "no value"
    if "X" in predicted and "X" not in gold:
        return "left unresolved"
    if _kind(gold) != _kind(predicted):
        article = "an" if _kind(gold) == "interval" else "a"
        return f"{_kind(predicted)} for {article} {_kind(gold)}"
    if predicted.startswith(gold):
        return "finer than the gold"
    if gold.startswith(predicted):
        return "coarser than the gold"
    return _duration(gold, predicted) if _kind(gold) == "duration" else _date(gold, predicted)


def _kind(value: str) -> str:
    if "/" in value:
        return "interval"
    if value.startswith("P") and not value.startswith(("PAST", "PRESENT")):
        return "duration"
    if value.startswith(("T", "R")):
        return "time of day" if value.startswith("T") else "repetition"
    return "date" if _DATE.fullmatch(value) else "word"


def _duration(gold: str, predicted: str) -> str:
    if re.findall(r"\d+", gold) == re.findall(r"\d+", predicted):
        return "right amount, wrong unit"
    if re.findall("[A-Z]+", gold) == re.findall("[A-Z]+", predicted):
        return "wrong amount, right unit"
    return "another duration"


def _date(gold: str, predicted: str) -> str:
    (gold_day, _, gold_time), (day, _, time) = gold.partition("T"), predicted.partition("T")
    if gold_day == day and gold_time != time:
        return "right day, wrong time"
    a, b = _DAY.fullmatch(gold_day), _DAY.fullmatch(day)
    if a is None or b is None:
        return f"another {_kind(gold)}"
    if a[1] != b[1] and a[2] == b[2]:
        return "wrong year, the rest is right"
    if a[1] == b[1] and a[2] and a[2].split("-") == (b[2] or "").split("-")[::-1]:
        return "day and month swapped"
    if a[1] == b[1] and len(gold_day) == len(day) == 10 and gold_day[:7] == day[:7]:
        return "right month, wrong day"
    return "another date"


def confusions_of(block: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the confusions that a block of metrics holds, the most frequent first."""
    found = [one for one in block.get("confusions") or () if one["gold"] != one["predicted"]]
    return sorted(found, key=lambda one: (-one["count"], str(one["gold"]), str(one["predicted"])))[
        :SHOWN
    ]
