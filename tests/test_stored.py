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
from stindex.evaluation import Evaluator
from stindex.geocoding.none import NoGeocoder
from stindex.reporting import RunReport, SampleReport, write_reports
from stindex.runs.record import Record
from stindex.schema import Extraction, Generation, GoldLayer, Sample, TemporalMention
from stindex.scoring import aggregate
from stindex.stored import StoredRun, load_run

ANSWER = (
    '{"temporal_mentions": [{"text": "May 2011", "normalized": "2011-05", "temporal_type": "DATE"},'
    ' {"text": "never", "normalized": "", "temporal_type": "SET"}], "spatial_mentions": []}'
)


def _samples() -> list[Sample]:
    text = "It rained in May 2011, and in July."
    gold = (
        TemporalMention("May 2011", "2011-05", "DATE", 13, 21),
        TemporalMention("July", "2011-07", "DATE", 30, 34),
    )
    return [Sample(name, text, {"temporal": GoldLayer(gold)}) for name in ("a", "b", "c", "d")]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the directory of a run with a good, a bad, a failed and a missing answer."""
    generations = [
        Generation(ANSWER, "stop", 10, 20, 1.5),
        Generation("no object\ud83d", "stop", 11, 21, 2.5),
        Generation("", "error", error="out of memory"),
    ]
    evaluator = Evaluator(NoGeocoder(), Extraction, constrained=False)
    samples = _samples()
    reports = [
        SampleReport(s, evaluator.evaluate(s, Record("0" * 64, s.id, g)), ("too low",))
        for s, g in zip(samples, generations, strict=False)
    ]
    metrics = aggregate(r.evaluation.score for r in reports if r.evaluation)
    run = {"schema_version": 1, "id": "one-run", "identity": {"model": "m"}, "settings": {}}
    whole = [*reports, SampleReport(samples[3], None)]
    report = RunReport(
        run, "INCOMPLETE", False, metrics, {"floor": None, "ceiling": None}, (), whole, ("c", "d")
    )
    target = tmp_path / "reports" / "one-run"
    target.mkdir(parents=True)
    (target / "run.json").write_text(json.dumps(run))
    write_reports(report, target)
    return target


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
    assert [row["outcome"] for row in rows] == ["ok", "invalid", "error", None]
    assert len({tuple(row) for row in rows}) == 1
    assert all(
        isinstance(value, str | int | float | bool | None) for row in rows for value in row.values()
    )
    found = [row["temporal_true_positives"] for row in rows]
    assert found == [1, 0, None, None]
    assert sum(n for n in found if isinstance(n, int)) == run.metric("temporal.true_positives")
    assert (rows[0]["seconds"], rows[0]["completion_tokens"], rows[0]["missed"]) == (1.5, 20, 1)


def test_mentions_are_rows_with_gold_beside_prediction(directory: Path) -> None:
    rows = load_run(directory).mentions()
    kinds = Counter((row["id"], row["kind"]) for row in rows)
    assert kinds == {
        ("a", "matched"): 1,
        ("a", "missed"): 1,
        ("a", "hallucinated"): 1,
        ("b", "missed"): 2,
        ("c", "gold"): 2,
        ("d", "gold"): 2,
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
