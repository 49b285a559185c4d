"""Every example runs as it is, and what it adds shows up in metrics, gates and reports."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

pytestmark = pytest.mark.slow

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CACHE = platformdirs.user_cache_path()
MOST_LINES = 100


class Example:
    """A copy of an example, run in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(CACHE)}
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def pytest(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *options)

    def stindex(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-c", "from stindex.cli import main; main()", *arguments)

    def report(self, name: str) -> str:
        (path,) = self.directory.glob(f"reports/*/{name}")
        return path.read_text(encoding="utf-8")

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.report("metrics_summary.json"))
        return found

    def gate(self, name: str) -> dict[str, Any]:
        return next(gate for gate in self.summary()["gates"] if gate["name"] == name)


def _copied(name: str, target: Path) -> Example:
    ignored = shutil.ignore_patterns("reports", "__pycache__")
    shutil.copytree(EXAMPLES / name, target, ignore=ignored)
    return Example(target)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Example:
    example = _copied("people", tmp_path_factory.mktemp("people") / "people")
    done = example.pytest()
    assert done.returncode == 0, done.stdout + done.stderr
    return example


def test_a_third_dimension_takes_few_lines() -> None:
    lines = (EXAMPLES / "people" / "conftest.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES


def test_a_third_dimension_is_scored(people: Example) -> None:
    found = people.summary()["metrics"]["people"]
    assert (found["gold"], found["predicted"], found["true_positives"]) == (4, 3, 3)
    assert found["recall"] == 0.75
    assert found["normalization_accuracy"] == pytest.approx(2 / 3)  # Pierre is not Marie
    assert found["type_accuracy"] == pytest.approx(2 / 3)  # Sherlock Holmes is not real
    assert found["f1_score_ci95"]
    assert found["errors"]["missed"] == 1
    assert {"gold": "fictional", "predicted": "real", "count": 1} in found["confusions"]


def test_a_third_dimension_counts_in_the_combined_figure(people: Example) -> None:
    found = people.summary()["metrics"]
    f1 = [found[name]["f1_score"] for name in ("temporal", "spatial", "people")]
    assert found["overall"]["combined_of"] == ["temporal", "spatial", "people"]
    assert found["overall"]["combined_f1"] == pytest.approx(sum(f1) / 3)


def test_a_third_dimension_has_gates_and_thresholds_of_samples(people: Example) -> None:
    assert people.gate("people.normalization_accuracy >= 0.6")["passed"]
    details = json.loads(people.report("detailed_results.json"))["samples"]
    missed = {sample["id"]: sample["missed"] for sample in details}
    assert missed == {"radium": [], "baker-street": ["people_recall is 0.5, needs >= 0.6"]}


def test_a_gate_of_a_third_dimension_fails_where_it_does_not_hold(tmp_path: Path) -> None:
    example = _copied("people", tmp_path / "people")
    strict = "run:\n  - {metric: people.normalization_accuracy, at_least: 0.9}\n"
    (example.directory / "strict.yaml").write_text(strict, encoding="utf-8")
    done = example.pytest("--thresholds", "strict.yaml")
    assert done.returncode == 1
    assert "people.normalization_accuracy" in done.stdout


def test_a_third_dimension_is_in_every_report(people: Example) -> None:
    page, short = people.report("report.html"), people.report("report.md")
    assert "<h3>People</h3>" in page
    assert "Normalization accuracy" in page
    assert "## People" in short
    assert "People F1" in short
    details = json.loads(people.report("detailed_results.json"))["samples"]
    assert details[0]["gold"]["people_mentions"][0]["entity_type"] == "real"
    assert details[0]["prediction"]["people_mentions"][0]["start_char"] == 0


def test_the_commands_know_a_third_dimension(people: Example) -> None:
    assert people.stindex("validate", "gold.jsonl").returncode == 0
    shown = people.stindex("show", "predictions", "baker-street")
    assert "John Watson" in shown.stdout, shown.stderr
    again = people.stindex("report", "predictions")
    assert again.returncode == 0, again.stderr
    assert "<h3>People</h3>" in people.report("report.html")


def test_without_the_hook_its_gold_is_refused_and_its_run_can_still_be_read(
    people: Example, tmp_path: Path
) -> None:
    plain = Example(tmp_path)
    shutil.copytree(people.directory / "reports", tmp_path / "reports")
    shutil.copy(people.directory / "gold.jsonl", tmp_path)
    refused = plain.stindex("validate", "gold.jsonl")
    assert refused.returncode != 0
    assert "people" in refused.stdout + refused.stderr
    shown = plain.stindex("show", "predictions", "radium")
    assert shown.returncode == 0, shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_model_is_asked_for_a_third_dimension() -> None:
    code = (
        "from stindex.cli.own_parts import add_own_parts; from pathlib import Path\n"
        "add_own_parts(Path.cwd())\n"
        "from stindex.prompts import load_prompt\n"
        "prompt = load_prompt('iso')\n"
        "print('people_mentions' in prompt.opening[0]['content'])\n"
        "print(sorted(prompt.response_model.model_json_schema()['required']))\n"
    )
    done = Example(EXAMPLES / "people").run("-c", code)
    assert done.stdout.splitlines() == [
        "True",
        "['people_mentions', 'spatial_mentions', 'temporal_mentions']",
    ], done.stderr


def test_a_metric_of_ones_own_has_a_gate_an_interval_and_a_row(tmp_path: Path) -> None:
    example = _copied("own_metric", tmp_path / "own_metric")
    done = example.pytest()
    assert done.returncode == 0, done.stdout + done.stderr
    found = example.summary()["metrics"]["temporal"]
    assert (found["year_accuracy"], found["n"]["year_accuracy"]) == (0.5, 2)
    assert "year_accuracy_ci95" in found
    assert example.gate("temporal.year_accuracy >= 0.5")["passed"]
    assert "Year accuracy" in example.report("report.html")


def test_a_model_of_ones_own_answers_and_its_answers_are_kept(tmp_path: Path) -> None:
    example = _copied("own_model", tmp_path / "own_model")
    done = example.pytest()
    assert done.returncode == 0, done.stdout + done.stderr
    assert example.summary()["metrics"]["overall"]["combined_f1"] == 1.0
    assert "1 of 1 answers are there already" in example.pytest().stdout
    two = example.pytest("-n", "2", "--fresh")
    assert two.returncode == 0, two.stdout + two.stderr


def test_parts_of_ones_own_are_used(tmp_path: Path) -> None:
    example = _copied("own_parts", tmp_path / "own_parts")
    done = example.pytest()
    assert done.returncode == 0, done.stdout + done.stderr
    assert example.summary()["metrics"]["spatial"]["geocoding_success_rate"] == 0.5
    assert example.gate("spatial.f1_score surely_at_least 0.1")["kind"] == "own"
    assert "The longest texts" in example.report("report.html")
    assert "The longest texts" in example.report("report.md")


def test_a_kind_of_gate_of_ones_own_decides_the_exit_status(tmp_path: Path) -> None:
    example = _copied("own_parts", tmp_path / "own_parts")
    strict = "run:\n  - {metric: spatial.f1_score, surely_at_least: 0.9}\n"
    (example.directory / "strict.yaml").write_text(strict, encoding="utf-8")
    done = example.pytest("--thresholds", "strict.yaml")
    assert done.returncode == 1
    assert "may be as low as" in done.stdout


@pytest.mark.parametrize("name", ["People", "overall", "two words"])
def test_a_dimension_with_an_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    example = _copied("people", tmp_path / "people")
    path = example.directory / "conftest.py"
    text = path.read_text(encoding="utf-8").replace('name = "people"', f"name = {name!r}")
    path.write_text(text, encoding="utf-8")
    done = example.pytest()
    assert done.returncode == 4
    assert "cannot be the name of a dimension" in done.stderr
