"""`stindex merge`: one run of the parts that several machines made (`--shard`)."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.statuses import INVALID

if TYPE_CHECKING:
    from stindex.reporting import RunReport


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
@json_option
def merge(directories: tuple[Path, ...], output_dir: Path, *, as_json: bool) -> None:
    """Make one run of the journals in DIRECTORIES, prove that it is whole, write its reports.

    Example: stindex merge shard-1 shard-2 shard-3 shard-4
    """
    from stindex.runs.merging import merge_runs  # noqa: PLC0415 (`--help` needs nothing)

    announce = partial(click.echo, err=as_json)
    report, where = merge_runs(directories, output_dir, Path.cwd(), announce)
    if as_json:
        found = {"id": report.run["id"], "status": report.status, "missing": report.missing}
        print_json({**found, "html": str(where / "report.html")})
    else:
        _print(report, where)
    if report.status != "PASSED":
        sys.exit(INVALID)


def _print(report: RunReport, where: Path) -> None:
    from stindex.reporting.terminal import summary_lines  # noqa: PLC0415

    for line in summary_lines(report):
        click.echo(line)
    for sample_id in report.missing:
        click.echo(f"missing: {sample_id!a}")
    click.echo(f"report: {where / 'report.html'}")
