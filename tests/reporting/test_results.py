"""The files for programs: shape, determinism, and text that UTF-8 does not have."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stindex.errors import UserError
from stindex.reporting import SampleReport, write_reports
from stindex.reporting.markdown import markdown_report
from stindex.reporting.results import detailed_results, metrics_summary

from .building import Draft, failing_gate, run_report

FILES = ("metrics_summary.json", "detailed_results.json", "report.md", "report.html")


def test_summary_has_the_documented_keys_in_their_order() -> None:
    summary = json.loads("".join(metrics_summary(run_report([Draft()]))))
    assert list(summary) == [
        "schema_version",
        "run",
        "status",
        "partial",
        "metrics",
        "reference",
        "gates",
        "comparison",
        "slices",
        "repeats",
        "missing",
    ]
    assert summary["reference"] == {"floor": None, "ceiling": None}
    assert summary["metrics"]["temporal"]["f1_score"] == 2 / 3
    assert summary["gates"][0]["metric"] == "overall.success_rate"


def test_summary_does_not_depend_on_the_order_of_keys() -> None:
    report = run_report([Draft()])
    turned = {name: _turned(block) for name, block in report.metrics.items()}
    other = replace(report, metrics=_turned(turned), run=_turned(report.run))
    assert "".join(metrics_summary(other)) == "".join(metrics_summary(report))


def test_summary_refuses_a_number_that_json_does_not_have() -> None:
    report = run_report([Draft()], metrics={"temporal": {"f1_score": float("nan")}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(metrics_summary(report))


def test_details_hold_gold_prediction_and_everything_about_the_answer() -> None:
    draft = Draft(thought="hm", missed=("temporal_f1_score is 0.67, needs 0.9",))
    details = json.loads("".join(detailed_results(run_report([draft]))))
    assert details["run_id"] == "tiny-run-1"
    (sample,) = details["samples"]
    assert list(sample) == [
        "id",
        "content",
        "outcome",
        "reason",
        "gold",
        "prediction",
        "raw_text",
        "thought",
        "finish_reason",
        "tokens",
        "seconds",
        "score",
        "missed",
    ]
    assert sample["gold"]["temporal_mentions"][0]["start_char"] == 3
    paris, berlin = sample["prediction"]["spatial_mentions"]
    assert (paris["latitude"], paris["place"]["country"]) == (33.66, "US")
    assert berlin == {"geocoding": "unresolved", "location_type": "city", "text": "Berlin"}
    assert sample["score"] == draft.evaluation().score.to_json()
    assert sample["missed"] == list(draft.missed)


def test_a_layer_that_was_not_annotated_is_not_an_empty_one() -> None:
    drafts = [Draft(temporal=None), Draft(temporal=()), Draft(exhaustive=False)]
    details = json.loads("".join(detailed_results(run_report(drafts))))
    missing, empty, partial = (sample["gold"] for sample in details["samples"])
    assert "temporal_mentions" not in missing
    assert empty["temporal_mentions"] == []
    assert partial["annotation"] == {"spatial": "partial", "temporal": "partial"}


def test_a_sample_without_an_answer_is_listed() -> None:
    details = json.loads("".join(detailed_results(run_report([Draft(answered=False)]))))
    assert details["samples"][0]["outcome"] is None


def test_details_come_sample_by_sample() -> None:
    drafts = [Draft(id=f"doc-{number}") for number in range(5)]
    pieces = list(detailed_results(run_report(drafts)))
    assert [sum(f'"doc-{n}"' in piece for n in range(5)) for piece in pieces] == [0, *[1] * 5, 0]


def test_a_lone_surrogate_survives_in_every_json_file(tmp_path: Path) -> None:
    report = run_report([Draft(id="a\ud800z", raw_text="\udfff é")], missing=("\ud800",))
    write_reports(report, tmp_path)
    content = (tmp_path / "detailed_results.json").read_bytes().decode("utf-8")
    assert "é" in content
    (sample,) = json.loads(content)["samples"]
    assert (sample["id"], sample["raw_text"]) == ("a\ud800z", "\udfff é")
    summary = json.loads((tmp_path / "metrics_summary.json").read_text(encoding="utf-8"))
    assert summary["missing"] == ["\ud800"]


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    report = run_report([Draft(), Draft(id="doc-2", text="")], gates=(failing_gate(),))
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert write_reports(report, tmp_path / name) == tmp_path / name / "report.html"
        contents.append([(tmp_path / name / file).read_bytes() for file in FILES])
    assert contents[0] == contents[1]
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(FILES)


class _Reading:
    """Samples that count how often they are read from the first one on."""

    def __init__(self, samples: Iterable[SampleReport]) -> None:
        self.samples = tuple(samples)
        self.times = 0

    def __iter__(self) -> Iterator[SampleReport]:
        self.times += 1
        return iter(self.samples)


def test_the_two_reports_for_people_share_one_reading_of_the_samples(tmp_path: Path) -> None:
    report = run_report([Draft(), Draft(id="doc-2", predicted_temporal=())])
    samples = _Reading(report.samples)

    write_reports(replace(report, samples=samples), tmp_path)

    assert samples.times == 2  # once for detailed_results.json
    assert (tmp_path / "report.md").read_text("utf-8") == "".join(markdown_report(report))


def _turned(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mapping[name] for name in reversed(list(mapping))}


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "nowhere").write_text("a file, no directory", encoding="utf-8")
    with pytest.raises(UserError, match=r"metrics_summary\.json: cannot be written"):
        write_reports(run_report([Draft()]), tmp_path / "nowhere")
