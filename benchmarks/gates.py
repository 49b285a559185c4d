"""How often the gates that compare two runs are wrong, and how often they find a true loss.

`python -m benchmarks.gates` simulates pairs of runs: of the same model (every gate that fails is a
false alarm) and of a model that has lost 5 points of F1 (every gate that does not fail is a miss).
Beside the gates stand what peers use: a fixed tolerance, and a test that does not pair samples.
`--repeats RUN …` counts false alarms among real runs of one model instead, made with `--repeats` or
with different seeds; `--smoke` shows that all of it works. Exit status 1 where the gates raise a
false alarm in more than 5 % of the pairs of the same model.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import permutations
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from typing import Any

import numpy as np

from benchmarks.simulated_runs import Model, simulated_pair, with_loss
from stindex.comparison.baselines import find_baseline
from stindex.comparison.differences import Comparator
from stindex.comparison.judging import Question, answer_all
from stindex.comparison.pairing import Pairing, paired
from stindex.comparison.statistics import ALPHA
from stindex.errors import UserError
from stindex.scoring import SampleScore, aggregate
from stindex.scoring.intervals import wilson
from stindex.scoring.resampling import resampled_values

GATES = (
    "temporal.f1_score",
    "temporal.value_f1_equivalent",
    "spatial.f1_score",
    "spatial.accuracy_at_161km_end_to_end",
    "overall.success_rate",
)
FOUND = "temporal.f1_score"  # the metric that loses
TOLERANCE = 0.02
LOSS = 0.05
RESAMPLES = 1000  # half of what a run takes: here it is thousands of pairs
_NORMAL = NormalDist()

Scores = Mapping[str, SampleScore]  # by sample id


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


# ── Cases ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """Pairs of runs of which the truth is known.

    Attributes:
        documents: of each run.
        loss: what the second run has really lost in `FOUND`.
        judged: judges one pair; its argument is a seed.
        seeds: one a pair.
    """

    label: str
    documents: int
    loss: float
    judged: Callable[[int], Outcomes]
    seeds: range


def simulated_cases(pairs: int) -> list[Case]:
    """Return pairs of runs of one model, and of a model that has lost 5 points."""
    same = Model()
    cases = [
        ("same model, sampled anew", 200, same, 0.0),
        ("same model, 95 % of answers alike", 200, Model(copied=0.95), 0.0),
        ("same model, sampled anew", 30, same, 0.0),
        ("has lost 5 points", 200, with_loss(same, LOSS), LOSS),
    ]
    return [
        Case(
            label,
            documents,
            loss,
            partial(simulated, documents=documents, before=same, now=now),
            range(1_000_000 * number, 1_000_000 * number + pairs),
        )
        for number, (label, documents, now, loss) in enumerate(cases)
    ]


def real_cases(runs: Sequence[Scores], pairs: int) -> list[Case]:
    """Return pairs among real runs of one model: as they are, and with their answers mixed."""
    documents = len({score.document_id for score in runs[0].values()})
    ordered = range(len(runs) * (len(runs) - 1))
    return [
        Case(
            "real repeats, every two of them", documents, 0.0, partial(as_they_are, runs), ordered
        ),
        Case("real repeats, answers mixed", documents, 0.0, partial(mixed, runs), range(pairs)),
    ]


def as_they_are(runs: Sequence[Scores], number: int) -> Outcomes:
    """Judge one of the ordered pairs of runs."""
    before, now = list(permutations(runs, 2))[number]
    return judged_pair(paired(before, now), number)


def mixed(runs: Sequence[Scores], seed: int) -> Outcomes:
    """Judge two runs that are mixed from the real ones."""
    return judged_pair(mixed_pair(runs, np.random.default_rng(seed)), seed)


def mixed_pair(runs: Sequence[Scores], chance: np.random.Generator) -> Pairing:
    """Return two runs, each made of any run's answer to each sample, never both of the same one.

    The answers of a model that samples do not depend on one another, so that these are runs of it
    like the real ones, and there are as many of them as one likes.
    """
    before, now = {}, {}
    for sample_id in runs[0]:
        one, other = chance.choice(len(runs), 2, replace=False)
        before[sample_id], now[sample_id] = runs[one][sample_id], runs[other][sample_id]
    return paired(before, now)


def stored_scores(names: Sequence[str]) -> list[Scores]:
    """Return the scores of stored runs over the same samples; a run with `--repeats` is several.

    Raises:
        UserError: one of them cannot be read.
    """
    stored = [find_baseline(name, Path.cwd(), Path("reports")) for name in names]
    scores = [{i: sample.score for i, sample in run.samples.items()} for run in stored]
    return [part for one in scores for part in without_repeats(one)]


def without_repeats(scores: Scores) -> list[Scores]:
    """Return a run for each answer to the samples: that to `a` is in the first, to `a#2` next."""
    runs: dict[int, dict[str, SampleScore]] = {}
    for sample_id, score in scores.items():
        name, _, number = sample_id.rpartition("#")
        repeat = int(number) if name in scores and number.isdigit() else 1
        base = name if repeat > 1 else sample_id
        runs.setdefault(repeat, {})[base] = replace(score, sample_id=base)
    return [run for _, run in sorted(runs.items())]


# ── Tables ───────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    """Judge all pairs, print the table, and exit with 1 where the gates raise too many alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="40 pairs a case, no verdict")
    parser.add_argument("--pairs", type=int, default=2000, help="of each case")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repeats", nargs="+", help="runs of one model, to be compared in pairs")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    given = parser.parse_args()
    pairs = 40 if given.smoke else given.pairs
    if given.repeats:
        cases = real_cases(_several(parser, given.repeats), pairs)
    else:
        cases = simulated_cases(pairs)
    with ProcessPoolExecutor(given.processes) as pool:
        rows = list(_rows(pool, cases))
    if given.json:
        written = {**_conditions(real=bool(given.repeats)), "resamples": RESAMPLES, "rows": rows}
        given.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    worst = max(row["any_of_five"] for row in rows if not row["loss"])
    if not given.smoke and worst > ALPHA:
        print(f"FAILED: a false alarm in {worst:.1%} of the pairs of the same model")
        sys.exit(1)


