"""`stindex report`: the page again, from stored figures; nothing is scored, nothing is lost."""

from __future__ import annotations

import json
import operator
import re
import shutil
import subprocess
import sys
from functools import reduce
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.stored import load_run

from .conftest import Verb


def test_the_page_drawn_again_is_the_page_of_the_run(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    status, out, _ = verb("report", "mine", "--to", str(tmp_path / "again"))
    assert (status, out) == (0, f"{tmp_path / 'again' / 'report.html'}\n")
    for name in ("report.html", "report.md"):
        again, first = (path / name for path in (tmp_path / "again", run_directory))
        assert again.read_bytes() == first.read_bytes()


@pytest.fixture(scope="module")
def compared_run(project: Path) -> Path:
    """A run that has the project's first one as its baseline, below a directory of its own."""
    (first,) = (path.parent for path in (project / "reports").glob("*/journal"))
    options = ["--model", "rules", "--dataset", "mine.json", "--baseline", f"reports/{first.name}"]
    return _another_run(project, "compared", *options)


def _another_run(project: Path, output: str, *options: str) -> Path:
    """Run pytest over the project with reports below a directory of its own; return the run's."""
    command = [sys.executable, "-m", "pytest", "-p", "stindex.pytest_plugin", "-p"]
    command += ["no:cacheprovider", "-q", "--output-dir", output, *options]
    subprocess.run(command, cwd=project, check=False, capture_output=True)
    (found,) = (path.parent for path in (project / output).glob("*/metrics_summary.json"))
    return found


def test_a_compared_run_is_drawn_with_the_samples_of_its_baseline(
    verb: Verb, compared_run: Path, tmp_path: Path
) -> None:
    status, _, err = verb("report", str(compared_run), "--to", str(tmp_path))
    assert (status, err) == (0, "")
    again, first = (path / "report.html" for path in (tmp_path, compared_run))
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("run.settings.baseline.value", "neither the directory of a run"),
        ("comparison.baseline.started_at", "was made anew since the comparison"),
    ],
)
def test_a_baseline_that_is_gone_or_another_is_said(
    verb: Verb, compared_run: Path, tmp_path: Path, changed: str, said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(compared_run, copy)
    summary = json.loads((copy / "metrics_summary.json").read_text())
    *blocks, key = changed.split(".")
    reduce(operator.getitem, blocks, summary)[key] = "another"
    (copy / "metrics_summary.json").write_text(json.dumps(summary))
    status, _, err = verb("report", str(copy))
    assert status == 0
    assert err.startswith("The baseline's samples are not shown: ")
    assert said in err


def test_without_option_the_reports_of_the_run_itself_are_written(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    (copy / "report.html").unlink()
    (copy / "report.md").unlink()
    before = (copy / "metrics_summary.json").read_bytes()
    status, out, _ = verb("report", str(copy), "--json")
    assert status == 0
    found = json.loads(out)
    assert found["html"] == str(copy / "report.html")
    assert (copy / "report.md").exists()
    assert (copy / "metrics_summary.json").read_bytes() == before


def test_stored_figures_are_shown_as_they_are(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    summary = json.loads((copy / "metrics_summary.json").read_text())
    summary["metrics"]["temporal"]["f1_score"] = 0.12345
    (copy / "metrics_summary.json").write_text(json.dumps(summary))
    verb("report", str(copy))
    assert "0.123" in (copy / "report.md").read_text(encoding="utf-8")


def test_without_the_data_set_the_page_has_everything_but_the_texts_and_says_so(
    verb: Verb, run_directory: Path, tmp_path: Path, monkeypatch: object
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    summary = json.loads((copy / "metrics_summary.json").read_text())
    summary["run"]["settings"]["dataset"]["value"] = "gone.json"
    (copy / "metrics_summary.json").write_text(json.dumps(summary))
    status, _, err = verb("report", str(copy))
    assert status == 0
    assert err.startswith("The texts are not shown: ")
    page = (copy / "report.html").read_text(encoding="utf-8")
    assert "it rained" not in page
    assert "17 March 2021" in page


def test_a_run_without_reports_is_refused_in_a_sentence(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    (copy / "metrics_summary.json").unlink()
    status, _, err = verb("report", str(copy))
    assert status == 4
    assert "the run has not ended yet" in err


def test_a_page_for_others_is_written_without_texts_and_answers(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    status, out, _ = verb("report", "mine", "--to", str(tmp_path), "--no-text")
    assert (status, out) == (0, f"{tmp_path / 'report.html'}\n")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    whole = (run_directory / "report.html").read_text(encoding="utf-8")
    assert "17 March 2021" not in page
    assert len(page) < len(whole)


@pytest.fixture(scope="module")
def noted_run(project: Path) -> Path:
    """A run that had something to say: it was scored again, with another gold."""
    samples = json.loads((project / "mine.json").read_text(encoding="utf-8"))
    samples[0]["ground_truth"]["temporal"][0]["normalized"] = "2024"
    (project / "corrected.json").write_text(json.dumps(samples), encoding="utf-8")
    (first,) = (path.parent for path in (project / "reports").glob("*/journal"))
    options = [f"--rescore=reports/{first.name}", "--dataset=corrected.json"]
    return _another_run(project, "noted", *options)


def test_what_the_run_noted_is_stored_and_stands_on_the_page_drawn_again(
    verb: Verb, noted_run: Path, tmp_path: Path
) -> None:
    notes = json.loads((noted_run / "run.json").read_text())["notes"]
    assert any("s0" in note for note in notes)
    status, _, err = verb("report", str(noted_run), "--to", str(tmp_path))
    assert (status, err) == (0, "")
    for name in ("report.html", "report.md"):
        assert (tmp_path / name).read_bytes() == (noted_run / name).read_bytes()
    assert "s0" in (tmp_path / "report.md").read_text(encoding="utf-8").partition("##")[0]


def test_a_run_of_before_notes_were_stored_is_drawn_without_them(
    verb: Verb, noted_run: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(noted_run, copy)
    run = json.loads((copy / "run.json").read_text())
    note = next(note for note in run.pop("notes") if "s0" in note)
    (copy / "run.json").write_text(json.dumps(run))
    assert verb("report", str(copy))[0] == 0
    assert note not in (copy / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report", "show"])
def test_scores_of_an_older_version_are_refused_in_a_sentence(
    verb: Verb, run_directory: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    details = copy / "detailed_results.json"
    text = details.read_text(encoding="utf-8")
    details.write_text(re.sub(r'"version": \d+', '"version": 0', text), encoding="utf-8")
    arguments = [str(copy), "s1"] if name == "show" else [str(copy), "--to", str(tmp_path / "to")]
    status, _, err = verb(name, *arguments)
    assert (status, len(err.splitlines())) == (4, 1)
    assert "its score cannot be read (a score of version" in err
    assert "--rescore RUN" in err
    with pytest.raises(UserError, match="score of version"):
        load_run(copy).rows()
