"""Pairs of runs that no model made: documents of different difficulty, read with a known skill.

A `Model` goes in, and the scores of two runs over the same documents come out. As the skill is
known, so is the truth that a comparison of the two should find.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from stindex.comparison.pairing import Pairing
from stindex.schema import Outcome
from stindex.scoring import DimensionScore, JudgedPair, SampleScore

MENTIONS, SPURIOUS = 4.0, 0.6  # of a dimension in a document, on average
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Model:
    """A model that reads documents of different difficulty.

    Attributes:
        skill: log-odds of finding a mention in a document of average difficulty.
        spread: standard deviation of the documents' difficulty, in log-odds.
        copied: share of the documents to which two runs give the same answer word for word.
    """

    skill: float = 1.4
    spread: float = 1.0
    copied: float = 0.0


def simulated_pair(
    documents: int, before: Model, now: Model, chance: np.random.Generator
) -> Pairing:
    """Return the scores of two runs over the same documents."""
    pairs = [_document(str(number), before, now, chance) for number in range(documents)]
    return Pairing(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def _document(
    name: str, before: Model, now: Model, chance: np.random.Generator
) -> tuple[SampleScore, SampleScore]:
    difficulty = chance.normal(0.0, before.spread)
    gold = {name: 1 + chance.poisson(MENTIONS - 1) for name in ("temporal", "spatial")}
    first = _answer(name, gold, before.skill + difficulty, chance)
    if chance.random() < now.copied:
        return first, first
    return first, _answer(name, gold, now.skill + difficulty, chance)


def _answer(
    name: str, gold: dict[str, int], log_odds: float, chance: np.random.Generator
) -> SampleScore:
    probability = 1 / (1 + math.exp(-log_odds))
    valid = bool(chance.random() < 0.5 + probability / 2)
    layers = {
        dimension: _layer(dimension, number, probability if valid else 0.0, chance)
        for dimension, number in gold.items()
    }
    return SampleScore(name, name, Outcome.OK if valid else Outcome.INVALID, layers)


def _layer(
    dimension: str, gold: int, probability: float, chance: np.random.Generator
) -> DimensionScore:
    found = np.flatnonzero(chance.random(gold) < probability)
    right = chance.random(len(found)) < 0.5 + probability / 2
    spurious = int(chance.poisson(SPURIOUS)) if probability else 0
    judged = [_judgement(dimension, bool(one)) for one in right]
    pairs = tuple(
        JudgedPair(int(index), place, True, judgement)  # noqa: FBT003 (equal spans)
        for place, (index, judgement) in enumerate(zip(found, judged, strict=True))
    )
    hits, correct = len(pairs), int(right.sum())
    counts = {
        "gold": gold,
        "predicted": hits + spurious,
        **dict.fromkeys(("true_positives", "relaxed_true_positives", "text_true_positives"), hits),
        **dict.fromkeys(("typed_gold", "hallucinated"), 0),
        **dict.fromkeys(("typed_pairs", "type_equal", "strict_type_equal"), 0),
    }
    values = ("value_equal", "value_equivalent")
    places = ("within_25km", "within_161km", "areal_ok")
    if dimension == "temporal":
        counts |= dict.fromkeys(values, correct)
    else:
        counts |= {"located_gold": gold, "located_pairs": hits, "predicted_places": hits}
        counts |= dict.fromkeys((*places, *(f"{name}_end_to_end" for name in places)), correct)
    missed = tuple(sorted(set(range(gold)) - {pair.gold for pair in pairs}))
    return DimensionScore(True, counts, pairs, missed, (), ())  # noqa: FBT003 (exhaustive)


def _judgement(dimension: str, right: bool) -> dict[str, bool | float | str | None]:  # noqa: FBT001
    if dimension == "temporal":
        equal = dict.fromkeys(("value_equal", "value_equivalent"), right)
        return {"type_equal": None, **equal, "value_overlap": float(right)}
    near = dict.fromkeys(("within_25km", "within_161km", "areal_ok"), right)
    head = {"type_equal": None, "located": True, "kind": None, "kind_from_gold": True}
    return {**head, "distance_km": None, **near}


def expected_f1(model: Model) -> float:
    """Return the temporal F1 of endlessly many documents, integrated over their difficulty."""
    shares = (np.arange(2000) + 0.5) / 2000
    difficulty = np.array([_NORMAL.inv_cdf(share) for share in shares]) * model.spread
    probability = 1 / (1 + np.exp(-(model.skill + difficulty)))
    valid = 0.5 + probability / 2
    hits = MENTIONS * float(np.mean(valid * probability))
    return 2 * hits / (MENTIONS + hits + SPURIOUS * float(np.mean(valid)))


def with_loss(before: Model, loss: float) -> Model:
    """Return the model whose expected F1 is lower by `loss`, found by bisection."""
    target, low, high = expected_f1(before) - loss, before.skill - 2.0, before.skill
    for _ in range(40):
        middle = (low + high) / 2
        if expected_f1(Model(middle, before.spread)) < target:
            low = middle
        else:
            high = middle
    return Model((low + high) / 2, before.spread)
