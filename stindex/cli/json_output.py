"""`--json`, the same for every verb: one JSON document on standard output, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import click


def json_option(command: Any) -> Any:  # noqa: ANN401 (click decorates what it is given)
    """Add `--json`, the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def print_json(content: object) -> None:
    """Print a JSON document, in ASCII: no terminal takes what is in it for a command."""
    click.echo(json.dumps(content, indent=2))
