"""`stindex validate`: every problem of a data set."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stindex.cli.statuses import INVALID
from stindex.datasets.formats import read
from stindex.datasets.native import read_samples


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def validate(file: Path) -> None:
    """List every problem of a data set: line or index, sample, field, remedy.

    What a reader of another format put right or left out is listed as well, and is no problem.

    Example: stindex validate data/mine.jsonl
    """
    reading = read(file)
    for repair in reading.repairs:
        click.echo(f"{file}: repaired: {repair}")
    samples, problems = read_samples(reading.entries)
    for problem in problems:
        click.echo(f"{file}: {problem}")
    mentions = sum(len(layer.mentions) for sample in samples for layer in sample.gold.values())
    click.echo(
        f"{file}: {len(samples)} usable samples, {mentions} gold mentions, {len(problems)} problems"
    )
    if problems:
        sys.exit(INVALID)
