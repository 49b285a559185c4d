"""How often the gates that compare two runs are wrong, and how often they find a true loss.

`python -m benchmarks.gates` simulates pairs of runs: of the same model (every gate that fails is a
false alarm) and of a model that has lost 5 points of F1 (every gate that does not fail is a miss).
Beside the gates stand what peers use: a fixed tolerance, and a test that does not pair samples.
`--repeats RUN RUN …` counts false alarms among real runs of one model; `--smoke` shows that all of
it works. Exit status 1 where the gates raise a false alarm in more than 5 % of the pairs.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import permutations
from pathlib import Path
from statistics import NormalDist, fmean, stdev

import numpy as np

from stindex.comparison.baselines import find_baseline
from stindex.comparison.differences import Comparator
from stindex.comparison.judging import Question, answer_all
from stindex.comparison.pairing import Pairing, paired
from stindex.comparison.statistics import ALPHA
from stindex.schema import Outcome
from stindex.scoring import DimensionScore, JudgedPair, SampleScore, aggregate
from stindex.scoring.resampling import resampled_values

GATES = (
    "temporal.f1_score",
    "temporal.value_f1_equivalent",
    "spatial.f1_score",
    "spatial.accuracy_at_161km_end_to_end",
    "overall.success_rate",
)
FOUND = "temporal.f1_score"  # the metric that loses
MENTIONS, SPURIOUS = 4.0, 0.6  # of a dimension in a document, on average
TOLERANCE = 0.02
LOSS = 0.05
RESAMPLES = 1000  # half of what a run takes: here it is thousands of pairs
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


@dataclass(frozen=True)
class Outcomes:
    """What became of one simulated pair: which methods called it worse.

    Attributes:
        single: the one gate on `FOUND`; `any_of_five`: at least one of the five gates.
        difference: in `FOUND`.
    """

    single: bool
    any_of_five: bool
    tolerance: bool
    tolerance_of_five: bool
    unpaired: bool
    unpaired_of_five: bool
    inconclusive: bool
    difference: float


# ── Simulated runs ───────────────────────────────────────────────────────────────────────────


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


# ── What each method says ────────────────────────────────────────────────────────────────────


def judged_pair(pairing: Pairing, seed: int) -> Outcomes:
    """Let every method judge one pair of runs."""
    comparator = Comparator(pairing, RESAMPLES, seed)
    differences = [comparator.difference(metric) for metric in GATES]
    five = answer_all([Question(difference) for difference in differences])
    (single,) = answer_all([Question(differences[GATES.index(FOUND)])])
    drops = {d.metric: -(d.observed or 0.0) for d in differences}
    unpaired = _unpaired_p(pairing, seed)
    return Outcomes(
        single=single.state == "failed",
        any_of_five=any(answer.state == "failed" for answer in five),
        tolerance=drops[FOUND] > TOLERANCE,
        tolerance_of_five=any(drop > TOLERANCE for drop in drops.values()),
        unpaired=unpaired[FOUND] <= ALPHA,
        unpaired_of_five=min(unpaired.values()) <= ALPHA / len(GATES),
        inconclusive=single.state == "inconclusive",
        difference=-drops[FOUND],
    )


def _unpaired_p(pairing: Pairing, seed: int) -> dict[str, float]:
    """Return one-sided p values of a z test that takes the two runs for independent samples."""
    runs = [pairing.baseline, pairing.current]
    spread = [resampled_values([run], GATES, resamples=RESAMPLES, seed=seed)[0] for run in runs]
    values = [aggregate(run) for run in runs]
    p_values = {}
    for metric in GATES:
        block, key = metric.split(".")
        error = math.hypot(*(float(np.nanstd(s[metric].value)) for s in spread))
        gain = values[1][block][key] - values[0][block][key]
        p_values[metric] = _NORMAL.cdf(gain / error) if error else 1.0
    return p_values


def simulated(seed: int, documents: int, before: Model, now: Model) -> Outcomes:
    """Simulate one pair and judge it."""
    chance = np.random.default_rng(seed)
    return judged_pair(simulated_pair(documents, before, now, chance), seed)


# ── Tables ───────────────────────────────────────────────────────────────────────────────────


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


def main() -> None:
    """Simulate, print the tables, and exit with 1 where the gates raise too many alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="40 simulations, no verdict")
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repeats", nargs="+", help="runs of one model, to be compared in pairs")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    given = parser.parse_args()
    if given.repeats:
        alarms = real_pairs(given.repeats)
        sys.exit(alarms > ALPHA)
    count = 40 if given.smoke else given.simulations
    with ProcessPoolExecutor(given.processes) as pool:
        rows = list(_tables(pool, count))
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    worst = max(float(str(row["any_of_five"])) for row in rows if not row["loss"])
    if not given.smoke and worst > ALPHA:
        print(f"FAILED: a false alarm in {worst:.1%} of the pairs of the same model")
        sys.exit(1)


