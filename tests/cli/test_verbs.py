"""The command line as a whole: verbs, help, exit statuses."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stindex import __version__
from stindex.cli import VERBS


def stindex(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from stindex.cli import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_the_command_of_that_name_in_its_module(verb: str) -> None:
    command = getattr(importlib.import_module(VERBS[verb]), verb)
    assert isinstance(command, click.Command)
    assert command.name == verb


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"export"}))
def test_every_verb_prints_json_if_asked_and_export_always_does(verb: str) -> None:
    command = getattr(importlib.import_module(VERBS[verb]), verb)
    commands = command.commands.values() if isinstance(command, click.Group) else [command]
    assert all(any("--json" in option.opts for option in one.params) for one in commands)


def test_python_finds_the_verbs_where_the_script_is_not_on_the_path() -> None:
    command = [sys.executable, "-m", "stindex", "validate", "none.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "stindex: none.json: no such data set" in done.stderr


def test_help_says_what_every_verb_does() -> None:
    done = stindex("--help")
    assert done.returncode == 0
    lines = [line.split(maxsplit=1) for line in done.stdout.partition("Commands:")[2].splitlines()]
    described = {words[0]: words[1] for words in lines if len(words) == 2}
    assert all(len(described.get(verb, "")) > 10 for verb in VERBS), described


def test_version_is_that_of_the_package() -> None:
    assert stindex("--version").stdout == f"stindex, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validat"], "No such command 'validat'"),
        (["validate"], "Missing argument 'FILE'"),
        (["validate", "a", "b"], "unexpected extra argument"),
        (["validate", "none.json"], "none.json: no such data set; check the path."),
        (["validate", str(Path(__file__).parent)], "is a directory; name a .json or .jsonl file"),
        ([], "Commands:"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_status_4(arguments: list[str], said: str) -> None:
    done = stindex(*arguments)
    assert (done.returncode, done.stdout) == (4, "")
    assert said in done.stderr
