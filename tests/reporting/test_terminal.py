"""What the terminal says: width, height, content, and no escape sequence of a model's."""

from __future__ import annotations

from stindex.reporting.terminal import sample_lines, summary_lines
from stindex.reporting.visible import display_width
from stindex.schema import Outcome, TemporalMention

from .building import Draft, failing_gate, run_report


def test_the_summary_fits_its_room_with_many_gates_and_long_names() -> None:
    report = run_report(
        [Draft(id="日本" * 80)],
        gates=(failing_gate(),) * 30,
        missing=("日本" * 80,) * 9,
        run={"id": "x", "identity": {"model": "m" * 300}},
    )
    lines = summary_lines(report)
    assert len(lines) <= 35
    assert max(map(display_width, lines)) <= 100


def test_the_summary_has_the_metrics_between_floor_and_ceiling() -> None:
    report = run_report([Draft()])
    framed = run_report([Draft()], reference={"floor": report.metrics, "ceiling": report.metrics})
    (line,) = [line for line in summary_lines(framed) if line.startswith("temporal F1 (strict)")]
    assert line.split()[-3:] == ["(strict)", "0.667", "0.667"]
    (line,) = [line for line in summary_lines(framed) if line.startswith("within 161 km, of all")]
    assert line.split()[-3:] == ["0.000", "0.000", "0.000"]


def test_a_failing_gate_stands_before_the_others_with_its_numbers() -> None:
    gates = (*run_report([Draft()]).gates * 9, failing_gate())
    lines = summary_lines(run_report([Draft()], status="FAILED", gates=gates))
    (at,) = [number for number, line in enumerate(lines) if "FAIL " in line]
    assert "temporal.f1_score" in lines[at]
    assert "0.667" in lines[at]
    assert "≥ 0.9" in lines[at]
    assert "pass" in lines[at + 1]
    assert lines[-1] == "  and 2 more gates, 0 of them failing"


def test_a_missed_sample_shows_gold_beside_prediction() -> None:
    lines = sample_lines(Draft().evaluation(), ["temporal_f1_score is 0.67, needs 0.9"])
    assert lines[0] == "doc-1 (ok)"
    assert lines[1] == "  temporal_f1_score is 0.67, needs 0.9"
    rows = [line.split() for line in lines[3:]]
    assert rows[0] == [
        "✓",
        "t1",
        "5",
        "May",
        "2024",
        "2024-05-05",
        "DATE",
        *"5 May 2024 2024-05-05 DATE".split(),
    ]
    assert rows[1][:2] == ["✗", "t2"]
    assert rows[1][-2:] == ["-", "missed"]
    assert "wrong place (7" in lines[5]
    column = lines[2].index("predicted")
    assert {line[column - 2 : column] for line in lines[3:]} == {"  "}
    assert all(line[column] != " " for line in lines[3:])


def test_lines_of_a_sample_keep_to_the_width() -> None:
    long = TemporalMention("日" * 400, "v" * 400, "DATE", None, None)
    evaluation = Draft(id="i" * 400, predicted_temporal=(long,) * 30).evaluation()
    for width in (60, 100):
        lines = sample_lines(evaluation, ["m" * 400], width)
        assert max(map(display_width, lines)) <= width
        assert len(lines) < 20
        assert "more mentions" in lines[-1]


def test_an_answer_without_an_object_shows_why_and_how_it_begins() -> None:
    draft = Draft(outcome=Outcome.INVALID, reason="no JSON object", raw_text="Sure! " + "x" * 500)
    text = "\n".join(sample_lines(draft.evaluation(), []))
    assert "no JSON object" in text
    assert "first 200 of 506 characters" in text
    assert "Sure! xxx" in text
    assert text.count("x") < 210


def test_why_there_is_no_object_is_said_once() -> None:
    draft = Draft(outcome=Outcome.INVALID, reason="no JSON object", raw_text="Sure!")
    lines = sample_lines(draft.evaluation(), ["invalid: no JSON object"])
    assert "\n".join(lines).count("no JSON object") == 1


def test_no_escape_sequence_reaches_the_terminal() -> None:
    hostile = "\x1b[2J\x1b]0;t\x07\u202e\r\x9b31m"
    mention = TemporalMention(hostile, hostile, "DATE", 0, 2)
    draft = Draft(id=hostile, predicted_temporal=(mention,), raw_text=hostile, reason=hostile)
    invalid = draft.but(outcome=Outcome.INVALID)
    report = run_report([draft], run={"identity": {"model": hostile}}, missing=(hostile,))
    lines = [
        *sample_lines(draft.evaluation(), [hostile]),
        *sample_lines(invalid.evaluation(), [hostile]),
        *summary_lines(report),
    ]
    assert all(line.isprintable() for line in lines)
    assert any("[U+001B]" in line for line in lines)
