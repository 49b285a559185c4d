"""`stindex validate`: every problem of a data set."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stindex.cli.statuses import INVALID
from stindex.datasets import validate_dataset


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def validate(file: Path) -> None:
    """List every problem of a data set: line or index, sample, field, remedy.

    Example: stindex validate data/mine.jsonl
    """
    samples, problems = validate_dataset(file)
    for problem in problems:
        click.echo(f"{file}: {problem}")
    mentions = sum(len(layer.mentions) for sample in samples for layer in sample.gold.values())
    click.echo(
        f"{file}: {len(samples)} usable samples, {mentions} gold mentions, {len(problems)} problems"
    )
    if problems:
        sys.exit(INVALID)
