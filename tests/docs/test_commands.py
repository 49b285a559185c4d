"""Every command in README and docs: its options exist, and what can run here is run.

Commands of code blocks and of inline code are held against the command line's own grammar. Blocks
are then run in a copy of the repository, with the rule-based reader for each model and prepared
runs and files for each that a page names; what needs a launcher, a server, an installation or the
network is left at its grammar.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import platformdirs
import pytest

from stindex.cli import VERBS

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
CACHE = platformdirs.user_cache_path()
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("stindex", "pytest", "make", "python", "accelerate", "torchrun", "srun", "sbatch")
_INLINE = re.compile(rf"`((?:{'|'.join(_PROGRAMS)}) [^`]*)`")
_LAUNCHERS = ("accelerate", "torchrun", "srun", "sbatch")


@dataclass(frozen=True)
class Command:
    """A command and where it stands."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)[:70]}"


def _lines(block: str) -> list[str]:
    return block.replace("\\\n", " ").splitlines()


def _words(line: str) -> tuple[str, ...]:
    """Return the words of a line from the program on; a comment and what leads to it are out."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return ()
    starts = [number for number, word in enumerate(words) if word in _PROGRAMS]
    if not starts or any("=" not in word for word in words[: starts[0]]):
        return ()
    ends = [number for number, word in enumerate(words) if word in {"||", "&&", "|"}]
    return tuple(words[starts[0] : min([n for n in ends if n > starts[0]], default=len(words))])


def _blocks(page: Path) -> list[str]:
    blocks = _FENCED.findall(page.read_text(encoding="utf-8"))
    shell = [block for language, block in blocks if language in {"", "bash"}]
    return [block for block in shell if any(_words(line.strip()) for line in _lines(block))]


def _commands() -> list[Command]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line.strip() for block in _blocks(page) for line in _lines(block)]
        lines += [one.replace("\n", " ") for one in _INLINE.findall(_FENCED.sub("", text))]
        name = str(page.relative_to(ROOT))
        found += [Command(name, words) for line in lines if (words := _words(line))]
    return found


# ── Grammar ──────────────────────────────────────────────────────────────────────────────────


@cache
def _pytest_options() -> frozenset[str]:
    command = [sys.executable, "-m", "pytest", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    # The help shows one spelling of each.
    return frozenset({*re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", shown), "--junitxml"})


def _options(words: tuple[str, ...]) -> list[str]:
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]


def _check_pytest(words: tuple[str, ...]) -> None:
    assert [one for one in _options(words) if one not in _pytest_options()] == []
    for word in words:
        if word.startswith(("eval_tests", "tests/", "examples/", "cfg/")):
            assert (ROOT / word).exists(), word


def _check_stindex(words: tuple[str, ...]) -> None:
    if not words or words[0].startswith("-"):
        assert words in {(), ("--help",), ("--version",)}
        return
    assert words[0] in VERBS
    command: click.Command = getattr(import_module(VERBS[words[0]]), words[0])
    if isinstance(command, click.Group) and len(words) > 1:
        assert words[1] in command.commands
        command = command.commands[words[1]]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert [one for one in _options(words) if one not in {*known, "--help"}] == []


def _check_make(words: tuple[str, ...]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in words if "=" not in word]
    assert [one for one in targets if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []


def _check_module(words: tuple[str, ...]) -> None:
    place = ROOT / words[0].replace(".", "/")
    path = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
    assert path.is_file(), words
    code = path.read_text(encoding="utf-8")
    assert [one for one in _options(words) if f'"{one}"' not in code] == []


@pytest.mark.parametrize("command", _commands(), ids=str)
def test_a_command_in_the_docs_is_understood(command: Command) -> None:
    words = command.words
    if words[0] in _LAUNCHERS:
        config = [words[n + 1] for n, word in enumerate(words) if word == "--config_file"]
        assert [one for one in config if not (ROOT / one).is_file()] == []
        inner = [word for word in words if " " in word]  # sbatch --wrap "..."
        words = tuple(shlex.split(inner[0])) if inner else words[1:]
        starts = [n for n, word in enumerate(words) if word in {"pytest", "stindex"}]
        words = words[starts[0] :] if starts else ("true",)
    if words[:2] == ("python", "-m"):
        words = words[2:] if words[2] == "pytest" else ("module", *words[2:])
    checks = {
        "pytest": _check_pytest,
        "stindex": _check_stindex,
        "make": _check_make,
        "module": _check_module,
    }
    if words[0] in checks and words[1:2] != ("venv",):
        checks[words[0]](words[1:])


def test_every_extra_in_the_docs_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:stindex|\.)\[(\w+)\]", text))
    assert named
    assert named <= set(project["optional-dependencies"])


# ── Running ──────────────────────────────────────────────────────────────────────────────────

# What needs more than this machine: its grammar alone is checked.
_ELSEWHERE = re.compile(
    r"^\s*#!|#SBATCH|pip install|-m venv|--backend|nominatim|_STINDEX_COMPLETE|^export|^make"
    rf"|^(?:{'|'.join(_LAUNCHERS)}) |^\s*--|stindex merge|ci-artifact"
)
_STAND_INS = (
    (r"--model (?:qwen7b|smollm2|my-model|\./my-model)", "--model rules"),
    (r"for model in .*;", "for model in rules;"),
    (r"for data in .*;", "for data in data/mine.jsonl;"),
    (r"\bRUN\b|\bBEFORE\b|\bA\b", "smollm2-mine"),
    (r"\bNOW\b|\bB\b", "another-mine"),
    (r"\bC\b", "third-mine"),
    (r"eval_tests/tests", "eval_tests"),
)
_EXAMPLE_DATA = ROOT / "examples" / "data"


def _run(directory: Path, script: str) -> subprocess.CompletedProcess[str]:
    bin_directory = Path(sys.executable).parent
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory,
        env={
            **os.environ,
            "PATH": f"{bin_directory}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_ADDOPTS": "-p no:cacheprovider",
            "XDG_CACHE_HOME": str(CACHE),
            "SLURM_ARRAY_TASK_ID": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository with the files and runs that the pages name."""
    directory = tmp_path_factory.mktemp("repository") / "here"
    directory.mkdir()
    for name in ("eval_tests", "cfg", "data", "examples"):
        ignored = shutil.ignore_patterns("__pycache__", "reports")
        shutil.copytree(ROOT / name, directory / name, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, directory)
    shutil.copy(_EXAMPLE_DATA / "mine.jsonl", directory / "data" / "mine.jsonl")
    shutil.copy(_EXAMPLE_DATA / "mine.jsonl", directory / "corrected.json")
    # The demonstration's place is taken by three samples: what matters here is that it runs.
    shutil.copy(_EXAMPLE_DATA / "mine.jsonl", directory / "data/input/eval_dataset_100.json")
    shutil.copy(_EXAMPLE_DATA / "gates.yaml", directory / "strict.yaml")
    for name in ("answers.jsonl", "found.jsonl", "found/mine.jsonl.jsonl"):
        (directory / name).parent.mkdir(exist_ok=True)
        shutil.copy(_EXAMPLE_DATA / "answers.jsonl", directory / name)
    shutil.copytree(ROOT / "tests" / "datasets" / "corpora" / "timeml", directory / "corpus")
    runs = [
        f"pytest -q --model rules --dataset data/mine.jsonl --run-name {name}"
        for name in ("smollm2-mine", "another-mine", "third-mine")
    ]
    runs += ["pytest -q --model rules --run-name last"]
    runs += ["mv reports/*last* reports/last-release", "mkdir -p baselines"]
    done = _run(directory, "\n".join(runs))
    assert done.returncode == 0, done.stdout + done.stderr
    return directory


def _runnable() -> list[tuple[str, str]]:
    """Return (page, script) for each block of which something can run here."""
    found = []
    for page in PAGES:
        for block in _blocks(page):
            is_loop = block.startswith("for ")
            lines = [block] if is_loop else _lines(block)
            kept = [one for one in lines if not _ELSEWHERE.search(one) and (is_loop or _words(one))]
            if kept:
                found.append((str(page.relative_to(ROOT)), "\n".join(kept)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "script"), _runnable(), ids=[f"{page}-{n}" for n, (page, _) in enumerate(_runnable())]
)
def test_a_block_of_commands_runs(prepared: Path, tmp_path: Path, page: str, script: str) -> None:
    directory = tmp_path / "here"
    shutil.copytree(prepared, directory)
    for pattern, stand_in in _STAND_INS:
        script = re.sub(pattern, stand_in, script)
    done = _run(directory, script)
    assert done.returncode == 0, f"{script}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr


def test_blocks_of_most_pages_run() -> None:
    assert {page for page, _ in _runnable()} >= {
        "README.md",
        "docs/baselines.md",
        "docs/commands.md",
        "docs/comparing-models.md",
        "docs/own-data.md",
        "examples/README.md",
    }
