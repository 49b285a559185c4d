"""`pytest --predictions`: the same assertions, gates and reports, without model and torch."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stindex import load_run
from stindex.scoring import SampleScore, mention_errors

from .conftest import CACHE, SUITE, run_directory

GOLD: list[dict[str, Any]] = [
    {
        "id": f"s{n}",
        "text": f"Report {n}: it rained in Paris on 5 May 2024, in Lyon never.",
        "reference_date": "2024-05-06",
        "ground_truth": {
            "temporal": [
                {"text": "5 May 2024", "normalized": "2024-05-05", "temporal_type": "DATE"}
            ],
            "spatial": [
                {"text": "Paris", "location_type": "city", "latitude": 48.8, "longitude": 2.3},
                {"text": "Lyon", "location_type": "city", "latitude": 45.7, "longitude": 4.8},
            ],
        },
    }
    for n in range(4)
]
PREDICTIONS = [
    {
        "id": entry["id"],
        "temporal_mentions": entry["ground_truth"]["temporal"],
        "spatial_mentions": entry["ground_truth"]["spatial"],
    }
    for entry in GOLD
]
# Whoever imports torch sees it fail.
NO_TORCH = "import sys\nsys.modules['torch'] = sys.modules['transformers'] = None\n"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    pytester.makepyfile(test_suite=SUITE, no_torch=NO_TORCH)
    (pytester.path / "gold.json").write_text(json.dumps(GOLD), encoding="utf-8")
    return pytester


def run(project: pytest.Pytester, predictions: list[Any], *options: str) -> pytest.RunResult:
    return project.runpytest_inprocess(*_arguments(project, predictions, options))


def run_without_torch(
    project: pytest.Pytester, predictions: list[Any], *options: str
) -> pytest.RunResult:
    """Run in a process of its own, in which importing torch or transformers fails."""
    arguments = _arguments(project, predictions, options)
    return project.runpytest_subprocess("-p", "no_torch", *arguments)


def _arguments(
    project: pytest.Pytester, predictions: list[Any], options: tuple[str, ...]
) -> list[str]:
    lines = "\n".join(map(json.dumps, predictions))
    (project.path / "found.jsonl").write_text(lines, encoding="utf-8")
    return [
        *("-p", "stindex.pytest_plugin", "-W", "error", "--dataset", "gold.json"),
        *("--predictions", "found.jsonl", "--no-reference", "--geocoder", "none", *options),
    ]


def latest(project: pytest.Pytester) -> Path:
    return run_directory(project.path)


def summary(root: Path) -> dict[str, Any]:
    path = run_directory(root) / "metrics_summary.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_gold_as_predictions_scores_1_everywhere_and_0_km(project: pytest.Pytester) -> None:
    result = run_without_torch(project, PREDICTIONS, "--reference", "--geocoder", "embedded")
    assert result.ret == 0, result.stdout.str()
    content = summary(project.path)
    metrics = content["metrics"]
    for block in ("temporal", "spatial"):
        for key, value in metrics[block].items():
            if key.endswith(("f1", "f1_score", "precision", "recall", "accuracy", "km_end_to_end")):
                assert value == 1.0, (block, key)
    assert metrics["spatial"]["mean_distance_error_km"] == 0.0
    assert metrics["spatial"]["median_distance_error_km"] == 0.0
    assert metrics["spatial"]["auc"] == 0.0
    assert metrics["overall"]["combined_f1"] == 1.0
    assert content["run"]["identity"]["model"] == "found.jsonl"
    assert content["run"]["provenance"]["source"]["engine"] == "predictions"
    assert "found.jsonl" in run_directory(project.path).name


def test_the_reports_show_the_planted_errors_and_no_others(project: pytest.Pytester) -> None:
    planted = json.loads(json.dumps(PREDICTIONS))
    planted[0]["temporal_mentions"][0]["normalized"] = "2023-05-05"
    planted[1]["spatial_mentions"].pop()
    planted[2]["spatial_mentions"][0]["latitude"] = -48.8
    planted[3]["temporal_mentions"].append(
        {"text": "in 1999", "normalized": "1999", "temporal_type": "DATE"}
    )
    run(project, planted)
    scores = [
        SampleScore.from_json(sample["score"]) for sample in load_run(latest(project)).samples()
    ]
    found = Counter((e.dimension, e.kind) for score in scores for e in mention_errors(score))
    assert found == {
        ("temporal", "value"): 1,
        ("temporal", "hallucinated"): 1,
        ("spatial", "missed"): 1,
        ("spatial", "place"): 1,
    }


def test_a_changed_file_is_another_run_and_the_same_file_is_not(project: pytest.Pytester) -> None:
    run(project, PREDICTIONS)
    result = run(project, PREDICTIONS)
    result.stdout.fnmatch_lines(["*4 of 4 answers are there already*"])
    run(project, [{**PREDICTIONS[0], "spatial_mentions": []}, *PREDICTIONS[1:]])
    assert len(list((project.path / "reports").glob("found*"))) == 2


def test_a_sample_without_a_line_leaves_the_run_incomplete(project: pytest.Pytester) -> None:
    result = run(project, PREDICTIONS[:3])
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*no prediction for 1 of 4 samples (s3)*", "*INCOMPLETE*"])


def test_a_stranger_ends_the_session_before_the_first_test(project: pytest.Pytester) -> None:
    result = run(project, [*PREDICTIONS, {"id": "other", "spatial_mentions": []}])
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*line 5: *gold.json has no sample 'other'*"])


def test_a_run_of_predictions_can_be_scored_again_without_its_file(
    project: pytest.Pytester,
) -> None:
    run(project, PREDICTIONS)
    (project.path / "found.jsonl").unlink()
    run_id = run_directory(project.path).name
    result = project.runpytest_subprocess(
        *("-p", "no_torch", "-p", "stindex.pytest_plugin", "--rescore", run_id)
    )
    assert result.ret == 0, result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(["*Every score is as it was stored.*"])


def test_torch_is_not_there_in_these_tests(project: pytest.Pytester) -> None:
    done = project.run(sys.executable, "-c", "import no_torch, torch")
    assert done.ret != 0
