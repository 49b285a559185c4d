"""`stindex init`: an evaluation that works where it was set up, and changes nothing that was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import platformdirs
import pytest
import yaml

from stindex.cli.init import find_layout

pytestmark = pytest.mark.slow

CACHE = platformdirs.user_cache_path()
PROJECT = Path(__file__).parents[2]
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


def stindex(directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", "from stindex.cli import main; main()", *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def pytest_in(directory: Path, *arguments: str, python: str = sys.executable) -> tuple[int, str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(CACHE)}
    done = subprocess.run(
        [python, "-m", "pytest", *arguments],
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


def test_an_empty_repository_gets_an_evaluation_that_runs(repository: Path) -> None:
    out = stindex(repository, "init")
    assert out.endswith("Now run: pytest eval_tests\n")
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


def test_a_second_init_changes_nothing_and_says_what_it_kept(repository: Path) -> None:
    stindex(repository, "init")
    (repository / "cfg" / "eval.yaml").write_text("model: mine\n")
    (repository / "eval_tests" / "conftest.py").unlink()
    before = contents(repository)
    found = json.loads(stindex(repository, "init", "--model", "other", "--json"))
    assert found["written"] == ["eval_tests/conftest.py"]
    assert "cfg/eval.yaml" in found["kept"]
    after = contents(repository)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("file", SETTINGS)
def test_settings_of_pytest_that_are_there_stay_and_go_on_to_work(
    repository: Path, file: str
) -> None:
    (repository / file).write_text(SETTINGS[file])
    (repository / "tests").mkdir()
    (repository / "tests" / "test_unit.py").write_text("def test_unit():\n    pass\n")
    before = contents(repository)
    stindex(repository, "init")
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
    repository: Path,
) -> None:
    (repository / "pyproject.toml").write_text(SETTINGS["pyproject.toml"])
    part = repository / "research" / "geo parsing"
    part.mkdir(parents=True)
    (part / "neighbour.py").write_text(NEIGHBOUR)
    stindex(repository, "init", "research/geo parsing", "--dataset", "mine.json")
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
    repository: Path, directory: str, own_settings: bool
) -> None:
    home = repository / directory
    home.mkdir(exist_ok=True)
    if own_settings:
        (home / "pytest.ini").write_text(SETTINGS["pytest.ini"])
    stindex(repository, "init", directory)
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


def test_no_ci_writes_no_workflow(repository: Path) -> None:
    stindex(repository, "init", "--no-ci")
    assert not (repository / ".github").exists()


def test_the_files_come_from_an_installed_wheel_as_well(repository: Path, tmp_path: Path) -> None:
    """The wheel is unpacked as pip does it; the checkout is not on the path."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    wheel = _wheel(tmp_path)
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(CACHE)}
    code = "import stindex; print(stindex.__file__); from stindex.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "init"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout.startswith(str(site))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "eval_tests", "--limit", "2"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def _wheel(directory: Path) -> Path:
    source = directory / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(PROJECT / name, source / name)
    for name in ("stindex", "cfg", "data/input", "eval_tests"):
        shutil.copytree(
            PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "reports")
        )
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel
