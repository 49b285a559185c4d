"""What the rules read in English text, as `docs/annotation.md` wants it annotated."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stindex.rules.temporal_reader import read_temporal
from stindex.schema import TEMPORAL_TYPES, TIMEX3_TYPES, TemporalMention
from stindex.temporal import parse, same_meaning

_REFERENCE = "2026-03-10"  # a Tuesday


def _read(text: str, reference: str | None = _REFERENCE) -> list[tuple[str, str, str | None]]:
    return [(m.text, m.normalized, m.temporal_type) for m in read_temporal(text, reference)]


@pytest.mark.parametrize(
    ("text", "mention", "value", "kind"),
    [
        ("They met on 3 March 2026.", "3 March 2026", "2026-03-03", "DATE"),
        ("They met on Tuesday, March 3rd, 2026.", "Tuesday, March 3rd, 2026", "2026-03-03", "DATE"),
        ("It was 15/03/2022.", "15/03/2022", "2022-03-15", "DATE"),
        ("It was 3/15/2022.", "3/15/2022", "2022-03-15", "DATE"),
        ("It was 15.03.2022.", "15.03.2022", "2022-03-15", "DATE"),
        ("It was 2022-03-15.", "2022-03-15", "2022-03-15", "DATE"),
        ("It was 2022-03-15T14:30Z.", "2022-03-15T14:30Z", "2022-03-15T14:30Z", "DATETIME"),
        ("In March 2026 it rained.", "March 2026", "2026-03", "DATE"),
        ("The 2024 Olympics were fun.", "2024", "2024", "DATE"),
        ("He died in AD 79.", "AD 79", "0079", "DATE"),
        ("Caesar died in 44 BC.", "44 BC", "-0043", "DATE"),
        ("the 5th century BC", "5th century BC", "-0499/-0400", "DATE"),
        ("the late nineteenth century", "late nineteenth century", "18", "DATE"),
        ("the early 1990s", "early 1990s", "199", "DATE"),
        ("the third quarter of 2023", "third quarter of 2023", "2023-Q3", "DATE"),
        ("the first half of 2023", "first half of 2023", "2023-H1", "DATE"),
        ("in winter 2023/24", "winter 2023/24", "2023-WI", "DATE"),
        ("in week 23 of 2025", "week 23 of 2025", "2025-W23", "DATE"),
        ("It rained yesterday.", "yesterday", "2026-03-09", "DATE"),
        ("It rained last Friday.", "last Friday", "2026-03-06", "DATE"),
        ("They came last Tuesday.", "last Tuesday", "2026-03-03", "DATE"),
        ("They will come next Tuesday.", "next Tuesday", "2026-03-17", "DATE"),
        ("They came on Friday.", "Friday", "2026-03-06", "DATE"),
        ("They will come on Friday.", "Friday", "2026-03-13", "DATE"),
        ("They came in October.", "October", "2025-10", "DATE"),
        ("They will come in October.", "October", "2026-10", "DATE"),
        ("It rained last week.", "last week", "2026-W10", "DATE"),
        ("It rained last weekend.", "last weekend", "2026-W10-WE", "DATE"),
        ("It will rain this weekend.", "this weekend", "2026-W11-WE", "DATE"),
        ("It rained last month.", "last month", "2026-02", "DATE"),
        ("Sales rose last quarter.", "last quarter", "2025-Q4", "DATE"),
        ("It was hot last summer.", "last summer", "2025-SU", "DATE"),
        ("It ended two weeks ago.", "two weeks ago", "2026-02-24", "DATE"),
        ("It ended three months ago.", "three months ago", "2025-12", "DATE"),
        ("It ended two decades ago.", "two decades ago", "2006", "DATE"),
        ("It ended a few days ago.", "a few days ago", "PAST_REF", "DATE"),
        ("It will start in ten days.", "in ten days", "2026-03-20", "DATE"),
        ("Easter Sunday 2024 was early.", "Easter Sunday 2024", "2024-03-31", "DATE"),
        ("It is currently closed.", "currently", "PRESENT_REF", "DATE"),
        ("at half past two in the afternoon", "half past two in the afternoon", "T14:30", "TIME"),
        ("It starts at 5 p.m. UTC.", "5 p.m. UTC", "T17:00Z", "TIME"),
        ("It starts at 9:00 CET.", "9:00 CET", "T09:00+01:00", "TIME"),
        ("It ended at midnight.", "midnight", "T00:00", "TIME"),
        ("On 3 March 2026 at 14:30 it rang.", "3 March 2026 at 14:30", "2026-03-03T14:30",
         "DATETIME"),
        ("It rang at 14:30 on 3 March 2026.", "14:30 on 3 March 2026", "2026-03-03T14:30",
         "DATETIME"),
        ("It rained Monday morning.", "Monday morning", "2026-03-09TMO", "DATETIME"),
        ("It rained last night.", "last night", "2026-03-09TNI", "DATETIME"),
        ("They will sing tonight.", "tonight", "2026-03-10TNI", "DATETIME"),
        ("It took 18 months.", "18 months", "P18M", "DURATION"),
        ("It took two and a half hours.", "two and a half hours", "PT2H30M", "DURATION"),
        ("It took 2 hours and 10 minutes.", "2 hours and 10 minutes", "PT2H10M", "DURATION"),
        ("It took half an hour.", "half an hour", "PT30M", "DURATION"),
        ("It took twenty-one days.", "twenty-one days", "P21D", "DURATION"),
        ("It took several days.", "several days", "PXD", "DURATION"),
        ("It took 10–14 days.", "10–14 days", "PXD", "DURATION"),
        ("It lasted about three weeks.", "about three weeks", "P3W", "DURATION"),
        ("in the past three weeks", "past three weeks", "P3W", "DURATION"),
        ("a three-day strike", "three-day", "P3D", "DURATION"),
        ("She runs every Monday.", "every Monday", "XXXX-WXX-1", "SET"),
        ("She runs on Tuesdays at 9:00.", "Tuesdays at 9:00", "XXXX-WXX-2T09:00", "SET"),
        ("She runs twice a week.", "twice a week", "P1W", "SET"),
        ("Take three tablets a day.", "a day", "P1D", "SET"),
        ("It meets every two weeks.", "every two weeks", "P2W", "SET"),
        ("It meets every other day.", "every other day", "P2D", "SET"),
        ("the annual report", "annual", "P1Y", "SET"),
        ("from 3 to 7 May 2024", "from 3 to 7 May 2024", "2024-05-03/2024-05-07", "INTERVAL"),
        ("May 3–7, 2024", "May 3–7, 2024", "2024-05-03/2024-05-07", "INTERVAL"),
        ("between 1914 and 1918", "between 1914 and 1918", "1914/1918", "INTERVAL"),
        ("from June to August 2023", "from June to August 2023", "2023-06/2023-08", "INTERVAL"),
        ("the war of 1939–45", "1939–45", "1939/1945", "INTERVAL"),
        ("from 58 to 50 BC", "from 58 to 50 BC", "-0057/-0049", "INTERVAL"),
        ("open 9 am to 5 pm", "9 am to 5 pm", "T09:00/T17:00", "INTERVAL"),
        ("3 May 2024, 9:00 to 17:00", "3 May 2024, 9:00 to 17:00",
         "2024-05-03T09:00/2024-05-03T17:00", "INTERVAL"),
    ],
)  # fmt: skip
def test_expression_is_read_with_its_value_and_type(
    text: str, mention: str, value: str, kind: str
) -> None:
    assert _read(text) == [(mention, value, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "A 45-year-old man bought 2000 shares for $1999 and drove 1950 km.",
        "We may march on; call 555-1234 or read version 2.10.2024-b at http://x.org/2021/03/04/.",
        "The file report_2024-05-01.pdf is a second copy.",
        "30 February 2024 is no day.",
        "",
    ],
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert _read(text) == []


def test_the_year_comes_from_the_text_before_it_comes_from_the_reference_date() -> None:
    text = "On 12 April 1961 he flew. On 5 May another man followed."
    assert [value for _, value, _ in _read(text)] == ["1961-04-12", "1961-05-05"]


def test_later_counts_from_the_time_last_mentioned() -> None:
    text = "On 18 June 2020 they moved. The following day they rested. Three days later they left."
    assert [value for _, value, _ in _read(text)] == ["2020-06-18", "2020-06-19", "2020-06-22"]


def test_without_a_reference_date_the_dateline_takes_its_place() -> None:
    assert _read("September 1, 2007\nThe plane landed yesterday.", None)[1][1] == "2007-08-31"


def test_without_any_date_what_is_unknown_stays_open() -> None:
    text = "They met on Friday, 12 March and yesterday."
    assert [value for _, value, _ in _read("They met on Friday.", None)] == ["XXXX-WXX-5"]
    assert [value for _, value, _ in _read(text, None)] == ["XXXX-03-12", "XXXX-XX-XX"]


def test_timex3_has_four_types_articles_and_times_with_their_day() -> None:
    text = "In the past two decades, at 5 pm on Mondays, at 18:00, from 2009 to 2011, in 44 BC."
    found = [
        (m.text, m.normalized, m.temporal_type) for m in read_temporal(text, _REFERENCE, "timex3")
    ]
    assert found == [
        ("the past two decades", "P20Y", "DURATION"),
        ("5 pm on Mondays", "XXXX-WXX-1T17:00", "SET"),
        ("18:00", "2026-03-10T18:00", "TIME"),
        ("2009", "2009", "DATE"),
        ("2011", "2011", "DATE"),
        ("44 BC", "BC0044", "DATE"),
    ]  # fmt: skip


def _check(text: str, mentions: list[TemporalMention], types: tuple[str, ...]) -> None:
    position = 0
    for mention in mentions:
        assert mention.start_char is not None
        assert mention.end_char is not None
        assert text[mention.start_char : mention.end_char] == mention.text
        assert mention.start_char >= position
        position = mention.end_char
        assert mention.temporal_type in types
        assert parse(mention.normalized).kind != "invalid"


_WORDS = (
    "the a of in on at from to and between until 3 7 12 31 99 2024 1914 0 44 BC May March Monday"
    " yesterday two three weeks ago days later every twice week month last next this century 19th"
    " quarter first half winter 2023/24 14:30 5 pm UTC about early mid- – - , . / \n hours year old"
    " vor zwei Tagen Uhr il y a jours 年 3月 日 昨天 İ ſeptember ½ 999999999999999999999"
).split(" ")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join))
def test_any_row_of_words_gives_valid_mentions_in_order(text: str) -> None:
    _check(text, read_temporal(text, _REFERENCE), TEMPORAL_TYPES)
    _check(text, read_temporal(text, None, "timex3"), TIMEX3_TYPES)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=12)))
def test_any_text_and_any_reference_date_are_survived(text: str, reference: str | None) -> None:
    _check(text, read_temporal(text, reference), TEMPORAL_TYPES)


@pytest.mark.skipif(
    "STINDEX_BENCHMARK_DATA" not in os.environ, reason="STINDEX_BENCHMARK_DATA is not set"
)
def test_news_that_no_rule_was_written_for_is_read_as_well_as_a_floor_must_be() -> None:
    file = Path(os.environ["STINDEX_BENCHMARK_DATA"]) / "meantime_en.jsonl"
    documents = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()][60:]
    gold_count = found_count = equal = 0
    for document in documents:
        found = {
            (m.start_char, m.end_char): m.normalized
            for m in read_temporal(document["text"], document["reference_date"], "timex3")
        }
        gold = document["ground_truth"]["temporal"]
        gold_count, found_count = gold_count + len(gold), found_count + len(found)
        equal += sum(
            same_meaning(found.get((m["start_char"], m["end_char"]), "none"), m["normalized"])
            for m in gold
        )
    # Span and value both right.
    assert 2 * equal / (gold_count + found_count) > 0.6
