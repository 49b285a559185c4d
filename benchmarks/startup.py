"""How long somebody waits: for help, for the list of tests, for a model's first token.

`python -m benchmarks.startup` starts each command several times in turn, as a process of its own,
with everything compiled to bytecode and all files read before, as it is from the second time on.
It fails where a median is over its aim; `--smoke` shows that it works. The first token is that of
SmolLM2 for one of the project's own samples, with the usual prompt of about 1,000 tokens.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
STAMP = "STINDEX_FIRST_TOKEN"  # the file that `benchmarks.first_token` writes

_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "eval_tests"))


class Command(NamedTuple):
    """A command and how long it may take, in seconds."""

    name: str
    arguments: Sequence[str]
    aim: float
    to_first_token: bool = False


COMMANDS = (
    Command("stindex --help", ("-m", "stindex", "--help"), 0.5),
    Command("pytest --help", (*_PYTEST, "--help"), 0.5),
    Command("collect 100 samples", (*_PYTEST, "--collect-only"), 1.0),
    Command(
        "first token of smollm2",
        (
            *(*_PYTEST, "-p", "benchmarks.first_token", "--model", "smollm2"),
            *("--device", "cpu", "--limit", "1", "--max-tokens", "1"),
        ),
        5.0,
        to_first_token=True,
    ),
)


def main() -> None:
    """Measure, print a table, and exit with 1 where something takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--smoke", action="store_true", help="each once, no verdict")
    options = parser.parse_args()
    repeats = 1 if options.smoke else options.repeats
    taken: dict[str, list[float]] = {command.name: [] for command in COMMANDS}
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for number in range(repeats + 1):
            for command in COMMANDS:
                seconds = _seconds(command, environment)
                if number:  # the first time is for the bytecode
                    taken[command.name].append(seconds)
    late = [command.name for command in COMMANDS if _reported(command, taken[command.name])]
    if late and not options.smoke:
        sys.exit(f"FAILED: {', '.join(late)}")


def _seconds(command: Command, environment: Mapping[str, str]) -> float:
    """Return what a command took from its start on."""
    with tempfile.TemporaryDirectory() as directory:
        stamp = Path(directory) / "stamp"
        # Where nothing is answered yet.
        reports = ["--output-dir", str(stamp.parent / "reports")] if command.to_first_token else []
        started = time.time()
        subprocess.run(
            [sys.executable, *command.arguments, *reports],
            cwd=directory,
            env={**environment, "PYTHONPATH": str(ROOT), STAMP: str(stamp)},
            check=not command.to_first_token,  # a single token is no answer: the test fails
            capture_output=True,
        )
        ended = float(stamp.read_text(encoding="utf-8")) if command.to_first_token else time.time()
    return ended - started


def _reported(command: Command, seconds: Sequence[float]) -> bool:
    """Print a line; return whether the median is over the aim."""
    median = statistics.median(seconds)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    print(f"{command.name:23s} {median:5.2f} s ({spread}), aim {command.aim} s", flush=True)
    return median > command.aim


if __name__ == "__main__":
    main()