def _tables(pool: ProcessPoolExecutor, count: int) -> Iterator[dict[str, object]]:
    same = Model()
    worse = with_loss(same, LOSS)
    cases = [
        ("same model, sampled anew", 200, same, same, 0.0),
        ("same model, 95 % of answers alike", 200, same, Model(copied=0.95), 0.0),
        ("same model, sampled anew", 30, same, same, 0.0),
        ("has lost 5 points", 200, same, worse, LOSS),
    ]
    print(f"{count} pairs each; called worse, in %:")
    print(f"{'':36}{'n':>5}  {'one gate':>9}{'any of 5':>9}  {'tolerance':>10}{'of 5':>6}", end="")
    print(f"  {'unpaired':>9}{'of 5':>6}  {'theory':>7}{'inconcl.':>9}{'s':>7}")
    for number, (label, documents, before, now, loss) in enumerate(cases):
        started = time.perf_counter()
        work = partial(simulated, documents=documents, before=before, now=now)
        seeds = range(1_000_000 * number, 1_000_000 * number + count)
        outcomes = list(pool.map(work, seeds, chunksize=10))
        row = _row(label, documents, outcomes, loss)
        _print_row(row, time.perf_counter() - started)
        yield row


def _row(label: str, n: int, outcomes: Sequence[Outcomes], loss: float) -> dict[str, object]:
    shares = {
        name: fmean(asdict(outcome)[name] for outcome in outcomes) for name in asdict(outcomes[0])
    }
    error = stdev(outcome.difference for outcome in outcomes)
    # What a z test with the true standard error would find.
    theory = _NORMAL.cdf(loss / error - _NORMAL.inv_cdf(1 - ALPHA)) if loss else ALPHA
    return {"case": label, "n": n, "loss": loss, **shares, "error": error, "theory": theory}


def _print_row(row: dict[str, object], seconds: float) -> None:
    def percent(name: str) -> str:
        return f"{100 * float(str(row[name])):.1f}"

    print(
        f"{row['case']:36}{row['n']:5}  {percent('single'):>9}{percent('any_of_five'):>9}  "
        f"{percent('tolerance'):>10}{percent('tolerance_of_five'):>6}  {percent('unpaired'):>9}"
        f"{percent('unpaired_of_five'):>6}  {percent('theory'):>7}{percent('inconclusive'):>9}"
        f"{seconds:7.0f}",
        flush=True,
    )


def real_pairs(runs: Sequence[str]) -> float:
    """Compare real runs of one model in every order; return the share that is called worse."""
    stored = [find_baseline(run, Path.cwd(), Path("reports")) for run in runs]
    scores = [{i: sample.score for i, sample in run.samples.items()} for run in stored]
    outcomes = [
        judged_pair(paired(a, b), number) for number, (a, b) in enumerate(permutations(scores, 2))
    ]
    print(f"{len(outcomes)} ordered pairs of {len(runs)} runs, {len(scores[0])} samples:")
    for name in ("single", "any_of_five", "tolerance_of_five", "unpaired_of_five"):
        share = fmean(asdict(outcome)[name] for outcome in outcomes)
        print(f"  {name.replace('_', ' '):20}{share:7.1%} called worse")
    return fmean(outcome.any_of_five for outcome in outcomes)


if __name__ == "__main__":
    main()
