"""Mutation testing of the rooms that decide numbers: does a test notice when the code is changed?

In go the settings of mutmut in pyproject.toml and a sample size, out come the share of killed
mutants by file and, in `mutants/survivors.diff`, every mutant that no test noticed. All mutants
take hours; the sample is drawn by file and by a seed, and ends with the batch that used up the
minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from stindex.scoring.intervals import wilson

MUTANTS = Path("mutants")
MUTMUT = (str(Path(sys.executable).parent / "mutmut"),)
BATCH = 60
# mutmut's exit codes of a mutant: 1 and 3 a test failed, 24, 36, 152, 255 and signals too much
# time; 0 every test passed, 33 there is no test.
ALIVE = {0: "survived", 33: "no test"}


def outcomes() -> dict[str, dict[str, int | None]]:
    """Return the exit code of each mutant by file, None where it has not run."""
    found = {}
    for path in sorted(MUTANTS.rglob("*.meta")):
        codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        found[str(path.relative_to(MUTANTS).with_suffix(""))] = codes
    return found


def draw(mutants: dict[str, list[str]], size: int, seed: int) -> list[str]:
    """Draw about `size` mutants, from each file its share and at least three, in random order."""
    chance = random.Random(seed)  # noqa: S311 (a sample, no secret)
    share = size / max(1, sum(map(len, mutants.values())))
    drawn: list[str] = []
    for names in mutants.values():
        count = min(len(names), max(3, round(len(names) * share)))
        drawn += chance.sample(sorted(names), count)
    chance.shuffle(drawn)
    return drawn


def run(names: Sequence[str], minutes: float) -> list[str]:
    """Run mutants in batches until the time is used up; return those that ran."""
    end = time.monotonic() + 60 * minutes
    done: list[str] = []
    for start in range(0, len(names), BATCH):
        if time.monotonic() > end:
            break
        batch = list(names[start : start + BATCH])
        subprocess.run([*MUTMUT, "run", *batch], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        done += batch
    return done


def table(codes: dict[str, dict[str, int | None]], ran: Sequence[str]) -> str:
    """Return the share of killed mutants by file, and over all."""
    rows = []
    total: Counter[str] = Counter()
    for file, of_file in codes.items():
        chosen = [ALIVE.get(of_file[name] or 0, "killed") for name in ran if name in of_file]
        if chosen:
            total.update(chosen)
            rows.append(_row(file, Counter(chosen)))
    low, high = wilson(total["killed"], total.total())
    return "\n".join([*rows, f"{_row('all', total)}, 95 % interval {low:.1%} to {high:.1%}"])


def _row(name: str, counts: Counter[str]) -> str:
    number = counts.total()
    return f"{name:36} {counts['killed']:4} of {number:4} killed  {counts['killed'] / number:7.1%}"


def survivors(codes: dict[str, dict[str, int | None]], ran: Sequence[str]) -> list[str]:
    """Return the names of the mutants that no test noticed."""
    merged = {name: code for of_file in codes.values() for name, code in of_file.items()}
    return sorted(name for name in ran if merged[name] in ALIVE)


def main() -> None:
    """Make all mutants, run a sample of them and say what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--seed", type=int, default=8, help="of the sample (8)")
    parser.add_argument("--minutes", type=float, default=45, help="begin no batch later (45)")
    wanted = parser.parse_args()
    # With these few, mutmut makes all mutants and learns which tests reach them.
    subprocess.run([*MUTMUT, "run", "stindex.scoring.running*"], check=True)  # noqa: S603
    mutants = {file: list(codes) for file, codes in outcomes().items()}
    ran = run(draw(mutants, wanted.sample, wanted.seed), wanted.minutes)
    codes = outcomes()
    alive = survivors(codes, ran)
    with (MUTANTS / "survivors.diff").open("w", encoding="utf-8") as file:
        for name in alive:
            shown = subprocess.run([*MUTMUT, "show", name], check=True, capture_output=True)  # noqa: S603
            file.write(shown.stdout.decode() + "\n")
    sys.stdout.write(f"{table(codes, ran)}\n{len(alive)} survive: {MUTANTS / 'survivors.diff'}\n")


if __name__ == "__main__":
    main()
