"""What works without torch: proven in processes in which importing anything heavy is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pytest_plugin.conftest import CACHE, SUITE, write_samples

pytestmark = pytest.mark.slow

HEAVY = ("torch", "transformers", "xgrammar", "accelerate", "bitsandbytes", "vllm", "deepspeed")
# Python runs sitecustomize before anything else, so also `-p` plugins are watched. What is
# imported goes into a file, as well as an error: an `except ImportError` hides nothing.
WATCH = f"""
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name in {HEAVY!r}:
            with open(os.environ["HEAVY_IMPORTS"], "a") as seen:
                seen.write(name + "\\n")
            raise ImportError(name + " must not be imported here", name=name)

sys.meta_path.insert(0, Watch())
"""
CLI = ("-c", "from stindex.cli import main; main()")
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "stindex.pytest_plugin")
# What Python itself does where packages are not installed.
WITHOUT_TORCH = f"import sys\nsys.modules.update(dict.fromkeys({HEAVY!r}))\n"
# Leaves a whole run of a hub's model in the journal, without the model.
STAND_IN = """
import dataclasses
from benchmarks.instant_source import InstantSource
from stindex.llm import sources

find = sources.find_answerer

def pytest_configure():
    sources.find_answerer = lambda settings, announce: dataclasses.replace(
        find(settings, announce), open=InstantSource, check=lambda: None
    )
"""


class Watched:
    """Runs Python in a directory with a data set and a suite, and says what heavy was imported."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._seen = directory / "heavy_imports.txt"
        site = directory / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
        (directory / "test_suite.py").write_text(SUITE, encoding="utf-8")
        (directory / "stand_in.py").write_text(STAND_IN, encoding="utf-8")
        (directory / "without_torch.py").write_text(WITHOUT_TORCH, encoding="utf-8")
        write_samples(directory / "mine.json", 4)
        root = Path(__file__).parents[2]
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (site, directory, root))),
            "HEAVY_IMPORTS": str(self._seen),
            "HF_HUB_CACHE": str(directory / "hub"),
            "HF_HUB_OFFLINE": "1",
        }

    def __call__(self, *arguments: str, cache: Path = CACHE) -> subprocess.CompletedProcess[str]:
        self._seen.unlink(missing_ok=True)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.directory,
            env=self._environment | {"XDG_CACHE_HOME": str(cache)},
            capture_output=True,
            text=True,
            check=False,
        )

    def heavy(self) -> list[str]:
        return self._seen.read_text().split() if self._seen.exists() else []


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.mark.parametrize("name", HEAVY)
def test_the_watch_sees_an_import_even_if_its_failure_is_caught(
    watched: Watched, name: str
) -> None:
    watched("-c", f"try:\n import {name}\nexcept ImportError: pass")
    assert watched.heavy() == [name]


def test_the_options_need_nothing_that_a_run_is_made_of(watched: Watched) -> None:
    done = watched("-c", "import sys, stindex.pytest_plugin; print(*sys.modules)")
    assert not {"numpy", "jinja2", "stindex.scoring"} & set(done.stdout.split())
    assert "stindex.config" in done.stdout.split()


@pytest.mark.parametrize(
    "arguments",
    [
        [*PYTEST, "--help"],
        [*PYTEST, "--collect-only", "--dataset", "mine.json"],
        [*PYTEST, "--model", "rules", "--dataset", "mine.json"],
        [*CLI, "--version"],
        [*CLI, "--help"],
        [*CLI, "validate", "mine.json"],
        [*CLI, "extract", "It rained in Lyon.", "--geocoder", "none"],
    ],
    ids=lambda arguments: " ".join(a for a in arguments[2:] if a not in PYTEST and "\n" not in a),
)
def test_nothing_heavy_is_imported_where_no_model_answers(
    watched: Watched, arguments: list[str]
) -> None:
    done = watched(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert watched.heavy() == []


def test_a_rerun_of_a_hub_model_with_every_answer_there_imports_nothing_heavy(
    watched: Watched,
) -> None:
    _put_into_hub_cache(watched.directory / "hub")
    run = [*PYTEST, "--model", "own/model", "--dataset", "mine.json", "--geocoder", "none"]
    first = watched(*run, "-p", "stand_in")
    assert first.returncode == 0, first.stdout + first.stderr
    again = watched(*run)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "4 of 4 answers are there already" in again.stdout
    assert watched.heavy() == []


@pytest.mark.parametrize("model", ["own/model", "./directory", "smollm2"])
def test_without_torch_a_model_is_refused_before_anything_is_fetched(
    watched: Watched, model: str
) -> None:
    if model == "own/model":
        _put_into_hub_cache(watched.directory / "hub")
    _write_model(watched.directory / "directory")
    run = ["--model", model, "--dataset", "mine.json", "--geocoder", "none"]
    done = watched(*PYTEST, "-p", "without_torch", *run, cache=watched.directory / "cache")
    assert done.returncode == 4
    assert done.stderr.splitlines()[0] == (
        f"ERROR: --model {model} needs torch and transformers, which the core does without; "
        "pip install 'stindex[transformers]', or use --model rules."
    )
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_of_the_command_line_import_no_room(option: str) -> None:
    code = (
        "import sys\nfrom stindex.cli import main\n"
        f"sys.argv[1:] = [{option!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(*sorted(n for n in sys.modules if n.startswith(('stindex', 'pyd'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    imported = "stindex stindex.cli stindex.cli.statuses stindex.errors"
    assert done.stdout.splitlines()[-1] == imported


def _put_into_hub_cache(cache: Path) -> None:
    pytest.importorskip("huggingface_hub")
    commit = "0123456789abcdef0123456789abcdef01234567"
    model = cache / "models--own--model"
    snapshot = model / "snapshots" / commit
    _write_model(snapshot)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(commit)


def _write_model(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(b"weights")
