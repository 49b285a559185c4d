"""`stindex runs`: the runs that are there, the latest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.run_names import output_dir_option
from stindex.errors import UserError
from stindex.reporting.visible import fitted, one_line
from stindex.stored import PARTIAL, RUN, SUMMARY, read_versioned

Row = dict[str, Any]

_COLUMNS = (
    ("run", 40),
    ("model", 20),
    ("data set", 24),
    ("n", 6),
    ("temporal F1", 11),
    ("spatial F1", 10),
    ("verdict", 10),
    ("finished (UTC)", 16),
)
_UNDEFINED = "—"


@click.command(
    epilog="Exit status: 0, also where there is no run; 4 where the directory is missing."
)
@output_dir_option
@json_option
def runs(output_dir: Path, *, as_json: bool) -> None:
    """List the runs that are there, the latest first: model, data set, n, F1, verdict, date.

    Example: stindex runs --output-dir reports
    """
    rows = list_runs(output_dir)
    if as_json:
        print_json(rows)
    elif rows:
        for line in _table(rows):
            click.echo(line)
    else:
        click.echo(f"No runs in {output_dir}.")


def list_runs(output: Path) -> list[Row]:
    """Return a row a run, the latest first; a selection (`partial/`) is a row of its own.

    Keys: `id`, `directory`, `partial`, `model`, `dataset`, `n`, `temporal_f1`, `spatial_f1`,
    `combined_f1`, `verdict`, `started_at`, `finished_at`, `problem` (a sentence, or None).

    Raises:
        UserError: there is no such directory.
    """
    if not output.is_dir():
        raise UserError(f"{output}: no such directory; --output-dir says where the runs are.")
    rows = [_row(path.parent) for path in _run_files(output)]
    return sorted(rows, key=lambda row: (row["started_at"] or "", row["id"]), reverse=True)


def _run_files(output: Path) -> Iterator[Path]:
    yield from output.glob(f"*/{RUN}")
    yield from output.glob(f"*/{PARTIAL}/{RUN}")


def _row(directory: Path) -> Row:
    partial = directory.name == PARTIAL
    row: Row = {
        "id": (directory.parent if partial else directory).name,
        "directory": str(directory),
        "partial": partial,
        "model": None,
        "dataset": None,
        "n": None,
        "temporal_f1": None,
        "spatial_f1": None,
        "combined_f1": None,
        "verdict": None,
        "started_at": None,
        "finished_at": None,
        "problem": None,
    }
    try:
        row |= _about(read_versioned(directory / RUN))
        if (directory / SUMMARY).exists():
            row |= _figures(read_versioned(directory / SUMMARY))
    except UserError as problem:
        row["problem"] = str(problem)
    except (KeyError, TypeError, AttributeError):
        row["problem"] = f"{directory}: its files are damaged; rescore the run."
    return row


def _about(run: Mapping[str, Any]) -> Row:
    identity = run["identity"]
    return {
        "model": identity["model"],
        "dataset": identity["dataset"],
        "verdict": run["status"],
        "started_at": run["started_at"],
        "finished_at": run["finished_at"],
    }


def _figures(summary: Mapping[str, Any]) -> Row:
    metrics = summary["metrics"]
    return {
        "n": metrics["overall"]["total_documents"],
        "temporal_f1": metrics["temporal"]["f1_score"],
        "spatial_f1": metrics["spatial"]["f1_score"],
        "combined_f1": metrics["overall"]["combined_f1"],
    }


def _table(rows: Sequence[Row]) -> Iterator[str]:
    cells = [_cells(row) for row in rows]
    widths = [
        min(most, max(len(title), *(len(line[column]) for line in cells)))
        for column, (title, most) in enumerate(_COLUMNS)
    ]
    titles = tuple(title for title, _ in _COLUMNS)
    for line in (titles, *cells):
        yield "  ".join(map(fitted, line, widths)).rstrip()
    for row in rows:
        if row["problem"]:
            yield f"! {one_line(row['problem'])}"


def _cells(row: Row) -> tuple[str, ...]:
    partial = f"/{PARTIAL}" if row["partial"] else ""
    return (
        one_line(row["id"]) + partial,
        one_line(str(row["model"] or _UNDEFINED)),
        one_line(str(row["dataset"] or _UNDEFINED)),
        _UNDEFINED if row["n"] is None else str(row["n"]),
        _share(row["temporal_f1"]),
        _share(row["spatial_f1"]),
        "damaged" if row["problem"] else one_line(str(row["verdict"])),
        (row["finished_at"] or _UNDEFINED)[:16].replace("T", " "),
    )


def _share(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{value:.3f}"
