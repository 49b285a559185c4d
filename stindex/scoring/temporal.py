"""The temporal dimension: how a TIMEX3 or ISO 8601 value is held against the gold's.

Judgements hold `type_equal`, `value_equal` (the same string), `value_equivalent` (the same
meaning) and `value_overlap` (intersection over union of the intervals, 0 to 1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from stindex.schema import Sample, TemporalMention
from stindex.scoring.dimension import NO_TYPE, Block, Slicing, Sums, V
from stindex.scoring.sample_score import JudgedPair, Judgement
from stindex.temporal import overlap, same_meaning, same_string

SLICES = ("explicit", "relative", "equals_reference_date")

_SLICE_COUNTS = {
    name: (
        f"{name}.gold",
        f"{name}.true_positives",
        f"{name}.relaxed_true_positives",
        f"{name}.value_equal",
        f"{name}.value_equivalent",
    )
    for name in SLICES
}

_DATED_TIME = re.compile(r"[^T]+T")
_NUMBER = re.compile(r"\d+")


class TemporalDimension:
    """Temporal mentions: value and type."""

    name = "temporal"
    own_errors = ("value",)

    @property
    def slicings(self) -> Mapping[str, Slicing[TemporalMention]]:
        """Parts by type, and by what has to be known beside the words of a mention."""
        return {
            "type": lambda mention, _: (self.type_of(mention) or NO_TYPE,),
            "reference": lambda mention, sample: slices_of(mention, sample.reference_date),
        }

    def value_of(self, mention: TemporalMention) -> str:
        """Return the value as it was written."""
        return mention.normalized

    def type_of(self, mention: TemporalMention) -> str | None:
        """Return one of the six types in upper case, or None."""
        return None if mention.temporal_type is None else mention.temporal_type.upper()

    def judge(self, gold: TemporalMention, predicted: TemporalMention) -> Judgement:
        """Compare types, and values on three levels."""
        type_equal = None
        if gold.temporal_type is not None:
            type_equal = (predicted.temporal_type or "").upper() in accepted_types(gold)
        return {"type_equal": type_equal, **_compare(gold.normalized, predicted.normalized)}

    def errors(self, judgement: Judgement) -> tuple[str, ...]:
        """Return `value` where the meaning differs."""
        return () if judgement["value_equivalent"] else ("value",)

    def counts(
        self,
        sample: Sample,
        gold: Sequence[TemporalMention],
        predicted: Sequence[TemporalMention],  # noqa: ARG002 - the protocol's
        pairs: Sequence[JudgedPair],
    ) -> Mapping[str, int]:
        """Count right values, for all mentions and in the slices of the gold."""
        counts = {
            "value_equal": sum(bool(pair.judgement["value_equal"]) for pair in pairs),
            "value_equivalent": sum(bool(pair.judgement["value_equivalent"]) for pair in pairs),
        }
        pair_of = {pair.gold: pair for pair in pairs}
        for index, mention in enumerate(gold):
            for name in slices_of(mention, sample.reference_date):
                _count_slice(counts, name, pair_of.get(index))
        return counts

    def series(self, pairs: Sequence[JudgedPair]) -> Mapping[str, Sequence[float]]:
        """Return the overlaps of the values."""
        return {"value_overlap": [float(pair.judgement["value_overlap"] or 0) for pair in pairs]}

    def metrics(self, totals: Sums[V]) -> Block[V]:
        """Return the metrics of values."""
        matched = "relaxed_true_positives"
        return {
            "normalization_accuracy": totals.rate("value_equal", matched),
            "normalization_accuracy_equivalent": totals.rate("value_equivalent", matched),
            "normalization_overlap": totals.mean("value_overlap"),
            "value_f1": totals.f1("value_equal"),
            "value_f1_equivalent": totals.f1("value_equivalent"),
            "slices": {name: _slice_metrics(totals, name) for name in SLICES},
        }


def _compare(gold: str, predicted: str) -> Judgement:
    """Compare two values: as strings, by meaning, and by how much of their time they share."""
    if same_string(gold, predicted):
        return {"value_equal": True, "value_equivalent": True, "value_overlap": 1.0}
    return {
        "value_equal": False,
        "value_equivalent": same_meaning(gold, predicted),
        "value_overlap": overlap(gold, predicted),
    }


def accepted_types(gold: TemporalMention) -> tuple[str, ...]:
    """Return the types that are right for a gold mention, upper case.

    The six types are compared as they are. TIMEX3 has four: its TIME covers what is DATETIME
    here, known by a date in the value, and a span from one date to another has no type of its
    own, known by the `/` in the value.
    """
    own = (gold.temporal_type or "").upper()
    if own == "TIME" and _DATED_TIME.match(gold.normalized):
        return own, "DATETIME"
    if own in ("DATE", "TIME", "DURATION") and "/" in gold.normalized:
        return own, "INTERVAL"
    return (own,)


def slices_of(gold: TemporalMention, reference_date: str | None) -> tuple[str, ...]:
    """Return the slices that a gold mention belongs to.

    `explicit`: what has to be written stands in the text: the value is no calendar date (a
    duration, a time of day, a repetition), or the mention names its year. `relative`: all
    others, which need the reference date, the document or the calendar. Besides being one of
    the two, `equals_reference_date`: the value is the date that the prompt gave away.
    """
    kind = "explicit" if _is_explicit(gold) else "relative"
    if reference_date and gold.normalized == reference_date:
        return kind, "equals_reference_date"
    return (kind,)


def _is_explicit(gold: TemporalMention) -> bool:
    value = gold.normalized.upper()
    if value.endswith("_REF"):
        return False
    if value.startswith(("P", "T", "R", "X")):
        return True
    year = _NUMBER.search(value)
    if year is None:
        return False
    number = int(year.group())
    # A decade (199) or a century (19) is the head of the years that the text names.
    return any(
        int(found) == number or (len(year.group()) < 4 and found.startswith(year.group()))
        for found in _NUMBER.findall(gold.text)
    )


def _count_slice(counts: dict[str, int], name: str, pair: JudgedPair | None) -> None:
    gold, strict, relaxed, equal, equivalent = _SLICE_COUNTS[name]
    counts[gold] = counts.get(gold, 0) + 1
    if pair is None:
        return
    counts[strict] = counts.get(strict, 0) + pair.equal_span
    counts[relaxed] = counts.get(relaxed, 0) + 1
    counts[equal] = counts.get(equal, 0) + bool(pair.judgement["value_equal"])
    counts[equivalent] = counts.get(equivalent, 0) + bool(pair.judgement["value_equivalent"])


def _slice_metrics(totals: Sums[V], name: str) -> Block[V]:
    gold, matched = f"{name}.gold", f"{name}.relaxed_true_positives"
    return {
        "gold": totals.number(gold),
        "recall": totals.rate(f"{name}.true_positives", gold),
        "relaxed_recall": totals.rate(matched, gold),
        "normalization_accuracy": totals.rate(f"{name}.value_equal", matched),
        "normalization_accuracy_equivalent": totals.rate(f"{name}.value_equivalent", matched),
    }
