"""`stindex validate`: every problem of a data set."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.statuses import INVALID
from stindex.datasets.formats import read
from stindex.datasets.native import read_samples


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def validate(file: Path, *, as_json: bool) -> None:
    """List every problem of a data set: line or index, sample, field, remedy.

    What a reader of another format put right or left out is listed as well, and is no problem.

    Example: stindex validate data/mine.jsonl
    """
    reading = read(file)
    samples, problems = read_samples(reading.entries)
    mentions = sum(len(layer.mentions) for sample in samples for layer in sample.gold.values())
    if as_json:
        found = {"file": str(file), "samples": len(samples), "mentions": mentions}
        listed = {
            "problems": [asdict(problem) for problem in problems],
            "repairs": [asdict(repair) for repair in reading.repairs],
        }
        print_json({**found, **listed})
    else:
        for repair in reading.repairs:
            click.echo(f"{file}: repaired: {repair}")
        for problem in problems:
            click.echo(f"{file}: {problem}")
        click.echo(
            f"{file}: {len(samples)} usable samples, {mentions} gold mentions, "
            f"{len(problems)} problems"
        )
    if problems:
        sys.exit(INVALID)
