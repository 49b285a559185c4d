"""`stindex merge`: one run of the parts that several machines made (`--shard`)."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stindex.cli.statuses import INVALID


@click.command()
@click.argument(
    "directories", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--output-dir",
    default="reports",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where the merged run goes.",
)
def merge(directories: tuple[Path, ...], output_dir: Path) -> None:
    """Make one run of the journals in DIRECTORIES, prove that it is whole, write its reports.

    Example: stindex merge shard-1 shard-2 shard-3 shard-4
    """
    from stindex.reporting.terminal import summary_lines  # noqa: PLC0415 (`--help` needs nothing)
    from stindex.runs.merging import merge_runs  # noqa: PLC0415

    report, where = merge_runs(directories, output_dir, Path.cwd(), click.echo)
    for line in summary_lines(report):
        click.echo(line)
    for sample_id in report.missing:
        click.echo(f"missing: {sample_id!a}")
    click.echo(f"report: {where / 'report.html'}")
    if report.status != "PASSED":
        sys.exit(INVALID)
