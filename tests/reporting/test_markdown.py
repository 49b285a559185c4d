"""`report.md`: what it says, and that no sample can say anything else in it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from stindex.reporting.markdown import code_span, escaped, markdown_report, table
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome

from .building import Draft, failing_gate, run_report


def text_of(report: RunReport) -> str:
    return "".join(markdown_report(report))


def test_the_verdict_names_the_gate_that_failed_its_value_and_its_threshold() -> None:
    report = run_report([Draft()], status="FAILED", gates=(failing_gate(),))
    opening = text_of(report).split("## Gates")[0]
    assert "# ✗ FAILED: tiny" in opening
    assert "Temporal F1 (strict) is 0.667 and has to be at least 0.9 (n = 2)." in opening


def test_a_value_just_below_its_threshold_is_not_printed_equal_to_it() -> None:
    gate = replace(failing_gate(), value=0.8999999)
    report = run_report([Draft()], status="FAILED", gates=(gate,))
    assert "is 0.8999999 and has to be at least 0.9" in text_of(report)


def test_a_gate_that_fails_for_its_n_says_its_reason() -> None:
    gate = replace(failing_gate(), value=0.95, reason="n is 2, needs at least 50")
    assert "N is 2, needs at least 50." in text_of(run_report([Draft()], gates=(gate,)))


def test_what_differs_from_the_baseline_too_is_said() -> None:
    notes = ["the prompt differs", "in half precision answers depend on the *batch*"]
    comparison = {"baseline": {"id": "older-run-1"}, "metrics": [], "warnings": notes}
    text = text_of(run_report([Draft()], comparison=comparison))
    assert "What differs from `older-run-1` too:\n\n- the prompt differs\n- in half" in text
    assert r"depend on the \*batch\*" in text
    for none in (None, {**comparison, "warnings": []}):
        assert "baseline" not in text_of(run_report([Draft()], comparison=none))


def test_an_incomplete_run_says_so_before_anything_else_and_lists_what_is_missing() -> None:
    drafts = [Draft(), Draft(id="doc-2", answered=False)]
    report = run_report(drafts, status="INCOMPLETE", missing=("doc-2",), gates=(failing_gate(),))
    opening = text_of(report)
    incomplete = opening.index("1 of 2 samples was not measured")
    assert incomplete < opening.index("Temporal F1 (strict) is 0.667")
    assert "Not measured: `doc-2`." in opening


def test_a_selection_is_called_a_selection() -> None:
    assert "a selection of the data set" in text_of(run_report([Draft()], partial=True))
    assert "a selection of the data set" not in text_of(run_report([Draft()]))


def test_metrics_stand_between_floor_and_ceiling_and_undefined_is_a_dash() -> None:
    metrics = run_report([Draft(), Draft()]).metrics
    report = run_report(
        [Draft(temporal=(), predicted_temporal=())],
        reference={"floor": metrics, "ceiling": metrics},
    )
    text = text_of(report)
    assert re.search(r"\| Precision +\| +1\.000 \| +— \|\n", text)
    # The ceiling limits coordinates only: it is not shown for spans that it was given.
    assert re.search(r"\| Precision +\| +0\.500 \| +0\.500 \| +\|\n", text)
    assert re.search(r"\| Within 161 km +\| +0\.000 \| +0\.000 \| +0\.000 \|", text)


def test_the_worst_samples_come_first_and_right_ones_do_not_come() -> None:
    good = Draft(id="good", predicted_temporal=(), predicted_spatial=(), temporal=(), spatial=())
    text = text_of(run_report([good, Draft(id="bad"), Draft(id="worse", outcome=Outcome.INVALID)]))
    worst = text.split("## The worst samples")[1]
    assert worst.index("`worse`") < worst.index("`bad`")
    assert "`good`" not in worst


def test_tables_are_aligned_whatever_the_width_of_a_character() -> None:
    lines = table(("a", "n"), [("日本語", "1"), ("x", "22")], right=(1,))
    assert lines == ["| a      |   n |", "| ------ | --: |", "| 日本語 |   1 |", "| x      |  22 |"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("a|b", r"`a\|b`"),
        ("a`b", "``a`b``"),
        ("``", "``` `` ```"),
        ("two\nlines", "`two lines`"),
        ("\u202eabc", "`[U+202E]abc`"),
    ],
)
def test_a_code_span_holds_whatever_is_in_it(text: str, span: str) -> None:
    assert code_span(text) == span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>alert(1)</script>", r"\<script\>alert(1)\</script\>"),
        ("a | b", r"a \| b"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("![x](http://e.example)", r"\!\[x\](http\://e.example)"),
        ("# head\n- item", r"\# head - item"),
        ("@someone", "&#64;someone"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("www.e.example", r"www\.e.example"),
        ("\x1b[31mred", r"\[U+001B\]\[31mred"),
    ],
)
def test_nothing_is_markdown_html_or_a_link(text: str, expected: str) -> None:
    assert escaped(text) == expected


def test_a_hostile_id_stays_inside_its_cell() -> None:
    rows = text_of(run_report([Draft(id="x | `y` <img src=z>\n| new row |")])).splitlines()
    (row,) = [line for line in rows if "<img" in line]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
