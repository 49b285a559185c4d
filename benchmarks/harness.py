"""What the suite itself costs, with a model that answers at once.

`python -m benchmarks.harness` compares runs over 1,000 and 10,000 samples with as many empty
parametrized tests, each a process of its own, in turn; geocoding and the reference rows are off,
and everything has been compiled to bytecode before, as it is from the second run of any user on.
It fails when a sample takes more than 1 ms beyond an empty test; `--smoke` shows that it works.
Processor time, user and system, stands beside it: on a machine that others use it tells more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
ALLOWED_MS = 1.0

_EMPTY_TEST = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_nothing(number):
    pass
"""


class Cost(NamedTuple):
    """What one session took, in seconds: on the clock, and of all processors."""

    elapsed: float
    processor: float


def main() -> None:
    """Measure, print a table, and exit with 1 where the suite costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="200 samples, once, no verdict")
    smoke = parser.parse_args().smoke
    counts, repeats = ((200,), 1) if smoke else ((1000, 10000), 3)
    with tempfile.TemporaryDirectory() as bytecode:
        # It is the same for both sides, also where the caller lets Python write none.
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        with tempfile.TemporaryDirectory() as directory:
            _cost_of_empty_tests(Path(directory), 1)
            _cost_of_suite(Path(directory), 1)
        beyond = [measure(count, repeats) for count in counts]
    if not smoke and max(beyond) > ALLOWED_MS:
        print(f"FAILED: more than {ALLOWED_MS} ms a sample")
        sys.exit(1)


def measure(count: int, repeats: int) -> float:
    """Return the milliseconds a sample beyond an empty test, medians of `repeats` in turn."""
    empty: list[Cost] = []
    suite: list[Cost] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as directory:
            empty.append(_cost_of_empty_tests(Path(directory), count))
            suite.append(_cost_of_suite(Path(directory), count))
    wall = _compared(count, "elapsed", [c.elapsed for c in empty], [c.elapsed for c in suite])
    _compared(count, "processor", [c.processor for c in empty], [c.processor for c in suite])
    return wall


def _compared(count: int, clock: str, empty: Sequence[float], suite: Sequence[float]) -> float:
    a, b = statistics.median(empty), statistics.median(suite)
    beyond = 1000 * (b - a) / count
    print(
        f"{count:6d} samples, {clock:9s}: empty tests {a:6.2f} s, suite {b:6.2f} s, "
        f"ratio {b / a:4.2f}, {beyond:5.3f} ms a sample beyond"
    )
    return beyond


def _cost_of_empty_tests(directory: Path, count: int) -> Cost:
    test = directory / "test_empty.py"
    test.write_text(_EMPTY_TEST.format(count=count), encoding="utf-8")
    return _timed([str(test), "-q"], directory)


def _cost_of_suite(directory: Path, count: int) -> Cost:
    dataset = directory / "generated.jsonl"
    with dataset.open("w", encoding="utf-8") as lines:
        for number in range(count):
            lines.write(json.dumps(invented_sample(number)) + "\n")
    suite = ROOT / "eval_tests"
    options = ["-p", "benchmarks.instant_source", "-p", "stindex.pytest_plugin", "--noconftest"]
    choices = [
        "--dataset",
        str(dataset),
        "--geocoder",
        "none",
        "--no-reference",
        "--model",
        "rules",
    ]
    where = ["--output-dir", str(directory / "reports"), "--rootdir", str(directory)]
    return _timed([str(suite), *options, *choices, *where], directory)


def invented_sample(number: int) -> dict[str, object]:
    """Return a sample of typical size in the native format."""
    text = (
        f"On 3 May 2021 the ferry number {number} left Lisbon for Porto with goods on board. " * 4
    )
    return {
        "id": f"generated-{number}",
        "text": text,
        "reference_date": "2021-05-10",
        "ground_truth": {
            "temporal": [
                {"text": "3 May 2021", "normalized": "2021-05-03", "temporal_type": "DATE"}
            ],
            "spatial": [
                {"text": "Lisbon", "location_type": "city", "latitude": 38.72, "longitude": -9.14},
                {"text": "Porto", "location_type": "city", "latitude": 41.15, "longitude": -8.61},
            ],
        },
    }


def _timed(arguments: list[str], directory: Path) -> Cost:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started, used = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    cost = Cost(time.perf_counter() - started, _processor_seconds() - used)
    if done.returncode != 0:
        print(done.stdout[-3000:], done.stderr[-3000:])
        sys.exit(f"the measured session ended with {done.returncode}")
    return cost


def _processor_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
