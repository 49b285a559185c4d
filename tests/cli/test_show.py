"""`stindex show`: one sample with its text, gold, answer, and the command that asks again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Verb


def test_a_sample_is_shown_with_text_gold_answer_and_what_is_missed(
    verb: Verb, run_directory: Path
) -> None:
    status, out, _ = verb("show", run_directory.name, "s1")
    assert status == 0
    assert out.startswith(f"s1 in {run_directory.name}: ok\n")
    assert "Report 1: it rained in Paris on 17 March 2021." in out
    assert "! temporal_normalization_accuracy is 0, needs >= 1" in out
    (row,) = (line for line in out.splitlines() if " t1 " in line)
    assert row.split()[1:] == [
        *("t1", "17", "March", "2021", "2024-05-05", "17", "March", "2021", "2021-03-17", "DATE"),
        "value",
    ]
    assert '"normalized": "2021-03-17"' in out.partition("raw answer:")[2]
    assert out.splitlines()[-1] == (
        "ask again: pytest eval_tests --dataset mine.json --model rules --sample-id s1 --fresh"
    )


def test_json_is_the_stored_object_with_the_text(verb: Verb, run_directory: Path) -> None:
    _, out, _ = verb("show", run_directory.name, "s1", "--json")
    found = json.loads(out)
    stored = json.loads((run_directory / "detailed_results.json").read_text())["samples"][1]
    assert found == {**stored, "text": "Report 1: it rained in Paris on 17 March 2021."}


@pytest.mark.parametrize("name", ["mine", "reports/{id}", "reports/{id}/run.json"])
def test_a_run_is_named_by_a_part_of_its_id_a_directory_or_a_file(
    verb: Verb, run_directory: Path, name: str
) -> None:
    assert verb("show", name.format(id=run_directory.name), "s0")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine", "s9"), "stindex: s9: the run "),
        (("nope", "s1"), "stindex: nope: neither the directory of a run nor an id below reports"),
    ],
)
def test_what_is_not_there_is_status_4_and_a_sentence(
    verb: Verb, arguments: tuple[str, str], said: str
) -> None:
    status, out, err = verb("show", *arguments)
    assert (status, out) == (4, "")
    assert err.startswith(said)
    assert len(err.splitlines()) == 1


def test_a_part_that_two_runs_have_is_refused(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    for name in ("mine-1", "mine-2"):
        shutil.copytree(run_directory, tmp_path / name)
    status, _, err = verb("show", "mine", "s1", "--output-dir", str(tmp_path))
    assert status == 4
    assert "several runs have that in their id: mine-1, mine-2; name one." in err


def test_a_changed_data_set_shows_no_text_that_was_not_evaluated(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(run_directory, tmp_path / "one")
    run_path, summary_path = (
        tmp_path / "one" / name for name in ("run.json", "metrics_summary.json")
    )
    summary = json.loads(summary_path.read_text())
    summary["run"]["identity"]["dataset_hash"] = "0" * 64
    summary_path.write_text(json.dumps(summary))
    run_path.write_text(json.dumps(summary["run"]))
    status, out, _ = verb("show", str(tmp_path / "one"), "s1")
    assert status == 0
    assert "it rained" not in out
    assert "17 March 2021 2021-03-17" in out


def test_escape_sequences_in_an_answer_reach_no_terminal(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(run_directory, tmp_path / "one")
    details = tmp_path / "one" / "detailed_results.json"
    lines = details.read_text().splitlines()
    sample = json.loads(lines[1].removesuffix(","))
    sample |= {"raw_text": "\x1b]0;evil\x07 \x1b[2J", "thought": "\x9b31m", "reason": "\x1b[1m"}
    details.write_text("\n".join([lines[0], json.dumps(sample) + ",", *lines[2:]]) + "\n")
    _, out, _ = verb("show", str(tmp_path / "one"), "s0")
    assert not {"\x1b", "\x07", "\x9b"} & set(out)
    assert "evil" in out


@pytest.mark.parametrize(
    ("words", "offered"),
    [("stindex sh", "plain,show"), ("stindex show mine", ""), ("stindex show rules-m", "{id}")],
)
def test_the_shell_completes_verbs_and_ids(
    project: Path, run_directory: Path, words: str, offered: str
) -> None:
    code = "import sys; sys.argv[0] = 'stindex'; from stindex.cli import main; main()"
    environment = {
        **os.environ,
        "_STINDEX_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("plain,")]
    assert found == ([offered.format(id=f"plain,{run_directory.name}")] if offered else [])
