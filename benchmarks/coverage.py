"""How often the 95 % intervals hold the truth, where the truth is known.

`python -m benchmarks.coverage` draws data sets of 10 to 1,000 documents from populations whose
metrics are known exactly, and counts how often each interval holds them. It fails where, for
scores that are neither near 0 nor near 1, a share at n = 100 or 1,000 is not within 93 to 97 %;
the other rows show where the intervals are too short or too long. Then it times the intervals of
100,000 documents, which may take 20 s and 2 GB. `--smoke` shows that it works.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from stindex.schema import (
    GoldLayer,
    Mention,
    Outcome,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import SampleScore, aggregate, metric_value, score_sample
from stindex.scoring.intervals import with_intervals
from stindex.scoring.resampling import RESAMPLES, resampled_values

METRICS = (
    "temporal.f1_score",
    "temporal.macro_f1_score",
    "temporal.normalization_accuracy",
    "spatial.median_distance_error_km",
    "spatial.auc",
    "overall.combined_f1",
    "overall.success_rate",
)
ALLOWED = (0.93, 0.97)
JUDGED = (100, 1000)
SIZES = {10: 2000, 30: 2000, 100: 2000, 1000: 1000}  # documents to how many data sets are drawn
DOCUMENTS = 6000  # of a population
MANY = 100_000
ALLOWED_SECONDS = 20.0
ALLOWED_GB = 2.0


@dataclass(frozen=True, slots=True)
class Population:
    """What a population is made of.

    Attributes:
        quality: parameters of the beta distribution that each document's share of right mentions
            is drawn from: mentions of one document are right and wrong together.
        failures: share of answers that are not valid.
        judged: whether its intervals have to hold.
    """

    name: str
    quality: tuple[float, float]
    failures: float
    judged: bool


POPULATIONS = (
    Population("ordinary", (5.0, 2.0), 0.05, judged=True),
    Population("near 1", (120.0, 1.5), 0.005, judged=False),
    Population("near 0", (1.0, 40.0), 0.5, judged=False),
)


def main() -> None:
    """Measure, print a table, and exit with 1 where an interval that must hold does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few small data sets, no verdict")
    smoke = parser.parse_args().smoke
    sizes = {10: 5, 100: 5} if smoke else SIZES
    print(f"{'population':10} {'n':>5} {'data sets':>9}  " + "  ".join(map(_short, METRICS)))
    failed = False
    for population in POPULATIONS:
        failed |= measure(population, sizes, 200 if smoke else DOCUMENTS)
    too_much = scale(2000 if smoke else MANY)
    if failed and not smoke:
        print(f"FAILED: a share is not within {ALLOWED[0]:.0%} to {ALLOWED[1]:.0%}")
    if too_much and not smoke:
        print(f"FAILED: more than {ALLOWED_SECONDS} s or {ALLOWED_GB} GB")
    if (failed or too_much) and not smoke:
        sys.exit(1)


def scale(documents: int) -> bool:
    """Time the intervals of all metrics of a large run; return whether they cost too much.

    They use one core: the time of the processor is what it takes where nothing else is at work.
    """
    chance = random.Random(1)
    drawn = chance.choices(list(generate(POPULATIONS[0], 1000, chance)), k=documents)
    scores = [replace(score, document_id=str(number)) for number, score in enumerate(drawn)]
    begin, begin_cpu = time.perf_counter(), time.process_time()
    resampled_values([scores])
    seconds, busy = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak = _peak_gb()
    print(
        f"{documents} documents x {RESAMPLES} resamples: {busy:.1f} s of one core ({seconds:.1f} s "
        f"beside {os.getloadavg()[0]:.0f} processes), at most {peak:.2f} GB"
    )
    return busy > ALLOWED_SECONDS or peak > ALLOWED_GB


