"""`stindex report`: the page and the Markdown report of a run, drawn again from its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.run_names import output_dir_option, run_argument
from stindex.reporting.markdown import markdown_report
from stindex.reporting.page import html_report, survey_report
from stindex.restored import restored_report, stored_baseline, stored_texts
from stindex.stored import load_run
from stindex.whole_files import write_whole


@click.command(epilog="Exit status: 0; 4 where there is no such run or nothing can be written.")
@run_argument
@output_dir_option
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write into this directory instead of the run's own.",
)
@click.option(
    "--text/--no-text",
    "texts",
    default=None,
    help="With or without texts and raw answers.  [default: as in the run]",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@json_option
def report(  # noqa: PLR0913 (one argument an option)
    run: str,
    output_dir: Path,
    to: Path | None,
    *,
    texts: bool | None,
    open_page: bool,
    as_json: bool,
) -> None:
    """Write report.html and report.md of a RUN again, from its stored figures and answers.

    Nothing is scored anew; for that there is `pytest eval_tests --rescore RUN`.

    Example: stindex report smollm2-eval --open
    """
    stored = load_run(run, output_dir)
    root = Path.cwd()
    samples, baseline = stored_texts(stored, root), stored_baseline(stored, root)
    lacking = [problem for problem in (samples.problem, baseline.problem) if problem]
    content = restored_report(stored, samples, baseline)
    if texts is not None:
        content = replace(content, texts=texts)
    directory = to or stored.directory
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / "report.html"
    survey = survey_report(content)
    write_whole(page, html_report(content, survey))
    write_whole(directory / "report.md", markdown_report(content, survey.tally))
    if as_json:
        files = {"html": str(page), "markdown": str(directory / "report.md")}
        print_json({"id": stored.id, **files, "notes": lacking})
    else:
        for note in lacking:
            click.echo(note, err=True)
        click.echo(str(page))
    if open_page:
        click.launch(str(page))
