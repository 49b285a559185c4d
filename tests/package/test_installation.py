"""A wheel carries all that a run needs, and runs far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import platformdirs
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# Where a directory of the checkout is in the wheel.
PLACES = {
    "stindex": "stindex",
    "cfg": "stindex/bundled/cfg",
    "data/input": "stindex/bundled/data/input",
    "eval_tests": "stindex/bundled/eval_tests",
}
CACHE = platformdirs.user_cache_path()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    if find_spec("hatchling") is not None:  # without it, pip fetches it
        command = ["hatchling", "build", "--target", "wheel", "--directory", str(out)]
    else:
        command = ["pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(out), "."]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--quiet", "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", *options, str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def test_every_file_of_the_package_and_of_its_data_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {i.filename: i.file_size for i in archive.infolist()}
    wanted = dict(_files_to_pack())
    assert {name: packed.get(name) for name in wanted} == wanted
    for name in (
        "stindex/py.typed",
        "stindex/geocoding/gazetteer_500.tsv.xz",
        "stindex/geocoding/country_polygons.json.xz",
        "stindex/geocoding/spotting_words.txt",
        "stindex/bundled/cfg/models.yaml",
        "stindex/bundled/data/input/eval_dataset_100.json",
        "stindex/bundled/eval_tests/test_extraction.py",
    ):
        assert name in wanted
    assert any(name.endswith("/report.html.j2") for name in wanted)
    others = {name for name in packed if name not in wanted}
    assert all(".dist-info/" in name for name in others), others
    licences = {name.rpartition("/")[2] for name in others if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def _files_to_pack() -> Iterator[tuple[str, int]]:
    for directory, place in PLACES.items():
        for path in (ROOT / directory).rglob("*"):
            relative = path.relative_to(ROOT / directory)
            if path.is_file() and path.suffix != ".pyc" and relative.parts[0] != "bundled":
                yield f"{place}/{relative.as_posix()}", path.stat().st_size


def _away_from_the_checkout(
    installed: Path, directory: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(installed), "XDG_CACHE_HOME": str(CACHE)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_bundled_suite_runs_in_an_empty_directory(installed: Path, tmp_path: Path) -> None:
    suite = ["--pyargs", "stindex.bundled.eval_tests", "-p", "stindex.pytest_plugin"]
    options = ["-p", "no:cacheprovider", "--model", "rules", "--limit", "3"]
    done = _away_from_the_checkout(installed, tmp_path, "-m", "pytest", *suite, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}
    (report,) = tmp_path.glob("reports/rules-*/partial/report.html")
    assert f"report: {report.relative_to(tmp_path)}" in done.stdout
    run = json.loads(report.with_name("run.json").read_text(encoding="utf-8"))
    assert (run["status"], run["generated"]) == ("PASSED", 3)
    assert not list(installed.rglob("reports"))


def test_the_installed_command_reads_a_text(installed: Path, tmp_path: Path) -> None:
    code = "import stindex, sys; sys.stderr.write(stindex.__file__); from stindex.cli import main"
    arguments = ["extract", "It rained in Lyon on 3 May 2021."]
    done = _away_from_the_checkout(installed, tmp_path, "-c", f"{code}; main()", *arguments)
    assert Path(done.stderr).is_relative_to(installed)
    assert done.returncode == 0
    assert "2021-05-03" in done.stdout
    assert "Lyon, FR" in done.stdout


def test_an_empty_directory_is_set_up_and_comes_to_a_first_report(
    installed: Path, tmp_path: Path
) -> None:
    init = ["-c", "from stindex.cli import main; main()", "init"]
    done = _away_from_the_checkout(installed, tmp_path, *init)
    assert done.stdout.endswith("Now run: pytest eval_tests\n"), done.stderr
    done = _away_from_the_checkout(
        installed, tmp_path, "-m", "pytest", "eval_tests", "--limit", "2"
    )
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert list(tmp_path.glob("reports/*/partial/report.html"))
