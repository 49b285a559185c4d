"""`stindex export`: the figures of a run, as they are stored, in the schema of others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stindex.stored import load_run

from .conftest import Verb

EXPORT = ("export", "mine", "--organization", "My lab")


def test_every_figure_is_the_stored_one_with_its_interval_and_n(
    verb: Verb, run_directory: Path
) -> None:
    status, out, err = verb(*EXPORT)
    assert (status, err) == (0, "")
    stored = load_run(run_directory)
    results = {one["evaluation_result_id"]: one for one in json.loads(out)["evaluation_results"]}
    assert {"overall.success_rate", "temporal.f1_score", "spatial.median_distance_error_km"} <= set(
        results
    )
    for dotted, result in results.items():
        block, key = dotted.split(".")
        details = result["score_details"]
        assert details["score"] == stored.metric(dotted)
        assert details["details"]["n"] == str(stored.metrics[block]["n"][key])
        ends = stored.metrics[block].get(f"{key}_ci95")
        found = details.get("uncertainty", {}).get("confidence_interval")
        assert (found and [found["lower"], found["upper"]]) == ends
    assert results["spatial.median_distance_error_km"]["metric_config"]["lower_is_better"]
    assert not results["temporal.f1_score"]["metric_config"]["lower_is_better"]


def test_what_is_undefined_is_left_out(verb: Verb, run_directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    summary = json.loads((copy / "metrics_summary.json").read_text())
    summary["metrics"]["temporal"]["f1_score"] = None
    (copy / "metrics_summary.json").write_text(json.dumps(summary))
    _, out, _ = verb("export", str(copy), "--organization", "My lab")
    results = json.loads(out)["evaluation_results"]
    assert "temporal.f1_score" not in {one["evaluation_result_id"] for one in results}


def test_neither_texts_nor_answers_nor_the_command_are_in_it(verb: Verb, project: Path) -> None:
    _, out, _ = verb(*EXPORT)
    for private in ("it rained", "17 March 2021", "s0", "no:cacheprovider", str(project)):
        assert private not in out


def test_a_run_that_is_not_complete_is_refused(
    verb: Verb, run_directory: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run_directory, copy)
    summary = json.loads((copy / "metrics_summary.json").read_text())
    (copy / "metrics_summary.json").write_text(json.dumps({**summary, "status": "INCOMPLETE"}))
    status, out, err = verb("export", str(copy), "--organization", "My lab")
    assert (status, out) == (4, "")
    assert "is INCOMPLETE; finish it" in err


@pytest.mark.parametrize("relationship", ["first_party", "third_party"])
def test_who_evaluates_is_what_the_user_said(verb: Verb, relationship: str) -> None:
    _, out, _ = verb(*EXPORT, "--relationship", relationship)
    found = json.loads(out)["source_metadata"]
    assert found["source_organization_name"] == "My lab"
    assert found["evaluator_relationship"] == relationship
