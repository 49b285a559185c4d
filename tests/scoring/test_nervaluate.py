"""Random cases scored by nervaluate itself, where it is installed (`pip install nervaluate`).

Under its conventions every number of every case has to be nervaluate's; those of the fixtures
stand in `test_conformance.py`.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.scoring.conformance import SCORERS, Case, compare, same

nervaluate = pytest.importorskip("nervaluate")

(SCORER,) = (scorer for scorer in SCORERS if scorer.file == "nervaluate")
TAGS = ["DATE", "TIME", "SET"]


def side(chance: random.Random, *, apart: bool, reach: int) -> list[Case]:
    """Return up to four mentions of a document, which may overlap unless they are to be apart."""
    number = chance.randint(0, 4)
    if apart:
        cuts = sorted(chance.sample(range(reach), 2 * number))
        spans = [(cuts[2 * i], cuts[2 * i + 1] - 1) for i in range(number)]
    else:
        starts = [chance.randint(0, reach) for _ in range(number)]
        spans = [(start, start + chance.randint(0, reach // 3)) for start in starts]
    return [{"label": chance.choice(TAGS), "start": a, "end": b} for a, b in spans]


def random_case(seed: int) -> Case:
    chance = random.Random(seed)
    apart, reach = seed % 2 == 0, chance.choice((12, 24, 900))
    documents = range(chance.randint(1, 3))
    gold, system = (
        [side(chance, apart=apart, reach=reach) for _ in documents] for _ in ("gold", "system")
    )
    gold[0] = gold[0] or [{"label": "SET", "start": 0, "end": 2}]  # it cannot begin with nothing
    case = {"name": str(seed), "gold": gold, "system": system, "tags": TAGS}
    return {**case, "expected": expected(gold, system)}


def expected(gold: list[list[Case]], system: list[list[Case]]) -> dict[str, Any]:
    found = nervaluate.Evaluator(gold, system, TAGS, loader="dict").evaluate()
    labels = {e["label"] for documents in (gold, system) for side in documents for e in side}
    entities = {label: block for label, block in found["entities"].items() if label in labels}
    return {
        "overall": as_json(found["overall"]),
        "entities": {k: as_json(v) for k, v in entities.items()},
    }


def as_json(block: dict[str, Any]) -> dict[str, Any]:
    keys = ("precision", "recall", "f1", "correct", "incorrect", "partial", "missed", "spurious")
    return {
        view: {key: getattr(found, key) for key in (*keys, "actual", "possible")}
        for view, found in block.items()
    }


@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_random_cases_have_nervaluates_numbers_under_its_conventions(first: int) -> None:
    for seed in range(first, first + 100):
        case = random_case(seed)
        for each in compare(SCORER, case):
            assert same(each.under, each.printed), (seed, each)
