"""`stindex.load_run`: the figures of a stored run as metrics and as flat rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import stindex
from stindex.errors import UserError
from stindex.stored import StoredRun, load_run

from .stored_example import write_example


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the directory of a run with an answer of every outcome."""
    return write_example(tmp_path / "reports" / "one-run")


def test_a_run_gives_its_metrics_by_name(directory: Path) -> None:
    run = stindex.load_run(directory)
    assert (run.id, run.status, run.partial) == ("one-run", "INCOMPLETE", False)
    assert run.metric("overall.success_rate") == run.metrics["overall"]["success_rate"]
    assert run.metric("temporal.semeval.strict.f1") is not None
    assert run.metric("spatial.median_distance_error_km") is None
    with pytest.raises(UserError, match="did you mean"):
        run.metric("temporal.f1_scor")
    with pytest.raises(UserError, match="names a block"):
        run.metric("temporal")


def test_rows_are_flat_alike_and_add_up_to_the_metrics(directory: Path) -> None:
    run = load_run(directory)
    rows = run.rows()
    assert [row["outcome"] for row in rows] == ["ok", "invalid", "truncated", "error", None]
    assert len({tuple(row) for row in rows}) == 1
    assert all(
        isinstance(value, str | int | float | bool | None) for row in rows for value in row.values()
    )
    found = [row["temporal_true_positives"] for row in rows]
    assert found == [1, 0, 0, None, None]
    assert sum(n for n in found if isinstance(n, int)) == run.metric("temporal.true_positives")
    assert (rows[0]["seconds"], rows[0]["completion_tokens"], rows[0]["missed"]) == (1.5, 20, 1)


def test_mentions_are_rows_with_gold_beside_prediction(directory: Path) -> None:
    rows = load_run(directory).mentions()
    kinds = Counter((row["id"], row["match"]) for row in rows)
    assert kinds == {
        ("good", "matched"): 2,
        ("good", "missed"): 1,
        ("good", "hallucinated"): 1,
        ("bad", "missed"): 3,
        ("cut", "missed"): 3,
        ("failed", "gold"): 3,
        ("waiting", "gold"): 3,
    }
    matched = rows[0]
    assert (matched["gold_text"], matched["predicted_value"]) == ("May 2011", "2011-05")
    assert matched["value_equal"] is True


@pytest.mark.parametrize(
    ("version", "said"),
    [(2, "reads up to 1; update stindex"), (None, "--rescore RUN"), (True, "--rescore RUN")],
)
@pytest.mark.parametrize("file", ["metrics_summary.json", "detailed_results.json"])
def test_another_version_is_refused_in_a_sentence(
    directory: Path, file: str, version: object, said: str
) -> None:
    path = directory / file
    written = f'"schema_version": {json.dumps(version)}'
    path.write_text(path.read_text().replace('"schema_version": 1', written, 1))
    with pytest.raises(UserError, match=said) as refused:
        load_run(directory).rows()
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("keep", [0, 1, 10, 200, -3])
def test_a_torn_file_is_refused_and_never_taken_for_a_shorter_run(
    directory: Path, keep: int
) -> None:
    path = directory / "detailed_results.json"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"detailed_results\.json"):
        list(load_run(directory).samples())


def test_importing_stindex_imports_nothing_but_what_it_needs() -> None:
    code = "import stindex, sys; print([m for m in sys.modules if m.startswith('stindex.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert stindex.StoredRun is StoredRun
    with pytest.raises(AttributeError, match="no attribute 'lode_run'"):
        _ = stindex.lode_run
