"""`stindex extract`: what a model finds in one text."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.statuses import INVALID
from stindex.config import resolve_settings
from stindex.errors import UserError
from stindex.evaluation import Evaluator
from stindex.geocoding.registry import make_geocoder
from stindex.llm.base import Request
from stindex.llm.sources import find_answerer
from stindex.prompts import load_prompt
from stindex.runs.record import Record
from stindex.schema import Sample


def _is_a_date(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    try:
        datetime.fromisoformat(value or "0001-01-01")
    except ValueError:
        raise click.BadParameter(f"{value!r} is no ISO 8601 date; write e.g. 2024-03-01.") from None
    return value


@click.command()
@click.argument("text", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="Read the text from a file.")
@click.option("--model", default="rules", show_default=True, help="As in `pytest --model`.")
@click.option(
    "--reference-date",
    callback=_is_a_date,
    help="What 'yesterday' is seen from, e.g. 2024-03-01.",
)
@click.option(
    "--geocoder",
    default="embedded",
    show_default=True,
    type=click.Choice(["embedded", "nominatim", "none"]),
)
@click.option("--prompt", default="iso", show_default=True, help="iso, timex3 or a YAML file.")
@json_option
def extract(**options: Any) -> None:  # noqa: ANN401 (click hands over what the options say)
    """Print what a model finds in a TEXT: positions, values, coordinates.

    Example: stindex extract "Rain fell on Lyon last Friday." --reference-date 2024-03-06
    """
    text = _text(options.pop("text"), options.pop("file"))
    as_json = options.pop("as_json")
    found = _extracted(text, options)
    if as_json:
        print_json(found)
    else:
        click.echo(_table(found))
    if found["outcome"] != "ok":
        sys.exit(INVALID)


def _text(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise UserError("give either a TEXT or --file FILE.")
    if text is not None:
        return text
    assert file is not None  # noqa: S101 (one of the two is given)
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise UserError(f"{file}: cannot be read ({why}); name a UTF-8 text file.") from None


def _extracted(text: str, options: dict[str, Any]) -> dict[str, Any]:
    reference_date = options.pop("reference_date")
    settings = resolve_settings({**options, "batch_size": 1}, Path.cwd())
    prompt = load_prompt(settings.values.prompt)
    sample = Sample("text", text, {}, reference_date)
    answerer = find_answerer(settings, lambda line: click.echo(line, err=True))
    request = Request("", sample, prompt.messages(sample))
    answerer.check()
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
