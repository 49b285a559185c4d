"""The argument that names a stored run, with completion of ids in the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


def _complete(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 (click's signature)
    incomplete: str,
) -> list[CompletionItem]:
    """Offer the ids of the runs that are there, and directories."""
    from stindex.stored import run_ids  # noqa: PLC0415 (only where it is asked for)

    output = Path(ctx.params.get("output_dir") or "reports")
    found = [run_id for run_id in run_ids(output) if run_id.startswith(incomplete)]
    return [*(CompletionItem(run_id) for run_id in found), CompletionItem(incomplete, type="dir")]


def run_argument(command: Any) -> Any:  # noqa: ANN401 (click decorates what it is given)
    """Add RUN: a directory of a run, its id, or a part of the id that only one run has."""
    return click.argument("run", shell_complete=_complete)(command)


def runs_argument(command: Any) -> Any:  # noqa: ANN401 (click decorates what it is given)
    """Add RUNS: one or more of what `run_argument` takes, or saved baselines."""
    return click.argument("runs", nargs=-1, required=True, shell_complete=_complete)(command)


def output_dir_option(command: Any) -> Any:  # noqa: ANN401 (click decorates what it is given)
    """Add `--output-dir`, where runs are that are named by their id."""
    return click.option(
        "--output-dir",
        default="reports",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Where the directories of runs are.",
    )(command)
