"""How a run grows: 1,000, 10,000 and 100,000 samples with a model that answers at once.

`python -m benchmarks.scale` prints time and peak memory of collecting, of a whole run with its
reports, and of a resume with every answer there; it fails where an aim is missed. `--counts`
chooses other sizes, `--json FILE` keeps the figures, `--split` measures instead how batches of
unequal cost are shared. Aims are held against processor time, which others on the machine do not
change much.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.harness import invented_sample
from stindex.runs.feeds import ClaimedFeed
from stindex.runs.plan import plan_chunks

ROOT = Path(__file__).parent.parent
MOST_GROWTH = 12.0  # of time, from 10,000 samples to 100,000
MOST_SECONDS = 150.0  # of a resume over 100,000
MOST_BYTES = 2e9
MOST_OVER_BEST = 1.15  # wall time against the best schedule by batches


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one session: wall time, processor time, peak memory of its process."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


Found = dict[int, dict[str, Cost]]


def main() -> None:
    """Measure, print, and exit with 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000, 100000])
    parser.add_argument("--split", action="store_true", help="how unequal batches are shared")
    parser.add_argument("--smoke", action="store_true", help="200 samples, no verdict")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    if options.smoke:
        growth_aims(measured([200]))
        return
    if options.split:
        missed = split_aims()
    else:
        found = measured(options.counts)
        missed = growth_aims(found)
        if options.json is not None:
            options.json.write_text(json.dumps(kept(found), indent=2) + "\n", encoding="utf-8")
    for sentence in missed:
        print(f"FAILED: {sentence}")
    sys.exit(bool(missed))


# --- growth


def measured(counts: Sequence[int]) -> Found:
    """Measure sessions of each size."""
    found: Found = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as directory:
            found[count] = _measured(Path(directory), count)
    return found


def kept(found: Found) -> dict[str, Any]:
    """Return the figures as they are kept, with what they were measured on."""
    versions = {name: version(name) for name in ("pytest", "numpy", "pydantic")}
    return {
        "command": "python -m benchmarks.scale --counts " + " ".join(map(str, found)),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "cores": os.cpu_count(),
            "load_at_the_end": [round(load, 1) for load in os.getloadavg()],
        },
        "versions": {"python": platform.python_version(), **versions},
        "samples": {
            str(count): {what: asdict(cost) for what, cost in costs.items()}
            for count, costs in found.items()
        },
    }


def growth_aims(found: Found) -> list[str]:
    """Return the aims that were missed."""
    missed = []
    if {10000, 100000} <= found.keys():
        for what in ("run", "resume"):
            growth = found[100000][what].cpu_seconds / found[10000][what].cpu_seconds
            print(f"{what}: 100,000 cost {growth:.1f} x 10,000 (aim: at most {MOST_GROWTH:g})")
            if growth > MOST_GROWTH:
                missed.append(f"a {what} over 100,000 costs {growth:.1f} x 10,000")
    resume = found.get(100000, {}).get("resume")
    if resume is not None and resume.cpu_seconds > MOST_SECONDS:
        missed.append(f"a resume over 100,000 takes {resume.cpu_seconds:.0f} s of processor")
    if resume is not None and resume.peak_bytes > MOST_BYTES:
        missed.append(f"a resume over 100,000 needs {resume.peak_bytes / 1e9:.1f} GB")
    return missed


def _measured(directory: Path, count: int) -> dict[str, Cost]:
    with (directory / "generated.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(count):
            lines.write(json.dumps(invented_sample(number)) + "\n")
    found = {}
    for what, extra in (("collect", ["--collect-only", "-qq"]), ("run", []), ("resume", [])):
        cost = found[what] = _session(directory, extra)
        print(
            f"{count:7d} samples, {what:8s} {cost.seconds:7.1f} s, {cost.cpu_seconds:7.1f} s of "
            f"processor, {1000 * cost.cpu_seconds / count:6.2f} ms a sample, "
            f"{cost.peak_bytes / 1e6:6.0f} MB",
            flush=True,
        )
    return found


def _session(directory: Path, extra: list[str]) -> Cost:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(ROOT / "eval_tests")]
    command += ["-p", "benchmarks.instant_source", "-p", "stindex.pytest_plugin", "--noconftest"]
    command += ["--dataset", str(directory / "generated.jsonl"), "--geocoder", "none"]
    command += ["--no-reference", "--model", "rules", "--rootdir", str(directory)]
    command += ["--output-dir", str(directory / "reports"), *extra]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL if extra else subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    printed = process.stdout.read() if process.stdout is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(printed.decode(errors="replace")[-3000:] + f"\nended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - started
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


# --- sharing


def split_aims(workers: int = 2, batches: int = 96, unit: float = 0.02) -> list[str]:
    """Share batches of which one in eight costs ten times as much; hold wall time against the best.

    The best schedule by batches gives the longest batch first to whoever is free. A batch sleeps,
    as a process does that waits for its GPU, so that the cores of this machine do not matter.
    """
    ratios: dict[str, list[float]] = {"claimed": [], "stride": []}
    for seed in range(5):
        chance = random.Random(seed)
        costs = [unit * (10 if chance.random() < 1 / 8 else 1) for _ in range(batches)]
        best = _best(costs, workers)
        claimed = _claimed(costs, workers)
        stride = max(sum(costs[rank::workers]) for rank in range(workers))
        for name, wall in (("claimed", claimed), ("stride", stride)):
            ratios[name].append(wall / best)
        print(
            f"load {seed}: best {best:5.2f} s, claimed {claimed / best:4.2f} x, "
            f"stride {stride / best:4.2f} x"
        )
    median = statistics.median(ratios["claimed"])
    print(f"median: claimed {median:4.2f} x, stride {statistics.median(ratios['stride']):4.2f} x")
    worst = max(ratios["claimed"])
    if worst > MOST_OVER_BEST:
        return [f"claimed batches take {worst:.2f} x the best schedule (aim: {MOST_OVER_BEST:g})"]
    return []


def _best(costs: Sequence[float], workers: int) -> float:
    free = [0.0] * workers
    for cost in sorted(costs, reverse=True):
        free[free.index(min(free))] += cost
    return max(free)


def _claimed(costs: Sequence[float], workers: int) -> float:
    """Return the wall time of `workers` that claim chunks by files, as ranks do."""
    chunks = plan_chunks(range(len(costs)), 1, workers)
    keys = [f"{number:064d}" for number in range(len(costs))]
    with tempfile.TemporaryDirectory() as directory:
        feeds = [ClaimedFeed(chunks, keys, Path(directory), rank) for rank in range(workers)]
        return _wall([lambda feed=feed: _work(feed, costs) for feed in feeds])  # type: ignore[misc]


def _work(feed: ClaimedFeed, costs: Sequence[float]) -> None:
    while (chunk := feed.take()) is not None:
        for position in chunk.positions:
            time.sleep(costs[position])


def _wall(jobs: Sequence[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=job) for job in jobs]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
