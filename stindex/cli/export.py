"""`stindex export`: the figures of a run in the format of others."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from stindex.cli.run_names import output_dir_option, run_argument
from stindex.errors import UserError
from stindex.reporting.every_eval_ever import every_eval_ever
from stindex.stored import load_run

_RELATIONS = ("first_party", "third_party", "collaborative", "other")


@click.command(epilog="Exit status: 0; 4 where there is no such run, or it is not complete.")
@run_argument
@output_dir_option
@click.option("--organization", required=True, help="Who evaluates.")
@click.option(
    "--relationship",
    type=click.Choice(_RELATIONS),
    default="third_party",
    show_default=True,
    help="Of the organization to the model.",
)
def export(
    run: str,
    output_dir: Path,
    organization: str,
    relationship: str,
) -> None:
    """Print the figures of a RUN as one JSON object of the Every Eval Ever schema.

    Scores, intervals and n of all metrics are in it; texts and answers are not.

    Example: stindex export smollm2-eval --organization "My lab" > smollm2.json
    """
    stored = load_run(run, output_dir)
    if stored.status not in ("PASSED", "FAILED"):
        raise UserError(f"{run}: this run is {stored.status}; finish it before exporting it.")
    content = every_eval_ever(stored, organization, relationship, int(time.time()))
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))
