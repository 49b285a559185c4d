"""`stindex compare`: what got better and worse from one run to another; several are ranked."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.run_names import output_dir_option, runs_argument
from stindex.cli.statuses import INVALID
from stindex.comparison.baselines import find_baseline
from stindex.comparison.comparability import refuse_incomparable
from stindex.comparison.differences import comparable_metrics
from stindex.comparison.judging import Question, answer_all
from stindex.comparison.leaderboard import Leaderboard, leaderboard
from stindex.comparison.quantities import HEADLINE
from stindex.comparison.stored_scores import StoredScores
from stindex.comparison.verdicts import ComparedRuns, compare_runs
from stindex.errors import UserError
from stindex.reporting.comparison_table import comparison_lines
from stindex.reporting.visible import fitted, one_line
from stindex.reporting.wording import UNDEFINED, Unit, metric_label, number_text
from stindex.settings_files import nearest

_DEFAULT_RANKING = "overall.combined_f1"


@click.command(
    epilog="Exit status: 0; 1 with --fail-on-worse where a metric got worse (all that are shown "
    "together keep a false alarm at 5 %); 4 where a run cannot be read or compared."
)
@runs_argument
@output_dir_option
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="A dotted name, e.g. temporal.f1_score (may be repeated). Several runs are ranked by it.",
)
@json_option
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the page of the second run, with the first beside it.",
)
@click.option("--fail-on-worse", is_flag=True, help="Exit with 1 where a metric got worse.")
def compare(  # noqa: PLR0913 (one argument an option)
    runs: tuple[str, ...],
    output_dir: Path,
    metrics: tuple[str, ...],
    html: Path | None,
    *,
    as_json: bool,
    fail_on_worse: bool,
) -> None:
    """Compare two RUNS sample by sample, the earlier one first; rank three or more.

    A run is a directory, an id or a saved baseline.

    Example: stindex compare baselines/rules.jsonl smollm2-eval
    """
    _check_names(metrics)
    stored = _read(runs, output_dir)
    if len(stored) > 2:
        if html is not None or fail_on_worse:
            raise UserError("--html and --fail-on-worse are about two runs; name two.")
        _print_ranking([leaderboard(stored, m) for m in metrics or (_DEFAULT_RANKING,)], as_json)
        return
    compared = compare_runs(*stored)
    shown = metrics or HEADLINE
    content = compared.to_json(shown)
    if html is not None:
        _write_page(html, runs[1], output_dir, content, stored[0])
    if as_json:
        print_json(content)
    else:
        for line in comparison_lines(content)[1:]:
            click.echo(line)
    if fail_on_worse and _is_worse(compared, shown):
        sys.exit(INVALID)


def _check_names(metrics: Sequence[str]) -> None:
    known = list(comparable_metrics())
    for metric in metrics:
        if metric not in known:
            raise UserError(
                f"--metric {metric}: runs are not compared in it{nearest(metric, known)}; "
                "docs/metrics.md lists them."
            )


def _read(runs: Sequence[str], output_dir: Path) -> list[StoredScores]:
    if len(runs) < 2:
        raise UserError("stindex compare: one run is nothing to compare; name two or more.")
    stored = [find_baseline(run, Path.cwd(), output_dir) for run in runs]
    last = stored[-1]
    for run in stored[:-1]:
        refuse_incomparable("run", run, last.samples, last.identity)
    return stored


def _is_worse(compared: ComparedRuns, metrics: Sequence[str]) -> bool:
    asked = [Question(compared.comparator.difference(metric)) for metric in metrics]
    return any(answer.state == "failed" for answer in answer_all(asked))


def _write_page(
    path: Path, run: str, output_dir: Path, content: dict[str, Any], baseline: StoredScores
) -> None:
    from stindex.reporting.page import html_report  # noqa: PLC0415
    from stindex.restored import restored_report, stored_texts  # noqa: PLC0415
    from stindex.stored import load_run  # noqa: PLC0415
    from stindex.whole_files import write_whole  # noqa: PLC0415 (only for the page)

    if Path(run).is_file():
        raise UserError(f"--html needs a run's directory or id; {run} is a saved baseline.")
    stored = load_run(run, output_dir)
    report = restored_report(stored, stored_texts(stored, Path.cwd()))
    report = replace(report, comparison=content, baseline_samples=baseline.details)
    write_whole(path, html_report(report))
    click.echo(str(path), err=True)


# ── Ranking ──────────────────────────────────────────────────────────────────────────────────


def _print_ranking(boards: Sequence[Leaderboard], as_json: bool) -> None:  # noqa: FBT001 (a flag)
    if as_json:
        print_json([board.to_json() for board in boards])
        return
    for board in boards:
        for line in _ranking_lines(board):
            click.echo(line)


def _ranking_lines(board: Leaderboard) -> Iterator[str]:
    yield f"{metric_label(board.metric)} on {board.n} shared samples"
    yield f"{'rank':7}{'run':43} {'value':>8}  {'95 %':16}really better than"
    row_of = {place.index: row for row, place in enumerate(board.places, start=1)}
    unit: Unit = "km" if "_km" in board.metric else "share"
    for row, place in enumerate(board.places, start=1):
        rank = str(place.best) if place.best == place.worst else f"{place.best}–{place.worst}"
        name = fitted(one_line(f"{row}. {place.run.model} ({place.run.run_id})"), 43)
        others = ", ".join(f"{other}." for other in sorted(row_of[i] for i in place.better_than))
        ends = place.interval or ()
        interval = "–".join(number_text(end, unit) for end in ends) or UNDEFINED
        value = number_text(place.value, unit)
        yield f"{rank:7}{name} {value:>8}  {interval:16}{others or 'none'}"
