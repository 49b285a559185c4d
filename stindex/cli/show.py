"""`stindex show`: everything about one sample of a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.run_names import output_dir_option, run_argument
from stindex.reporting.readings import read_pairs
from stindex.reporting.terminal import pair_lines
from stindex.reporting.visible import one_line
from stindex.restored import restored_sample, stored_texts
from stindex.stored import StoredRun, load_run

_MOST_PAIRS = 10_000


@click.command(epilog="Exit status: 0; 4 where there is no such run or sample.")
@run_argument
@click.argument("sample")
@output_dir_option
@json_option
def show(run: str, sample: str, output_dir: Path, *, as_json: bool) -> None:
    """Print one SAMPLE of a RUN: text, gold against answer, raw answer, how to ask again.

    RUN is a directory, an id, or a part of an id that only one run has.

    Example: stindex show smollm2-eval news-001
    """
    stored = load_run(run, output_dir)
    detail = stored.sample(sample)
    text = stored_texts(stored, Path.cwd()).samples
    if as_json:
        whole = {**detail, "text": text[sample].text if sample in text else None}
        print_json(whole)
        return
    report = restored_sample(detail, text)
    for line in _lines(stored, detail):
        click.echo(line)
    if report.sample.text:
        click.echo("\ntext:\n" + _block(report.sample.text))
    if report.evaluation is not None:
        click.echo("\nmentions:")
        for line in pair_lines(read_pairs(report.evaluation), most=_MOST_PAIRS):
            click.echo(line.rstrip())
        _echo_answer(detail)
    click.echo(f"\nask again: {_command(stored, sample)}")


def _lines(stored: StoredRun, detail: Mapping[str, Any]) -> Iterator[str]:
    yield f"{one_line(detail['id'])} in {one_line(stored.id)}: {detail['outcome'] or 'no answer'}"
    if detail["outcome"] is not None:
        tokens = detail["tokens"]
        yield (
            f"{detail['finish_reason']}, {tokens['prompt']} prompt tokens, "
            f"{tokens['completion']} written, {detail['seconds']:.2f} s"
        )
    for sentence in filter(None, (detail.get("reason"), *detail["missed"])):
        yield f"! {one_line(sentence)}"


def _echo_answer(detail: Mapping[str, Any]) -> None:
    for title, content in (("thought", detail["thought"]), ("raw answer", detail["raw_text"])):
        if content:
            click.echo(f"\n{title}:\n{_block(content)}")


def _block(content: str) -> str:
    """Return lines that nothing hides in: a model's text may hold escape sequences."""
    return "\n".join(f"  {one_line(line)}" for line in content.split("\n"))


def _command(stored: StoredRun, sample_id: str) -> str:
    """Return the command that asks the model again about this sample alone."""
    settings = stored.run["settings"]
    kept = {
        name: entry["value"]
        for name, entry in settings.items()
        if entry["source"] == "command line" and name not in {"limit", "sample_id", "fresh"}
    }
    words = ["pytest", "eval_tests"]
    for name, value in kept.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            values = value if isinstance(value, list) else [value]
            words += [part for one in values for part in (f"--{option}", str(one))]
    return one_line(shlex.join([*words, "--sample-id", sample_id, "--fresh"]))
