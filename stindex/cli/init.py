"""`stindex init`: an evaluation in a repository of your own, beside what is there."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from stindex.cli.json_output import json_option, print_json
from stindex.errors import UserError
from stindex.resources import bundled

SUITE = "eval_tests"

_SETTINGS = """\
# Settings of pytest for the evaluation alone. The plugin does nothing in other tests.
[pytest]
addopts = -p stindex.pytest_plugin
testpaths = {testpaths}
"""

_CONFTEST = '''\
"""Leaves the evaluation out of a session that does not load stindex, such as the unit tests."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore these files where the plugin is missing; nobody else could give them a sample."""
    return None if config.pluginmanager.hasplugin("stindex.pytest_plugin") else True
'''

_EVAL = """\
# What `pytest {suite}` evaluates; the command line goes first. `pytest {suite} --help`, section
# stindex, has every setting. Paths are relative to the directory that `cfg` is in.
# model: an alias, a hub id, a directory, a GGUF file, or `rules` (no model)
model: {model}
{dataset}
# baseline: baselines/mine.jsonl    # {save}
"""

_IGNORE = "# Runs are results, not sources.\n*\n"

_WORKFLOW = """\
name: evaluation
on:
  pull_request:
  workflow_dispatch:
permissions:
  contents: read
env:
  # What pip installs: a name on the package index, a wheel in this repository, or git+https://...
  # A model that runs through transformers needs the extra: stindex[transformers]
  STINDEX: stindex
jobs:
  evaluate:
    runs-on: ubuntu-latest
    defaults:
      run:
        working-directory: {directory}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - uses: actions/cache@v4
        with: {{path: ~/.cache/stindex, key: stindex}}
      - run: python -m pip install "$STINDEX"
      - run: python -m pytest {suite} --junitxml={junit}
      - uses: actions/upload-artifact@v4
        if: always()
        with: {{name: evaluation, path: {reports}}}
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of an evaluation go.

    Attributes:
        root: the directory that was named.
        home: where settings, `cfg/` and reports are; `root`, or `root/eval_tests` where pytest
            has settings of its own in `root`.
        repository: the root of the repository around it; `root` where there is none.
    """

    root: Path
    home: Path
    repository: Path

    @property
    def suite(self) -> Path:
        """The directory of the tests."""
        return self.root / SUITE


@click.command(
    epilog="Exit status: 0, also where all files were there; 4 where a file cannot be written."
)
@click.argument("directory", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option("--model", default="rules", show_default=True, help="What cfg/eval.yaml names.")
@click.option("--dataset", help="Your data set, for cfg/eval.yaml. Default: the demonstration.")
@click.option("--ci/--no-ci", default=True, help="Write a GitHub workflow.  [default: ci]")
@json_option
def init(directory: Path, model: str, dataset: str | None, *, ci: bool, as_json: bool) -> None:
    """Set up an evaluation in DIRECTORY: tests, settings, a workflow for CI.

    No file that is there is ever overwritten. Where pytest has settings of its own in DIRECTORY,
    they stay as they are: the evaluation then keeps its settings, cfg/ and reports in eval_tests/.

    Example: stindex init --model smollm2 --dataset data/mine.jsonl
    """
    layout = find_layout(directory)
    written: list[str] = []
    kept: list[str] = []
    for path, content in _files(layout, model, dataset, ci=ci):
        (written if _write(path, content) else kept).append(_as_seen(path))
    command = _command(layout)
    if as_json:
        print_json({"written": written, "kept": kept, "command": command})
        return
    for name in written:
        click.echo(f"wrote {name}")
    for name in kept:
        click.echo(f"kept  {name}")
    click.echo(f"\nNow run: {command}")


def find_layout(directory: Path) -> Layout:
    """Return where the files go: beside pytest's own settings, never into them."""
    own = _has_pytest_settings(directory)
    around = [directory.resolve(), *directory.resolve().parents]
    repository = next((path for path in around if (path / ".git").exists()), around[0])
    return Layout(directory, directory / SUITE if own else directory, repository)


def _has_pytest_settings(directory: Path) -> bool:
    """Whether pytest would read settings of this directory, apart from ours."""
    ours = directory / "pytest.ini"
    if ours.is_file():
        return "stindex.pytest_plugin" not in ours.read_text(encoding="utf-8", errors="replace")
    if any((directory / name).is_file() for name in (".pytest.ini", "pytest.toml", ".pytest.toml")):
        return True
    return (
        _in_toml(directory / "pyproject.toml")
        or _in_ini(directory / "tox.ini", "pytest")
        or _in_ini(directory / "setup.cfg", "tool:pytest")
    )


def _in_toml(path: Path) -> bool:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return "pytest" in content.get("tool", {})


def _in_ini(path: Path, section: str) -> bool:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error):
        return False
    return parser.has_section(section)


def _files(
    layout: Layout, model: str, dataset: str | None, *, ci: bool
) -> Iterator[tuple[Path, str]]:
    home = layout.home
    tests = "." if home == layout.suite else SUITE
    mine = _from_home(layout, "data/mine.jsonl")
    named = f"# dataset: {mine}    # your own; without it the demonstration data"
    if dataset is not None:
        named = f"dataset: {json.dumps(_from_home(layout, dataset), ensure_ascii=False)}"
    save = "stindex baseline save RUN baselines/mine.jsonl"
    save = f"made with: {save}" if home == layout.root else f"made in {SUITE}/ with: {save}"
    yield home / "pytest.ini", _SETTINGS.format(testpaths=tests)
    yield layout.suite / "conftest.py", _CONFTEST
    yield layout.suite / "test_extraction.py", _bundled(f"{SUITE}/test_extraction.py")
    yield (
        home / "cfg" / "eval.yaml",
        _EVAL.format(suite=SUITE, model=json.dumps(model), dataset=named, save=save),
    )
    yield home / "cfg" / "thresholds.yaml", _bundled("cfg/thresholds.yaml")
    yield home / "reports" / ".gitignore", _IGNORE
    if ci:
        yield _workflow_path(layout), _workflow(layout)


def _from_home(layout: Layout, dataset: str) -> str:
    """Return the path of a data set as seen from `cfg`'s directory."""
    if Path(dataset).is_absolute() or layout.home == layout.root:
        return dataset
    return str(Path("..") / dataset)


def _bundled(relative: str) -> str:
    return bundled(relative).read_text(encoding="utf-8")


def _workflow_path(layout: Layout) -> Path:
    name = "evaluation.yml"
    inside = _inside(layout)
    if inside != ".":
        name = f"evaluation-{inside.replace('/', '-')}.yml"
    path = layout.repository / ".github" / "workflows" / name
    return path if layout.root.is_absolute() else Path(os.path.relpath(path))


def _workflow(layout: Layout) -> str:
    reports = (layout.home.resolve() / "reports").relative_to(layout.repository).as_posix()
    junit = "reports/junit.xml" if layout.home == layout.root else f"{SUITE}/reports/junit.xml"
    return _WORKFLOW.format(
        directory=json.dumps(_inside(layout)),
        suite=SUITE,
        junit=junit,
        reports=json.dumps(reports),
    )


def _inside(layout: Layout) -> str:
    """Return the named directory as seen from the root of the repository."""
    return layout.root.resolve().relative_to(layout.repository).as_posix()


def _as_seen(path: Path) -> str:
    """Return a path as seen from here, where it is below here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _command(layout: Layout) -> str:
    root = layout.root.resolve()
    here = root == Path.cwd()
    return f"pytest {SUITE}" if here else f"cd {shlex.quote(str(layout.root))} && pytest {SUITE}"


def _write(path: Path, content: str) -> bool:
    """Write a file that is not there yet; return whether it was written.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        return False
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be written ({problem.strerror}); what was written before it stays."
        ) from None
    return True
