"""`stindex convert`: a data set of another format, written in the native one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.statuses import INVALID
from stindex.datasets.datelines import without_dateline
from stindex.datasets.formats import format_of
from stindex.datasets.native import read_samples
from stindex.whole_files import write_whole


@click.command(epilog="Exit status: 0; 1 where a sample cannot be read; 4 where a file cannot.")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--without-datelines", is_flag=True, help="Cut datelines out of the texts.")
@json_option
def convert(source: Path, target: Path, *, without_datelines: bool, as_json: bool) -> None:
    """Read a data set of any known format and write it as native JSON lines.

    Each annotation that had to be put right or left out is listed. Nothing is written if a sample
    cannot be read.

    Example: stindex convert corpus/tml corpus.jsonl
    """
    form = format_of(source)
    reading = form.read(source)
    for repair in reading.repairs:
        click.echo(f"{source}: {repair}", err=True)
    samples, problems = read_samples(reading.entries)
    for problem in problems:
        click.echo(f"{source}: {problem}", err=True)
    if problems:
        sys.exit(INVALID)
    entries = [entry for _, entry in reading.entries if isinstance(entry, dict)]
    if without_datelines:
        entries = [without_dateline(entry) for entry in entries]
        samples, _ = read_samples([("", entry) for entry in entries])
    write_whole(target, (json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    mentions = sum(len(layer.mentions) for sample in samples for layer in sample.gold.values())
    if as_json:
        found = {"file": str(target), "format": form.name, "samples": len(samples)}
        repairs = [asdict(repair) for repair in reading.repairs]
        print_json({**found, "mentions": mentions, "repairs": repairs})
        return
    click.echo(
        f"{target}: {len(samples)} samples, {mentions} gold mentions from {form.name}; "
        f"{len(reading.repairs)} annotations put right or left out"
    )
