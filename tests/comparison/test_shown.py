"""A comparison in the terminal, in GitHub's annotations and summaries, and as test reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stindex.comparison.verdicts import compare_runs
from stindex.gates import GateVerdict, coverage
from stindex.pytest_plugin.gate_reports import gate_reports, is_inconclusive
from stindex.reporting.comparison_table import comparison_lines
from stindex.reporting.github import annotation_lines, write_step_summary
from stindex.reporting.page.verdict import anchor_view, comparison_view, gate_views
from stindex.reporting.run_report import RunReport, Status
from stindex.reporting.terminal import summary_lines
from stindex.reporting.visible import display_width

from .building import score, stored

GATE = GateVerdict("f1 not worse", "temporal.f1_score", -0.1, 0.0, ">=", 9, passed=True)
FAILED = replace(GATE, passed=False, reason="worse by 0.1, 100 %: really\nso", kind="not worse")
UNSURE = replace(
    GATE, reason="may be chance", inconclusive=True, interval=(-0.3, 0.1), kind="not worse"
)


def _report(*gates: GateVerdict, status: Status = "FAILED") -> RunReport:
    reference = {"floor": None, "ceiling": None}
    return RunReport({"id": "r"}, status, False, {}, reference, gates, [])


def test_a_comparison_is_a_table_of_at_most_100_columns() -> None:
    before = [score(f"s{n}", 2, 0) for n in range(40)]
    now = [score(f"s{n}", *((1, 1) if n < 20 else (2, 0))) for n in range(40)]
    lines = comparison_lines(compare_runs(stored(before, "x" * 300), stored(now)).to_json())
    assert max(display_width(line) for line in lines) <= 100
    (row,) = [line for line in lines if line.startswith("temporal F1 (strict)")]
    assert "1.000" in row
    assert "▼ worse" in row
    assert "20 samples broken: s0, s1, s2, …" in lines
    assert comparison_lines(None) == []


def test_what_a_gate_says_of_a_comparison_is_shown_in_full() -> None:
    reason = "worse by 0.1 on 20 paired samples, and at 95 % it may be 0.2 worse; " * 2
    metrics: dict[str, dict[str, object]] = {"temporal": {}, "spatial": {}, "overall": {}}
    report = replace(_report(replace(UNSURE, reason=reason, kind="drop")), metrics=metrics)
    lines = summary_lines(report)
    at = next(n for n, line in enumerate(lines) if line.startswith("? ????"))
    assert "−0.100" in lines[at]
    assert " ".join(" ".join(lines[at + 1 : at + 3]).split()) == reason.strip()
    assert max(map(display_width, lines)) <= 100


def test_no_control_character_of_an_id_reaches_the_terminal() -> None:
    runs = stored([score("a\x1b[31m", 1, 0)]), stored([score("a\x1b[31m", 0, 1)])
    text = "\n".join(comparison_lines(compare_runs(*runs).to_json()))
    assert "\x1b" not in text
    assert "1 sample broken" in text


def test_an_anchor_stands_below_the_baseline() -> None:
    content = compare_runs(stored([score("a", 1, 0)], "b"), stored([score("a", 1, 0)])).to_json()
    anchor = {**content, "baseline": {**content["baseline"], "id": "the-anchor"}}
    lines = comparison_lines({**content, "anchor": anchor})
    assert [line for line in lines if "the-anchor" in line] == [
        "against tiny (the-anchor), 1 paired samples"
    ]


def test_failed_gates_are_errors_and_those_that_cannot_tell_warnings() -> None:
    assert list(annotation_lines(_report(FAILED, UNSURE, GATE))) == [
        "::error title=gate failed%3A f1 not worse::worse by 0.1, 100 %25: really so",
        "::warning title=gate inconclusive%3A f1 not worse::may be chance",
    ]


def test_an_incomplete_run_is_an_error_whatever_its_gates() -> None:
    (line,) = annotation_lines(_report(GATE, status="INCOMPLETE"))
    assert line.startswith("::error title=evaluation INCOMPLETE::")
    (line,) = annotation_lines(_report(coverage(2, ["a"]), status="INCOMPLETE"))
    assert "1 of 2 samples without an answer" in line


def test_a_summary_is_appended_and_its_file_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    write_step_summary(_report(FAILED), {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text().startswith("before\n# ")
    assert "temporal.f1_score" in path.read_text()
    write_step_summary(_report(FAILED), {})
    write_step_summary(_report(FAILED), {"GITHUB_STEP_SUMMARY": str(tmp_path)})


@pytest.mark.parametrize(
    ("verdict", "decides", "outcome"),
    [
        (GATE, True, "passed"),
        (FAILED, True, "failed"),
        (FAILED, False, "skipped"),
        (UNSURE, True, "passed"),
        (replace(UNSURE, passed=False), True, "failed"),
    ],
)
def test_a_gate_is_a_test_report(verdict: GateVerdict, decides: bool, outcome: str) -> None:
    call, teardown = gate_reports(verdict, decides=decides)
    assert (call.outcome, call.when, teardown.outcome) == (outcome, "call", "passed")
    assert is_inconclusive(call) == (verdict == UNSURE)
    assert call.nodeid == "gates::f1 not worse"


def test_the_properties_of_a_gate_are_its_figures() -> None:
    _, teardown = gate_reports(UNSURE, decides=True)
    properties = dict(teardown.user_properties)
    assert properties["state"] == "inconclusive"
    assert (properties["value"], properties["threshold"], properties["n"]) == (-0.1, 0.0, 9)
    assert (properties["ci95_low"], properties["ci95_high"]) == (-0.3, 0.1)
    assert "p_value" not in properties


def test_the_page_shows_state_interval_and_anchor() -> None:
    before = [score(f"s{n}", 2, 0) for n in range(40)]
    now = [score(f"s{n}", *((1, 1) if n < 20 else (2, 0))) for n in range(40)]
    content = compare_runs(stored(before, "last"), stored(now)).to_json()
    anchor = {**content, "baseline": {**content["baseline"], "id": "pinned"}}
    report = replace(_report(FAILED, UNSURE), comparison={**content, "anchor": anchor})
    gates = gate_views(report)
    assert [view.state[2] for view in gates] == ["fail", "inconclusive"]
    assert gates[1].interval == "−0.300 to +0.100"
    assert not gates[1].plot
    baseline, pinned = comparison_view(report), anchor_view(report)
    assert baseline is not None
    assert pinned is not None
    assert (baseline.role, baseline.broken) == ("baseline", 20)
    assert (pinned.role, pinned.name, pinned.broken) == ("anchor", "tiny (pinned)", 0)
    assert anchor_view(_report(GATE)) is None
