"""The few verbs that are no test run; each is a module of its own, imported when it is called."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import click

from stindex import __version__
from stindex.cli.statuses import INTERRUPTED, USAGE
from stindex.errors import UserError

# Verb to module; the command in it has the verb's name, and the module's docstring begins with
# "`stindex VERB`: what it does.".
VERBS = {
    "convert": "stindex.cli.convert",
    "baseline": "stindex.cli.baseline",
    "compare": "stindex.cli.compare",
    "export": "stindex.cli.export",
    "extract": "stindex.cli.extract",
    "geocode": "stindex.cli.geocode",
    "init": "stindex.cli.init",
    "merge": "stindex.cli.merge",
    "plan": "stindex.cli.plan",
    "report": "stindex.cli.report",
    "runs": "stindex.cli.runs",
    "show": "stindex.cli.show",
    "validate": "stindex.cli.validate",
}


class _Verbs(click.Group):
    """Imports a verb's module when it is needed: `stindex --version` takes no half second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(VERBS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 (click's signature)
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(VERBS[cmd_name]), cmd_name)
        return command

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, _purpose(VERBS[verb])) for verb in self.list_commands(ctx)])


def _purpose(module: str) -> str:
    """Return what a verb does, from its module's docstring; nothing is imported for it."""
    path = Path(__file__).parent / f"{module.rpartition('.')[2]}.py"
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n\n")[0].partition("`: ")[2].replace("\n", " ")


@click.group(
    cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="stindex")
def commands() -> None:
    """How well does a language model read time and place from your texts?

    Evaluations are run with pytest: `pytest eval_tests --model rules`.
    """
    from stindex.cli.own_parts import add_own_parts  # noqa: PLC0415 (not for --version)

    add_own_parts(Path.cwd())


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
        sys.exit(INTERRUPTED)