def _several(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[Scores]:
    """Return the scores of the runs that were named; end with a sentence if they make no pair."""
    try:
        runs = stored_scores(names)
    except UserError as problem:
        parser.error(str(problem))
    if len(runs) < 2:
        parser.error(f"--repeats {names[0]}: one answer a sample; name a run with repeats, or two.")
    return runs


def _conditions(*, real: bool) -> dict[str, object]:
    """Return what a result needs to be read; the figures depend on the seeds alone."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("stindex", "numpy")},
        "cores": os.cpu_count(),
        "command": "python -m benchmarks.gates" + (" --repeats RUN" if real else ""),
    }


def _rows(pool: Executor, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    print(f"{'called worse, in %':36}{'n':>5}{'pairs':>6}  {'one gate':>9}{'any of 5':>9}", end="")
    print(f"{'95 %':>12}  {'tolerance':>10}{'of 5':>6}  {'unpaired':>9}{'of 5':>6}", end="")
    print(f"  {'theory':>7}{'inconcl.':>9}{'s':>7}")
    for case in cases:
        started = time.perf_counter()
        outcomes = list(pool.map(case.judged, case.seeds, chunksize=10))
        row = _row(case, outcomes)
        _print_row(row, time.perf_counter() - started)
        yield row


def _row(case: Case, outcomes: Sequence[Outcomes]) -> dict[str, Any]:
    shares = {
        name: fmean(asdict(outcome)[name] for outcome in outcomes) for name in asdict(outcomes[0])
    }
    worse = sum(outcome.any_of_five for outcome in outcomes)
    error = stdev(outcome.difference for outcome in outcomes)
    # What a z test with the true standard error would find.
    theory = _NORMAL.cdf(case.loss / error - _NORMAL.inv_cdf(1 - ALPHA)) if case.loss else ALPHA
    return {
        "case": case.label,
        "n": case.documents,
        "pairs": len(outcomes),
        "loss": case.loss,
        **shares,
        "any_of_five_ci95": wilson(worse, len(outcomes)),
        "error": error,
        "theory": theory,
    }


def _print_row(row: dict[str, Any], seconds: float) -> None:
    def percent(name: str) -> str:
        return f"{100 * row[name]:.1f}"

    low, high = row["any_of_five_ci95"]
    interval = f"{100 * low:.1f}–{100 * high:.1f}"
    print(
        f"{row['case']:36}{row['n']:5}{row['pairs']:6}  {percent('single'):>9}"
        f"{percent('any_of_five'):>9}{interval:>12}  {percent('tolerance'):>10}"
        f"{percent('tolerance_of_five'):>6}  {percent('unpaired'):>9}"
        f"{percent('unpaired_of_five'):>6}  {percent('theory'):>7}{percent('inconclusive'):>9}"
        f"{seconds:7.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
