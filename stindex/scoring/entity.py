"""A dimension beside time and place: mentions with words and perhaps a value and a type.

A subclass with a `name` is a whole dimension: it is read from gold and predictions, asked of
models, matched, counted and shown like the two that come with the project. What it judges in
another way it overrides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stindex.schema import EntityMention, Sample
from stindex.scoring.dimension import NO_TYPE, Block, Slicing, Sums, V
from stindex.scoring.sample_score import JudgedPair, Judgement


class EntityDimension:
    """Mentions whose values are equal or not.

    Attributes:
        name: the key in gold, predictions and metrics; a plain word in lower case.
        instruction: what a model is told about `<name>_mentions`; a sentence of the prompt.
        own_errors: `value` where a value can be wrong; empty for a dimension without values.
    """

    name = "entities"
    instruction = ""
    own_errors: tuple[str, ...] = ("value",)

    @property
    def slicings(self) -> Mapping[str, Slicing[EntityMention]]:
        """Parts by type."""
        return {"type": lambda mention, _: (self.type_of(mention) or NO_TYPE,)}

    def value_of(self, mention: EntityMention) -> str:
        """Return the value as it was written."""
        return mention.normalized

    def type_of(self, mention: EntityMention) -> str | None:
        """Return the type in lower case, or None."""
        return None if mention.entity_type is None else mention.entity_type.strip().lower()

    def same_value(self, gold: EntityMention, predicted: EntityMention) -> bool:
        """Return whether two values are equal; without a value of the gold all are."""
        wanted = gold.normalized.strip().casefold()
        return not wanted or wanted == predicted.normalized.strip().casefold()

    def judge(self, gold: EntityMention, predicted: EntityMention) -> Judgement:
        """Compare types and values."""
        kind = self.type_of(gold)
        return {
            "type_equal": None if kind is None else kind == self.type_of(predicted),
            "value_equal": self.same_value(gold, predicted),
        }

    def errors(self, judgement: Judgement) -> tuple[str, ...]:
        """Return `value` where the value differs."""
        wrong = bool(self.own_errors) and not judgement["value_equal"]
        return ("value",) if wrong else ()

    def counts(
        self,
        sample: Sample,  # noqa: ARG002 - the protocol's
        gold: Sequence[EntityMention],  # noqa: ARG002
        predicted: Sequence[EntityMention],  # noqa: ARG002
        pairs: Sequence[JudgedPair],
    ) -> Mapping[str, int]:
        """Count right values."""
        return {"value_equal": sum(bool(pair.judgement["value_equal"]) for pair in pairs)}

    def series(self, pairs: Sequence[JudgedPair]) -> Mapping[str, Sequence[float]]:  # noqa: ARG002
        """Everything adds up."""
        return {}

    def metrics(self, totals: Sums[V]) -> Block[V]:
        """Return the metrics of values."""
        if not self.own_errors:
            return {}
        return {
            "normalization_accuracy": totals.rate("value_equal", "relaxed_true_positives"),
            "value_f1": totals.f1("value_equal"),
        }