def _peak_gb() -> float:
    """Return the most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e9 if sys.platform == "darwin" else 1e6)


def measure(population: Population, sizes: Mapping[int, int], documents: int) -> bool:
    """Print a row for each size of a data set; return whether a share is out of bounds."""
    chance = random.Random(population.name)
    scores = list(generate(population, documents, chance))
    metrics = aggregate(scores)
    truth = {name: metric_value(metrics, name) for name in METRICS}
    shown = "  ".join(f"{truth[name]:{len(_short(name))}.3f}" for name in METRICS)
    print(f"{population.name:10} {'truth':>15}  {shown}")
    failed = False
    for n, data_sets in sizes.items():
        begin = time.perf_counter()
        held = [covered(chance.choices(scores, k=n), truth) for _ in range(data_sets)]
        shares = {name: _share([row[name] for row in held]) for name in METRICS}
        cells = "  ".join(_cell(shares[name], len(_short(name))) for name in METRICS)
        seconds = time.perf_counter() - begin
        print(f"{population.name:10} {n:5d} {data_sets:9d}  {cells}  {seconds:5.0f} s", flush=True)
        if population.judged and n in JUDGED:
            low, high = ALLOWED
            failed |= any(share is None or not low <= share <= high for share in shares.values())
    return failed


def covered(
    drawn: Sequence[SampleScore], truth: Mapping[str, float | None]
) -> dict[str, bool | None]:
    """Return for each metric whether its interval holds the truth; None where there is none."""
    scores = [replace(score, document_id=str(number)) for number, score in enumerate(drawn)]
    metrics = with_intervals(aggregate(scores), scores, METRICS)
    held: dict[str, bool | None] = {}
    for name in METRICS:
        block, key = name.split(".")
        bounds = metrics[block].get(f"{key}_ci95")
        true = truth[name]
        held[name] = None
        if bounds is not None and true is not None:
            held[name] = bounds[0] - 1e-9 <= true <= bounds[1] + 1e-9
    return held


def generate(
    population: Population, documents: int, chance: random.Random
) -> Iterator[SampleScore]:
    """Yield the scores of the documents of a population."""
    for number in range(documents):
        quality = chance.betavariate(*population.quality)
        times = [_time(index) for index in range(chance.randint(0, 8))]
        places = [_place(index) for index in range(chance.randint(0, 8))]
        layers = {"temporal": GoldLayer(tuple(times)), "spatial": GoldLayer(tuple(places))}
        answer: dict[str, tuple[Mention, ...]] = {
            "temporal": tuple(_read(mention, quality, chance) for mention in times),
            "spatial": tuple(_located(mention, quality, chance) for mention in places),
        }
        outcome = Outcome.INVALID if chance.random() < population.failures else Outcome.OK
        yield score_sample(Sample(str(number), "", layers), Prediction(answer), outcome)


def _time(index: int) -> TemporalMention:
    return TemporalMention("May", f"20{index:02}-05", "DATE", 9 * index, 9 * index + 3)


def _place(index: int) -> SpatialMention:
    return SpatialMention("Rome", "city", None, 0.0, 0.0, 9 * index, 9 * index + 4)


def _read(gold: TemporalMention, quality: float, chance: random.Random) -> TemporalMention:
    end = (gold.end_char or 0) + (chance.random() > quality)
    value = gold.normalized if chance.random() < quality else "1999"
    return replace(gold, normalized=value, end_char=end)


def _located(gold: SpatialMention, quality: float, chance: random.Random) -> SpatialMention:
    if chance.random() > quality:
        # Elsewhere: log-normal, with a document's own scale.
        longitude = min(170.0, chance.lognormvariate(2 - 4 * quality, 1.5))
        return replace(gold, longitude=longitude, end_char=(gold.end_char or 0) + 1)
    return replace(gold, longitude=min(170.0, chance.lognormvariate(-3, 1.5)))


def _share(held: Sequence[bool | None]) -> float | None:
    known = [each for each in held if each is not None]
    return sum(known) / len(known) if known else None


def _short(name: str) -> str:
    return name.removesuffix("_score").removesuffix("_distance_error_km")


def _cell(share: float | None, width: int) -> str:
    return f"{'-' if share is None else f'{share:.1%}':>{width}}"


if __name__ == "__main__":
    main()
