"""`report.html` as text: what is on it, what it leaves out, and what the audit refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from stindex.reporting import page
from stindex.reporting.audit import UnsafePageError, audit
from stindex.reporting.marked_text import mark_text
from stindex.reporting.page import html_report
from stindex.reporting.readings import PairReading, read_sample
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome, TemporalMention

from .building import GOLD_TIME, Draft, failing_gate, run_report
from .hostile import STRINGS

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
    parser = _Words()
    parser.feed(html.split("</style>")[1])
    return " ".join(" ".join(parser.words).split())


def hostile_report(*texts: str) -> RunReport:
    """Put each string wherever a user or a model can put one."""
    drafts = [draft for text in texts for draft in _hostile_drafts(text)]
    gate = replace(failing_gate(), value=None)
    together = " ".join(texts)
    return run_report(
        drafts,
        status="FAILED",
        gates=tuple(replace(gate, metric=text, name=text, reason=text) for text in texts),
        missing=texts,
        notes=texts,
        run={
            "id": together,
            **{text: text for text in texts},
            "identity": {"model": together, "dataset": together},
            "settings": {text: {"value": text, "source": text} for text in texts},
            "provenance": {"command": list(texts), **{text: {text: text} for text in texts}},
        },
    )


def _hostile_drafts(text: str) -> tuple[Draft, Draft]:
    mention = TemporalMention(text, text, text, 0, min(1, len(text)))
    draft = Draft(
        id=text,
        text=text,
        temporal=(mention,),
        predicted_temporal=(replace(mention, normalized=text + "2"),),
        reason=text,
        thought=text,
        raw_text=text,
        metadata={"language": text, "category": text, "complexity": text},
        missed=(text,),
    )
    return draft, draft.but(outcome=Outcome.INVALID)


@pytest.mark.parametrize("text", STRINGS, ids=range(len(STRINGS)))
def test_a_hostile_string_stays_text_wherever_it_comes_from(text: str) -> None:
    html = html_of(hostile_report(text))  # audited on the way
    html.encode("utf-8")
    if text.isascii() and text.isprintable() and len(text) < 100:
        assert text in words_of(html)


def test_no_id_or_link_of_the_page_is_made_of_a_sample_id() -> None:
    html = html_of(run_report([Draft(id="verdict"), Draft(id="x y")]))
    assert re.findall(r' id="(s[^"]*)"', html) == ["samples", "s1", "s2"]


def test_hidden_characters_are_shown_as_boxes() -> None:
    html = html_of(run_report([Draft(id="a\u202eb", raw_text="\ud800")]))
    assert '<i class="ctl">U+202E</i>' in html
    assert '<i class="ctl">U+D800</i>' in html
    assert "\u202e" not in html


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


def test_floor_and_ceiling_stand_beside_the_model() -> None:
    other = run_report([GOOD, Draft()]).metrics
    framed = run_report([GOOD], reference={"floor": other, "ceiling": other})
    row = re.search(r'<th scope="row">Within 161 km</th>.*', html_of(framed))
    assert row is not None
    assert re.findall(r">([^<>]+)</(?:td|b)>", row[0]) == ["0.000", "—", "0.000"]
    assert "Floor" not in html_of(run_report([GOOD])).split("figures")[0]


def test_the_rule_based_run_is_called_the_floor_itself() -> None:
    metrics = run_report([Draft()]).metrics
    report = run_report([Draft()], reference={"floor": metrics, "ceiling": None})
    assert "This run is the floor itself" in words_of(html_of(report))


def test_every_fact_of_the_run_is_on_the_page() -> None:
    words = words_of(html_of(run_report([Draft()], run={"id": "r", "a_b": {"c": {"d": 5}}})))
    assert "C D 5" in words
    assert "seed 0 default" in words_of(html_of(run_report([Draft()])))


def test_many_samples_keep_the_index_and_details_of_those_with_something_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "DETAIL_SAMPLES", 3)
    drafts = [GOOD.but(id="g1"), Draft(id="w1"), GOOD.but(id="g2"), Draft(id="w2")]
    html = html_of(run_report(drafts))
    assert re.findall(r'class="body" id="(s\d+)"', html) == ["s2", "s4"]
    assert re.findall(r'href="#(s\d+)"', html) == ["s2", "s4"]
    assert all(one.id in words_of(html) for one in drafts)
    assert "the first 2 of the 2 samples in which something went wrong" in words_of(html)
    whole = html_of(run_report(drafts[:3]))
    assert re.findall(r'class="body" id="(s\d+)"', whole) == ["s1", "s2", "s3"]


def test_the_page_stays_within_its_size_and_says_how_many_it_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "DETAIL_BYTES", 20_000)
    drafts = [Draft(id=f"w{number}", raw_text="x" * 5000) for number in range(9)]
    html = html_of(run_report(drafts))
    shown = len(re.findall(r'class="body"', html))
    assert 0 < shown < 4
    assert f"the first {shown} of the 9 samples" in words_of(html)


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


# ── Marked text ──────────────────────────────────────────────────────────────────────────────


def _marked(text: str, *pairs: PairReading) -> str:
    return str(mark_text(text, pairs).html)


def _time(start: int, end: int) -> TemporalMention:
    return TemporalMention("", "", None, start, end)


def test_gold_is_marked_below_and_the_model_above() -> None:
    pair = PairReading("t1", "temporal", _time(2, 3), _time(2, 3))
    assert _marked("a b c", pair) == (
        'a <span class="g l0"><span class="p l0">b</span></span><sup>t1</sup> c'
    )


def test_missed_and_spurious_are_marked_without_colour() -> None:
    missed = PairReading("t1", "temporal", _time(0, 1), None, ("missed",))
    spurious = PairReading("t2", "temporal", None, _time(2, 3), ("spurious",))
    html = _marked("a b", missed, spurious)
    assert '<span class="g missed l0">a</span><sup class="x">t1</sup>' in html
    assert '<span class="p spurious l0">b</span><sup class="x">t2</sup>' in html


def test_overlapping_mentions_get_lanes_of_their_own() -> None:
    outer = PairReading("t1", "temporal", _time(0, 5), None, ("missed",))
    inner = PairReading("t2", "temporal", _time(2, 3), None, ("missed",))
    after = PairReading("t3", "temporal", _time(5, 6), None, ("missed",))
    marked = mark_text("a b cd", (outer, inner, after))
    assert marked.lanes == 2
    assert '<span class="g missed l0"><span class="g missed l1">b</span></span>' in marked.html
    assert '<span class="g missed l0">d</span>' in marked.html


def test_marks_count_code_points_and_ignore_what_is_outside() -> None:
    pair = PairReading("t1", "temporal", _time(2, 3), _time(90, 99))
    assert _marked("😀 é<", pair) == '😀 <span class="g l0">é</span><sup>t1</sup>&lt;'


def test_all_of_the_text_is_there_whatever_is_marked() -> None:
    reading = read_sample(1, Draft(predicted_temporal=(GOLD_TIME[1], _time(0, 61))).report())
    plain = re.sub(r"<sup.*?</sup>|<[^>]*>", "", str(mark_text(Draft().text, reading.pairs).html))
    assert plain == Draft().text


# ── Audit ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def sound() -> str:
    return html_of(run_report([Draft()]))


def test_the_audit_accepts_the_page_itself(sound: str) -> None:
    audit(sound)


@pytest.mark.parametrize(
    "planted",
    [
        "<script>1</script>",
        "<style>p{}</style>",
        "<p onclick=x>",
        "<p style=color:red>",
        "<img src=x>",
        "<a href=https://e.example>x</a>",
        "<a href=javascript:x>x</a>",
        "<a href>x</a>",
        "<svg><a xlink:href=https://e.example></a></svg>",
        "<link rel=x>",
        "<iframe>",
        "<base target=x>",
        "<meta http-equiv=refresh content=0>",
        "<meta http-equiv=Content-Security-Policy content=x>",
        "<meta property=x>",
        "<form>",
        "<p id=s1>",
        "<!-- x -->",
        "<?x?>",
        "<![CDATA[x]]>",
        "<svg/onload=x>",
        "<unknown>",
    ],
)
def test_the_audit_refuses_what_no_template_wrote(sound: str, planted: str) -> None:
    with pytest.raises(UnsafePageError):
        audit(sound.replace("<main>", f"<main>{planted}"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda html: re.sub(r"<meta http-equiv[^>]*>", "", html),
        lambda html: re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL),
    ],
    ids=["policy", "style"],
)
def test_the_audit_misses_what_is_gone(sound: str, damage: Callable[[str], str]) -> None:
    with pytest.raises(UnsafePageError):
        audit(damage(sound))


def test_an_escaping_bug_stops_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = page._environment()
    monkeypatch.setitem(environment.filters, "shown", Markup)
    page._environment().cache.clear()  # type: ignore[union-attr]  # the default cache
    try:
        with pytest.raises(UnsafePageError):
            html_of(run_report([Draft(id="<script>1</script>")]))
    finally:
        monkeypatch.undo()
        page._environment().cache.clear()  # type: ignore[union-attr]  # the default cache
