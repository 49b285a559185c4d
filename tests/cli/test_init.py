"""`stindex init`: an evaluation that works where it was set up, and changes nothing that was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
import yaml

from stindex.cli import main
from stindex.cli.init import find_layout

pytestmark = pytest.mark.slow

CACHE = platformdirs.user_cache_path()
SETTINGS = {
    "pyproject.toml": "[project]\nname = 'mine'\n\n[tool.pytest.ini_options]\naddopts = '-ra'\n",
    "pytest.ini": "[pytest]\naddopts = -ra\n",
    "setup.cfg": "[tool:pytest]\naddopts = -ra\n",
    "tox.ini": "[tox]\n\n[pytest]\naddopts = -ra\n",
}
# Another plugin that has taken names of ours, as pytest-base-url and others do.
NEIGHBOUR = """
def pytest_addoption(parser):
    parser.addoption("--device", default="phone")
    parser.addoption("--limit", default="9")

def pytest_report_header(config):
    return f"neighbour: {config.getoption('--device')}"
"""


Init = Callable[..., str]


@pytest.fixture
def init(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Return what calls `stindex init` in a directory and returns what it said."""

    def run(directory: Path, *arguments: str) -> str:
        monkeypatch.chdir(directory)
        monkeypatch.setattr(sys, "argv", ["stindex", "init", *arguments])
        main()
        said = capsys.readouterr()
        assert said.err == ""
        return said.out

    return run


def pytest_in(directory: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(CACHE)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return an empty repository."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    return tmp_path / "repository"


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_an_empty_repository_gets_an_evaluation_that_runs(init: Init, repository: Path) -> None:
    out = init(repository)
    assert out.endswith("Now run: pytest eval_tests\n")
    assert "wrote .github/workflows/evaluation.yml\n" in out
    assert set(contents(repository)) == {
        "pytest.ini",
        "eval_tests/conftest.py",
        "eval_tests/test_extraction.py",
        "cfg/eval.yaml",
        "cfg/thresholds.yaml",
        "reports/.gitignore",
        ".github/workflows/evaluation.yml",
    }
    status, said = pytest_in(repository, "eval_tests", "--limit", "2")
    assert status == 0, said
    assert "4 passed" in said  # two samples, two gates
    assert list((repository / "reports").glob("*/partial/report.html"))


def test_a_second_init_changes_nothing_and_says_what_it_kept(init: Init, repository: Path) -> None:
    init(repository)
    (repository / "cfg" / "eval.yaml").write_text("model: mine\n")
    (repository / "eval_tests" / "conftest.py").unlink()
    before = contents(repository)
    found = json.loads(init(repository, "--model", "other", "--json"))
    assert found["written"] == ["eval_tests/conftest.py"]
    assert "cfg/eval.yaml" in found["kept"]
    after = contents(repository)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("file", SETTINGS)
def test_settings_of_pytest_that_are_there_stay_and_go_on_to_work(
    init: Init, repository: Path, file: str
) -> None:
    (repository / file).write_text(SETTINGS[file])
    (repository / "tests").mkdir()
    (repository / "tests" / "test_unit.py").write_text("def test_unit():\n    pass\n")
    before = contents(repository)
    init(repository)
    after = contents(repository)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in set(after) - set(before)} == {"eval_tests", ".github"}
    status, said = pytest_in(repository)
    assert (status, "1 passed" in said) == (0, True), said
    status, said = pytest_in(repository, "eval_tests", "--limit", "1")
    assert (status, "3 passed" in said) == (0, True), said
    assert list((repository / "eval_tests" / "reports").glob("*/partial/report.html"))


def test_a_file_of_settings_without_pytest_in_it_is_no_settings_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n")
    (tmp_path / "tox.ini").write_text("[tox]\nenvlist = py\n")
    (tmp_path / "setup.cfg").write_text("not = an ini file")
    assert find_layout(tmp_path).home == tmp_path


def test_a_subdirectory_of_a_larger_repository_works_beside_other_plugins(
    init: Init, repository: Path
) -> None:
    (repository / "pyproject.toml").write_text(SETTINGS["pyproject.toml"])
    part = repository / "research" / "geo parsing"
    part.mkdir(parents=True)
    (part / "neighbour.py").write_text(NEIGHBOUR)
    init(repository, "research/geo parsing", "--dataset", "mine.json")
    (part / "mine.json").write_text(
        json.dumps([{"id": "a", "text": "Rain in Lyon.", "ground_truth": {"temporal": []}}])
    )
    status, said = pytest_in(
        part, "-p", "neighbour", "eval_tests", "--device", "x", "--stindex-limit", "1"
    )
    assert (status, "3 passed" in said) == (0, True), said
    assert "neighbour: x" in said
    assert list((part / "reports").glob("*/report.html"))
    # From the root, without the plugin, nothing of the evaluation is collected.
    status, said = pytest_in(repository)
    assert (status, "no tests ran" in said) == (5, True), said


@pytest.mark.parametrize("directory", [".", "part"])
@pytest.mark.parametrize("own_settings", [False, True])
def test_the_workflow_runs_the_suite_and_uploads_the_reports(
    init: Init, repository: Path, directory: str, own_settings: bool
) -> None:
    home = repository / directory
    home.mkdir(exist_ok=True)
    if own_settings:
        (home / "pytest.ini").write_text(SETTINGS["pytest.ini"])
    init(repository, directory)
    (path,) = (repository / ".github" / "workflows").iterdir()
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    job = workflow["jobs"]["evaluate"]
    assert job["defaults"]["run"]["working-directory"] == directory
    uploaded = job["steps"][-1]
    assert uploaded["if"] == "always()"
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == 'python -m pip install "$STINDEX"'
    # The last command, as the workflow runs it.
    (test,) = commands[1:]
    status, said = pytest_in(home, *test.split()[3:], "--limit", "1")
    assert status == 0, said
    reports = repository / uploaded["with"]["path"]
    assert (reports / "junit.xml").exists()
    assert list(reports.glob("*/partial/report.html"))


def test_no_ci_writes_no_workflow(init: Init, repository: Path) -> None:
    init(repository, "--no-ci")
    assert not (repository / ".github").exists()


@pytest.mark.parametrize("own_settings", [False, True])
def test_a_baseline_saved_as_the_settings_say_is_found_by_them(
    init: Init, repository: Path, own_settings: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if own_settings:
        (repository / "pytest.ini").write_text(SETTINGS["pytest.ini"])
    init(repository)
    assert pytest_in(repository, "eval_tests", "--limit", "1")[0] == 0
    home = repository / "eval_tests" if own_settings else repository
    settings = home / "cfg" / "eval.yaml"
    text = settings.read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "baseline:" in line)
    assert ("made in eval_tests/ with" in line) is own_settings
    command = line.partition(" with: ")[2].replace("RUN", "rules").split()
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", command)
    main()
    settings.write_text(text.replace(line, line.removeprefix("# ")), encoding="utf-8")
    status, said = pytest_in(repository, "eval_tests", "--limit", "1")
    assert (status, "against rules" in said) == (0, True), said
