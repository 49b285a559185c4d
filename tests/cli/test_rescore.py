"""`pytest --rescore RUN`: everything again from stored answers, without the model or torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WITHOUT_TORCH = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "xgrammar", "tokenizers"}:
            raise ImportError(f"{name} must not be imported")

sys.meta_path.insert(0, Refuse())
"""

Rescore = Callable[..., tuple[int, str]]


@pytest.fixture
def root(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the project whose run was made by a model that is not on this machine."""
    shutil.copytree(project, tmp_path / "project")
    (directory,) = (p.parent for p in (tmp_path / "project" / "reports").glob("*/journal"))
    for name in ("run.json", "metrics_summary.json"):
        content = (directory / name).read_text()
        content = content.replace('"rules"', '"./models/secret-9b"')
        (directory / name).write_text(content)
    directory.rename(tmp_path / "project" / "stored")
    (tmp_path / "project" / "no_torch.py").write_text(WITHOUT_TORCH)
    return tmp_path / "project"


@pytest.fixture
def rescore(root: Path) -> Rescore:
    """Return what rescores the run `stored`, in a process that can import no torch."""

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-p", "no_torch", "-p", "stindex.pytest_plugin"]
        command += ["-p", "no:cacheprovider", "-W", "error", "--rescore", "stored"]
        environment = {**os.environ, "PYTHONPATH": f".:{os.environ.get('PYTHONPATH', '')}"}
        done = subprocess.run(
            [*command, *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    return run


def summary(root: Path, pattern: str = "reports/*/metrics_summary.json") -> dict[str, Any]:
    (path,) = root.glob(pattern)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def edit_samples(root: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    samples = json.loads((root / "mine.json").read_text())
    change(samples)
    (root / "mine.json").write_text(json.dumps(samples))


def test_the_same_metrics_come_from_stored_answers_under_the_name_of_their_model(
    rescore: Rescore, root: Path
) -> None:
    status, said = rescore()
    assert status == 0, said
    assert "Every score is as it was stored." in said
    before, after = summary(root, "stored/metrics_summary.json"), summary(root)
    assert after["metrics"] == before["metrics"]
    assert after["run"]["identity"] == before["run"]["identity"]
    assert after["run"]["identity"]["model"] == "./models/secret-9b"
    assert after["run"]["settings"]["dataset"] == {"value": "mine.json", "source": "the stored run"}
    origin = after["run"]["rescored_from"]
    assert origin["provenance"] == before["run"]["provenance"]
    assert origin["started_at"] == before["run"]["started_at"]


def test_a_run_can_be_rescored_where_it_is_and_its_origin_stays_known(
    rescore: Rescore, root: Path
) -> None:
    rescore()
    (run,) = (path.parent.name for path in (root / "reports").glob("*/journal"))
    first = summary(root)["run"]["rescored_from"]
    lines = sum(len(p.read_bytes().splitlines()) for p in root.glob("reports/*/journal/*"))
    status, said = rescore("--rescore", run)
    assert status == 0, said
    again = summary(root)["run"]["rescored_from"]
    assert {**again, "changes": None} == {**first, "changes": None}
    assert lines == sum(len(p.read_bytes().splitlines()) for p in root.glob("reports/*/journal/*"))


def test_a_corrected_gold_names_the_samples_that_changed(rescore: Rescore, root: Path) -> None:
    def correct(samples: list[dict[str, Any]]) -> None:
        samples[1]["ground_truth"]["temporal"][0]["normalized"] = "2021-03-17"
        samples[2]["ground_truth"]["spatial"][0]["latitude"] = 48.8501

    edit_samples(root, correct)
    status, said = rescore()
    assert status == 0, said
    assert "2 samples with another gold: s1, s2." in said
    assert "temporal.normalization_accuracy 0.2500 ─▶ 0.5000" in said
    changes = summary(root)["run"]["rescored_from"]["changes"]
    assert changes["gold"] == ["s1", "s2"]
    assert "s1" in changes["score"]
    assert not {"s0", "s3"} & set(changes["score"])
    before = summary(root, "stored/metrics_summary.json")["run"]
    assert summary(root)["run"]["identity"]["dataset_hash"] != before["identity"]["dataset_hash"]


def test_another_geocoder_and_other_thresholds_apply(rescore: Rescore, root: Path) -> None:
    (root / "strict.yaml").write_text(
        "run:\n  - {metric: spatial.geocoding_success_rate, at_least: 0.5}\n"
    )
    status, said = rescore("--geocoder", "none", "--thresholds", "strict.yaml")
    assert status == 1
    assert "4 samples with another score: s0, s1, s2, s3." in said
    assert summary(root)["metrics"]["spatial"]["geocoding_success_rate"] == 0
    assert summary(root)["status"] == "FAILED"


def test_an_answer_to_another_text_is_not_taken(rescore: Rescore, root: Path) -> None:
    def reword(samples: list[dict[str, Any]]) -> None:
        samples[1]["text"] = "Yesterday it rained in Paris on 17 March 2021."

    edit_samples(root, reword)
    status, said = rescore()
    assert status == 2
    assert "the run has no answer to s1 (a new sample, or another text)" in said
    found = summary(root)
    assert (found["status"], found["missing"]) == ("INCOMPLETE", ["s1"])
    # Nothing was journaled that a later, real run would take for an answer.
    journal = [
        json.loads(line)
        for path in root.glob("reports/*/journal/*")
        for line in path.read_text().splitlines()
    ]
    assert sorted(line["sample_id"] for line in journal) == ["s0", "s2", "s3"]


def test_a_prompt_that_has_changed_since_is_said_and_answers_go_by_id(
    rescore: Rescore, root: Path
) -> None:
    for name in ("run.json", "metrics_summary.json"):
        path = root / "stored" / name
        content = json.loads(path.read_text())
        (content if name == "run.json" else content["run"])["identity"]["prompt_hash"] = "0" * 64
        path.write_text(json.dumps(content))
    status, said = rescore()
    assert status == 0, said
    assert "The prompt has changed since the stored run" in said
    before = summary(root, "stored/metrics_summary.json")
    assert summary(root)["metrics"] == before["metrics"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "rules"], "--model: --rescore takes the answers of a stored run as they are"),
        (["--temperature", "1"], "--temperature: --rescore takes the answers"),
        (["--fresh"], "--rescore asks for no answer; leave --fresh and --retry-errors out"),
        (["--rescore", "nowhere"], "nowhere: neither the directory of a run nor an id below"),
    ],
)
def test_what_would_make_other_answers_is_refused(
    rescore: Rescore, arguments: list[str], said: str
) -> None:
    status, out = rescore(*arguments)
    assert (status, said in out) == (4, True), out


def test_a_selection_of_a_stored_run_is_a_selection_again(rescore: Rescore, root: Path) -> None:
    status, said = rescore("--limit", "2")
    assert status == 0, said
    assert (
        summary(root, "reports/*/partial/metrics_summary.json")["metrics"]["overall"][
            "total_documents"
        ]
        == 2
    )
