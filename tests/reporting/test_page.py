"""The head of `report.html` as text: what is on it, and what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from stindex.reporting.page import document, html_report
from stindex.reporting.page.audit import UnsafePageError
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome

from .building import (
    Draft,
    compared_report,
    difference,
    failing_gate,
    passing_gate,
    run_report,
    unpacked,
    with_intervals,
)
from .hostile import STRINGS
from .hostile_report import hostile_report

GOOD = Draft(temporal=(), spatial=(), predicted_temporal=(), predicted_spatial=())


def html_of(report: RunReport) -> str:
    return "".join(html_report(report))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words_of(html: str) -> str:
    """Return what a reader without a script sees, white space collapsed."""
    parser = _Words()
    parser.feed(re.sub(r"<(style|script)\b.*?</\1>", "", html, flags=re.DOTALL))
    return " ".join(" ".join(parser.words).split())


@pytest.mark.parametrize("start", range(0, len(STRINGS), 20))
def test_a_hostile_string_stays_text_wherever_it_comes_from(start: int) -> None:
    texts = STRINGS[start : start + 20]
    html = html_of(hostile_report(*texts))  # audited on the way
    html.encode("utf-8")
    words = words_of(html)
    for text in texts:
        if text.isascii() and text.isprintable() and len(text) < 100:
            assert " ".join(text.split()) in words


def test_no_id_or_link_of_the_page_is_made_of_a_sample_id() -> None:
    html = html_of(hostile_report("verdict", "x y"))
    assert len(set(re.findall(r' id="([^"]*)"', html))) == html.count(' id="')
    links = {re.sub(r"\d+", "1", one) for one in re.findall(r'href="([^"]*)"', html)}
    errors = {one for one in links if re.fullmatch(r"#error=(temporal|spatial)\.[a-z]+", one)}
    sections = {f"#{name}" for name in re.findall(r'<section id="([a-z]+)"', html)}
    assert links - errors - sections == {"#n=1", "#changed=fixed", "#changed=broken"}


def test_hidden_characters_are_shown_as_boxes() -> None:
    html = html_of(run_report([Draft()], notes=("a\u202eb \ud800",)))
    assert '<i class="ctl">U+202E</i>' in html
    assert '<i class="ctl">U+D800</i>' in html
    assert "\u202e" not in html


# ── Verdict ──────────────────────────────────────────────────────────────────────────────────


def test_the_verdict_is_one_word_and_a_sentence_with_value_and_threshold() -> None:
    html = html_of(run_report([Draft()], status="FAILED", gates=(failing_gate(),)))
    assert "✗ FAILED 1 of 1 gate failed" in words_of(html)
    assert "Temporal F1 (strict) is 0.667 and has to be at least 0.9 (n = 2)." in words_of(html)


def test_an_incomplete_run_lists_what_is_missing_first() -> None:
    report = run_report(
        [Draft(), Draft(id="doc-2", answered=False)],
        status="INCOMPLETE",
        missing=("doc-2",),
        notes=("The prompt changed.",),
    )
    words = words_of(html_of(report))
    assert words.index("1 of 2 samples was not measured") < words.index("The prompt changed.")
    assert words.index("Not measured: 1 doc-2") < words.index("Metrics All shares")


def test_a_gate_shows_its_interval_and_says_when_the_threshold_lies_in_it() -> None:
    metrics = {n: with_intervals(b) for n, b in run_report([Draft()]).metrics.items()}
    value = metrics["temporal"]["f1_score"]
    gate = replace(failing_gate(), value=value, threshold=value + 0.05)
    words = words_of(html_of(run_report([Draft()], metrics=metrics, gates=(gate,))))
    assert "✗ fail , close temporal F1 (strict) 0.667 0.567–0.767 needs ≥ 0.7166666667" in words
    far = replace(gate, threshold=0.9)
    assert ", close" not in words_of(html_of(run_report([Draft()], metrics=metrics, gates=(far,))))


def test_a_gate_over_a_slice_does_not_borrow_the_interval_of_the_whole() -> None:
    metrics = {n: with_intervals(b) for n, b in run_report([Draft()]).metrics.items()}
    gate = replace(failing_gate(), value=0.111)
    words = words_of(html_of(run_report([Draft()], metrics=metrics, gates=(gate,))))
    assert "✗ fail temporal F1 (strict) 0.111 needs" in words


def test_a_comparison_says_what_is_worse_first_and_draws_every_difference() -> None:
    html = html_of(compared_report([Draft()], [Draft()]))
    words = words_of(html)
    assert re.search(r"▼ Worse temporal F1 \(relaxed\) −0\.100 ▲ Better spatial F1", words)
    assert (
        "? Inconclusive within 161 km, of what was found ○ Not distinguishable success rate"
        in words
    )
    assert "Against the baseline older (older-run-1)" in words
    assert "a drop beyond the allowed 0.020 is not ruled out" in words
    assert "this n would show a loss of 0.050 or more; n = 900 would be needed" in words
    assert "Mind what differs too: The prompt differs." in words
    assert html.count('class="plot difference"') == 4  # kilometres have no place on that axis
    assert html.count('class="dot worse"') == 1


def test_an_allowed_drop_that_is_ruled_out_is_said_to_be() -> None:
    row = difference("temporal.f1_score", "not distinguishable", ci95=[-0.01, 0.05])
    report = run_report([Draft()], comparison={"metrics": [row]})
    assert "beyond the allowed 0.020 is ruled out" in words_of(html_of(report))


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    html = html_of(run_report([Draft()]))
    assert "aseline" not in words_of(html)
    assert unpacked(html)["index"]["same"] is None


# ── Figures ──────────────────────────────────────────────────────────────────────────────────


def test_floor_and_ceiling_stand_beside_the_model() -> None:
    other = run_report([GOOD, Draft()]).metrics
    framed = run_report([GOOD], reference={"floor": other, "ceiling": other}, metrics=other)
    changed = replace(framed, reference={"floor": run_report([GOOD]).metrics, "ceiling": other})
    row = re.search(r'<th scope="row">Within 161 km</th>.*', html_of(changed))
    assert row is not None
    assert re.findall(r">([^<>]+)</(?:td|b)>", row[0]) == ["—", "0.000", "0.000"]
    assert "Floor" not in html_of(run_report([GOOD])).split("figures")[0]


def test_the_rule_based_run_is_called_the_floor_itself() -> None:
    metrics = run_report([Draft()]).metrics
    report = run_report([Draft()], reference={"floor": metrics, "ceiling": None})
    assert "This run is the floor itself" in words_of(html_of(report))


def test_metrics_and_slices_have_their_intervals() -> None:
    words = words_of(html_of(compared_report([Draft()], [Draft()])))
    assert re.search(r"F1 0\.667 0\.567–0\.767", words)
    assert re.search(r"Slices .* language en 40 \d\.\d{3} \d\.\d{3}–\d\.\d{3}", words)
    assert "Slices" not in words_of(html_of(run_report([Draft()])))


def test_every_figure_stands_under_its_key_with_its_interval() -> None:
    html = html_of(compared_report([Draft()], [Draft()]))
    row = re.search(r"<code>temporal\.f1_score</code>.*", html)
    assert row is not None
    assert re.findall(r">([^<>]+)</td>", row[0])[1:3] == ["0.666667", "0.566667 – 0.766667"]
    assert "_ci95" not in words_of(html)


def test_errors_are_those_of_the_metrics_where_these_count_them() -> None:
    report = run_report([Draft()])
    counted = {
        **report.metrics,
        "temporal": {**report.metrics["temporal"], "errors": {"missed": 7}},
    }
    assert "missed in the gold, not found 7" in words_of(html_of(replace(report, metrics=counted)))
    assert "missed in the gold, not found 1" in words_of(html_of(report))


def test_confusions_are_listed_by_how_often_they_happen() -> None:
    report = run_report([Draft()])
    confusions = [
        {"gold": "TIME", "predicted": "TIME", "count": 90},
        {"gold": "DATE", "predicted": "TIME", "count": 2},
        {"gold": "DATE", "predicted": "SET", "count": 5},
    ]
    block = {**report.metrics["temporal"], "confusions": confusions}
    words = words_of(html_of(replace(report, metrics={**report.metrics, "temporal": block})))
    assert "Gold Predicted Mentions DATE SET 5 DATE TIME 2" in words


def test_wrong_places_are_arcs_on_a_map_and_rows_of_a_table() -> None:
    html = html_of(run_report([Draft(), Draft(id="doc-2")]))
    assert html.count('<a class="arc') == 1  # the same mistake twice is one line
    assert re.search(r"Paris 2 \d{4} 48\.9, 2\.4 33\.7, -95\.6", words_of(html))
    assert "<svg id=" not in html_of(run_report([GOOD]))


def test_no_distance_is_said_in_plain_words() -> None:
    words = words_of(html_of(run_report([GOOD])))
    assert "No matched place has coordinates in gold and prediction" in words


def test_a_layer_without_anything_is_said_to_be_empty() -> None:
    no_places = Draft(spatial=None, predicted_spatial=())
    words = words_of(html_of(run_report([no_places])))
    assert "Spatial Not annotated in these samples" in words
    assert "Spatial Kind Mentions" not in words  # no table of errors that nobody could make
    assert "Temporal Kind Mentions" in words
    nothing = Draft(spatial=(), predicted_spatial=())
    assert "Spatial Nothing was annotated and nothing was found" in words_of(
        html_of(run_report([nothing]))
    )


@pytest.mark.parametrize(
    "drafts",
    [
        [],
        [Draft()],
        [Draft(outcome=Outcome.INVALID), Draft(id="2", outcome=Outcome.TRUNCATED)],
        [Draft(answered=False)],
        [Draft(spatial=None, temporal=None, predicted_spatial=(), predicted_temporal=())],
        [Draft(exhaustive=False)],
        [Draft(text="", temporal=(), spatial=())],
    ],
    ids=["none", "one", "no valid answer", "no answer", "no gold", "partial gold", "no text"],
)
def test_a_run_with_little_in_it_is_a_page_too(drafts: list[Draft]) -> None:
    html = html_of(run_report(drafts))
    assert len(unpacked(html)["index"]["ids"]) == len(drafts)
    baseline = [draft.but(outcome=Outcome.OK, answered=True) for draft in drafts]
    if drafts:
        html_of(compared_report(drafts, baseline))


# ── Provenance, and the page as a whole ──────────────────────────────────────────────────────


def test_every_fact_of_the_run_is_on_the_page() -> None:
    words = words_of(html_of(run_report([Draft()], run={"id": "r", "a_b": {"c": {"d": 5}}})))
    assert "C D 5" in words
    assert "seed 0 default" in words_of(html_of(run_report([Draft()])))


def test_the_command_that_reruns_a_sample_repeats_what_was_given() -> None:
    settings = {
        "model": {"value": "tiny; rm", "source": "command line"},
        "constrained": {"value": False, "source": "command line"},
        "sample_id": {"value": ["a"], "source": "command line"},
        "seed": {"value": 0, "source": "default"},
    }
    html = html_of(run_report([Draft()], run={"settings": settings}))
    assert unpacked(html)["index"]["rerun"] == ["--model", "tiny; rm", "--no-constrained"]


def test_the_figures_can_be_saved_as_the_summary_has_them() -> None:
    html = html_of(run_report([Draft()], gates=(passing_gate(),)))
    assert '"overall.success_rate >= 0.8"' in unpacked(html)["summary"]


def test_samples_are_iterated_once() -> None:
    samples = [Draft().report()]

    class Counted:
        times = 0

        def __iter__(self) -> object:
            self.times += 1
            return iter(samples)

    counted = Counted()
    html_of(run_report([Draft()], samples=counted))
    assert counted.times == 1


def test_the_same_report_is_the_same_page() -> None:
    drafts = [Draft(id=str(number)) for number in range(300)]
    assert html_of(compared_report(drafts, drafts)) == html_of(compared_report(drafts, drafts))


def test_a_page_without_texts_holds_no_word_of_a_text_or_an_answer() -> None:
    secret = "zyxwv"
    mention = replace(Draft().temporal[0], text=secret, start_char=0, end_char=5)  # type: ignore[index]  # there are two
    place = replace(Draft().spatial[0], text=secret, start_char=0, end_char=5)  # type: ignore[index]  # there are two
    draft = Draft(
        text=f"{secret} and more",
        temporal=(mention,),
        spatial=(place,),
        predicted_temporal=(replace(mention, normalized="2023", start_char=None, end_char=None),),
        predicted_spatial=(replace(place, latitude=-40.0), replace(place, start_char=90)),
        raw_text=secret,
        thought=secret,
        reason=secret,
        missed=("F1 is 0",),
    )
    for report in (run_report([draft]), compared_report([draft], [draft])):
        html = html_of(replace(report, texts=False))
        assert secret not in html
        assert secret not in str(unpacked(html))
        assert "F1 is 0" in str(unpacked(html))
        assert "48.857" in str(unpacked(html))
        assert not {"t0", "r0", "u0", "q0", "a0"} & set(unpacked(html))
        assert "This page was written without texts" in words_of(html)
    assert secret in str(unpacked(html_of(run_report([draft]))))


def test_an_escaping_bug_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = document._environment()
    monkeypatch.setitem(environment.filters, "shown", Markup)
    assert environment.cache is not None
    environment.cache.clear()
    try:
        with pytest.raises(UnsafePageError):
            html_of(run_report([Draft()], notes=("<script>1</script>",)))
    finally:
        monkeypatch.undo()
        environment.cache.clear()


def test_a_loss_of_nothing_is_no_remark_and_own_words_have_no_underscores() -> None:
    report = compared_report([Draft()], [Draft()])
    same = difference("overall.success_rate", "not distinguishable", smallest_loss=0.0)
    slices = [
        {**report.slices[0], "by": by, "value": "equals_reference_date"}
        for by in ("temporal reference", "category")
    ]
    comparison = {**(report.comparison or {}), "metrics": [same]}
    words = words_of(html_of(replace(report, comparison=comparison, slices=tuple(slices))))
    assert "this n would show" not in words
    assert "temporal reference equals reference date" in words
    assert "category equals_reference_date" in words


def test_a_row_that_is_about_another_number_than_its_group_says_so() -> None:
    report = run_report([Draft()])
    metrics = {name: dict(block) for name, block in report.metrics.items()}
    metrics["spatial"]["n"] = {**metrics["spatial"]["n"], "geocoding_success_rate": 77}
    rows = ("accuracy_at_25km", "accuracy_at_161km", "accuracy_at_161km_areal", "type_accuracy")
    metrics["spatial"]["n"] |= dict.fromkeys(rows, 33)
    words = words_of(html_of(replace(report, metrics=metrics)))
    assert "Places and types of what was found, n = 33 Has coordinates n = 77 " in words
    assert "Within 25 km n = 33" not in words


def test_where_no_metric_can_be_told_the_verdict_names_none_and_no_loss_would_show() -> None:
    names = ("overall.success_rate", "temporal.f1_score", "spatial.f1_score")
    rows = [difference(name, "inconclusive", smallest_loss=1.0, needed_n=120) for name in names]
    report = compared_report([Draft()], [Draft()])
    comparison = {**(report.comparison or {}), "metrics": rows}
    words = words_of(html_of(replace(report, comparison=comparison)))
    assert "? Inconclusive all 3 metrics Gates" in words
    assert words.count("this n would show no loss at all; n = 120 would be needed") == 3
