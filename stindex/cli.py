"""The few verbs that are no test run: `stindex validate`, `stindex extract`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

import click

from stindex import __version__
from stindex.errors import UserError

INVALID, USAGE = 1, 4


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="stindex")
def commands() -> None:
    """How well does a language model read time and place from your texts?

    Evaluations are run with pytest: `pytest eval_tests --model rules`.
    """


@commands.command()
@click.argument("file", type=click.Path(path_type=Path))
def validate(file: Path) -> None:
    """List every problem of a data set: line or index, sample, field, remedy.

    Example: stindex validate data/mine.jsonl
    """
    from stindex.datasets import validate_dataset  # noqa: PLC0415

    samples, problems = validate_dataset(file)
    for problem in problems:
        click.echo(f"{file}: {problem}")
    mentions = sum(len(layer.mentions) for sample in samples for layer in sample.gold.values())
    click.echo(
        f"{file}: {len(samples)} usable samples, {mentions} gold mentions, {len(problems)} problems"
    )
    if problems:
        sys.exit(INVALID)


@commands.command()
@click.argument("text", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="Read the text from a file.")
@click.option("--model", default="rules", show_default=True, help="As in `pytest --model`.")
@click.option("--reference-date", help="What 'yesterday' is seen from, e.g. 2024-03-01.")
@click.option(
    "--geocoder",
    default="embedded",
    show_default=True,
    type=click.Choice(["embedded", "nominatim", "none"]),
)
@click.option("--prompt", default="iso", show_default=True, help="iso, timex3 or a YAML file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def extract(**options: Any) -> None:  # noqa: ANN401 (click hands over what the options say)
    """Print what a model finds in a TEXT: positions, values, coordinates.

    Example: stindex extract "Rain fell on Lyon last Friday." --reference-date 2024-03-06
    """
    text = _text(options.pop("text"), options.pop("file"))
    as_json = options.pop("as_json")
    found = _extracted(text, options)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _table(found))
    if found["outcome"] != "ok":
        sys.exit(INVALID)


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise UserError("stindex extract: give either a TEXT or --file FILE.")
    if text is not None:
        return text
    assert file is not None  # noqa: S101 (one of the two is given)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"{file}: cannot be read ({problem}); name a UTF-8 text file.") from None


def _extracted(text: str, options: dict[str, Any]) -> dict[str, Any]:
    from stindex.config import resolve_settings  # noqa: PLC0415
    from stindex.evaluation import Evaluator  # noqa: PLC0415
    from stindex.geocoding.registry import make_geocoder  # noqa: PLC0415
    from stindex.llm.base import Request  # noqa: PLC0415
    from stindex.llm.sources import find_answerer  # noqa: PLC0415
    from stindex.prompts import load_prompt  # noqa: PLC0415
    from stindex.runs.record import Record  # noqa: PLC0415
    from stindex.schema import Sample  # noqa: PLC0415

    reference_date = options.pop("reference_date")
    settings = resolve_settings({**options, "batch_size": 1}, Path.cwd())
    prompt = load_prompt(settings.values.prompt)
    sample = Sample("text", text, {}, reference_date)
    answerer = find_answerer(settings, lambda line: click.echo(line, err=True))
    request = Request("", sample, prompt.messages(sample))
    answers = answerer.open().answers(
        [request], prompt.response_model, settings.decoding(), Event()
    )
    generation = next(iter(answers))[1]
    evaluator = Evaluator(
        make_geocoder(settings.values.geocoder), prompt.response_model, settings.values.constrained
    )
    evaluation = evaluator.evaluate(sample, Record("", sample.id, generation))
    mentions = evaluation.prediction.mentions if evaluation.prediction else {}
    return {
        "outcome": str(evaluation.outcome),
        "reason": evaluation.reason,
        "raw_text": generation.raw_text,
        **{f"{name}_mentions": [asdict(m) for m in found] for name, found in mentions.items()},
    }


def _table(found: dict[str, Any]) -> str:
    if found["outcome"] != "ok":
        return f"{found['outcome']}: {found['reason']}\n{found['raw_text']}"
    rows = [
        (_span(m), m["text"], m["normalized"], m["temporal_type"] or "")
        for m in found["temporal_mentions"]
    ]
    rows += [
        (_span(m), m["text"], _coordinates(m), m["location_type"] or "")
        for m in found["spatial_mentions"]
    ]
    if not rows:
        return "No time and no place found."
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _span(mention: dict[str, Any]) -> str:
    if mention["start_char"] is None:
        return "not in text"
    return f"{mention['start_char']}-{mention['end_char']}"


def _coordinates(mention: dict[str, Any]) -> str:
    if mention["latitude"] is None:
        return mention["geocoding"] or "unresolved"
    place = mention["place"] or {}
    name = ", ".join(part for part in (place.get("name"), place.get("country")) if part)
    return f"{mention['latitude']:.3f}, {mention['longitude']:.3f}" + (f" ({name})" if name else "")


def main() -> None:
    """Run the command line; an error of the user's is one sentence and status 4."""
    try:
        commands(standalone_mode=False)
    except UserError as problem:
        click.echo(f"stindex: {problem}", err=True)
        sys.exit(USAGE)
    except click.ClickException as problem:
        problem.show()
        sys.exit(USAGE)
    except click.exceptions.Abort:
        sys.exit(2)
