"""`stindex baseline`: a run becomes a file that later runs are compared with."""

from __future__ import annotations

from pathlib import Path

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.run_names import output_dir_option, run_argument
from stindex.comparison.baselines import find_baseline, save_baseline
from stindex.stored import load_run


@click.group()
def baseline() -> None:
    """Keep a run as a baseline, for `pytest eval_tests --baseline FILE`.

    Example: stindex baseline save rules-eval baselines/rules.jsonl
    """


@baseline.command(
    epilog="Exit status: 0; 4 where there is no such run, it is not complete, or nothing can be "
    "written."
)
@run_argument
@click.argument("target", type=click.Path(path_type=Path))
@output_dir_option
@json_option
def save(run: str, target: Path, output_dir: Path, *, as_json: bool) -> None:
    """Write a RUN into TARGET, a file or a directory of your repository.

    Kept are counts, judgements, hashes, ids and what the run was made of; no text, no answer, no
    command line and no name of a machine.

    Example: stindex baseline save rules-eval baselines/rules.jsonl
    """
    stored = load_run(run, output_dir)
    scores = find_baseline(str(stored.directory), Path.cwd(), output_dir)
    path = save_baseline(scores, stored.metrics, target)
    if as_json:
        found = {"file": str(path), "id": scores.run_id, "samples": len(scores.samples)}
        print_json(found)
        return
    click.echo(f"{path}: {len(scores.samples)} samples of {scores.run_id}")
