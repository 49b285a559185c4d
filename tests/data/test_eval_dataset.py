"""The demonstration data set holds what its guideline promises.

Spans, values, weekday arithmetic, coordinates and the make-up of the set are checked against
independent rules: own regular expressions, `datetime`, and boxes around countries.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stindex.prompts import worked_example_texts
from stindex.schema import LOCATION_TYPES, TEMPORAL_TYPES
from stindex.temporal import Kind, parse

ROOT = Path(__file__).parent.parent.parent
DATASET = ROOT / "data" / "input" / "eval_dataset_100.json"
SAMPLES: list[dict[str, Any]] = json.loads(DATASET.read_text(encoding="utf-8"))
BY_ID = {sample["id"]: sample for sample in SAMPLES}
PLACES: dict[str, Any] = json.loads((ROOT / "data/input/eval_places.json").read_text("utf-8"))
BOXES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "country_boxes.json").read_text("utf-8")
)


def mentions(dimension: str) -> list[tuple[str, dict[str, Any]]]:
    return [(s["id"], m) for s in SAMPLES for m in s["ground_truth"][dimension]]


TEMPORAL = mentions("temporal")
SPATIAL = mentions("spatial")
WITH_DATE = [s for s in SAMPLES if "reference_date" in s]

_DAY = r"(?:-?\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
_CLOCK = r"(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-]\d\d:\d\d)?)"
_PART = r"(?:T(?:MO|AF|EV|NI))"
_DATE = (
    rf"(?:{_DAY}|-?\d{{4}}-(?:0[1-9]|1[0-2])|-?\d{{4}}|\d{{4}}-(?:Q[1-4]|H[12]|SP|SU|FA|WI)"
    r"|\d{4}-W(?:0[1-9]|[1-4]\d|5[0-3])(?:-WE)?)"
)
_MOMENT = rf"(?:{_DAY}(?:{_CLOCK}|{_PART})|{_CLOCK}|{_DATE})"
_LENGTH = r"P(?=.)(?:(?:\d+|X)[YMWD])*(?:T(?=.)(?:(?:\d+|X)[HMS])+)?"
_REPEATED = r"(?:WXX-(?:[1-7]|WE)|XX-XX|\d\d(?:-\d\d)?|SP|SU|FA|WI)"
WELL_FORMED = {
    "DATE": rf"{_DATE}|\d{{2,3}}|-\d{{4}}/-\d{{4}}|XXXX-\d\d(?:-\d\d)?|(?:PRESENT|PAST|FUTURE)_REF",
    "TIME": rf"{_CLOCK}|{_PART}",
    "DATETIME": rf"{_DAY}(?:{_CLOCK}|{_PART})",
    "DURATION": _LENGTH,
    "SET": rf"{_LENGTH}|XXXX-{_REPEATED}(?:{_CLOCK}|{_PART})?",
    "INTERVAL": rf"{_MOMENT}/{_MOMENT}",
}
KINDS = {
    "DATE": {Kind.DATE},
    "TIME": {Kind.TIME},
    "DATETIME": {Kind.DATETIME},
    "DURATION": {Kind.DURATION},
    "INTERVAL": {Kind.INTERVAL},
}


def test_every_span_holds_its_words() -> None:
    for sample_id, mention in TEMPORAL + SPATIAL:
        text = BY_ID[sample_id]["text"]
        assert text[mention["start_char"] : mention["end_char"]] == mention["text"], sample_id


def test_no_span_has_blanks_at_its_edges_or_cuts_a_character_from_its_marks() -> None:
    for sample_id, mention in TEMPORAL + SPATIAL:
        after = BY_ID[sample_id]["text"][mention["end_char"] :][:1]
        assert mention["text"] == mention["text"].strip(), sample_id
        assert not (after and unicodedata.combining(after)), (sample_id, mention)


def test_no_mention_stands_twice_and_mentions_follow_the_text() -> None:
    for sample in SAMPLES:
        for layer in sample["ground_truth"].values():
            spans = [(m["start_char"], -m["end_char"]) for m in layer]
            assert spans == sorted(set(spans)), sample["id"]


def test_only_places_overlap_and_only_a_landmark_around_what_it_is_named_after() -> None:
    nested = []
    for sample in SAMPLES:
        for dimension, layer in sample["ground_truth"].items():
            for outer, inner in pairwise(layer):
                if inner["start_char"] < outer["end_char"]:
                    assert dimension == "spatial", sample["id"]
                    assert inner["end_char"] <= outer["end_char"], sample["id"]
                    assert outer["location_type"] == "landmark", sample["id"]
                    nested.append(outer["text"])
    assert len(nested) >= 5


@pytest.mark.parametrize("temporal_type", TEMPORAL_TYPES)
def test_every_value_is_well_formed_for_its_type(temporal_type: str) -> None:
    of_type = [(i, m["normalized"]) for i, m in TEMPORAL if m["temporal_type"] == temporal_type]
    assert len(of_type) >= 20
    for sample_id, value in of_type:
        assert re.fullmatch(WELL_FORMED[temporal_type], value), (sample_id, value)
        assert parse(value).kind is not Kind.INVALID, (sample_id, value)


def test_every_value_denotes_what_its_type_says() -> None:
    for sample_id, mention in TEMPORAL:
        value = parse(mention["normalized"])
        expected = KINDS.get(mention["temporal_type"], {Kind.DURATION})
        by_notation = mention["normalized"].startswith("-") and "/" in mention["normalized"]
        assert value.kind in {*expected, Kind.OPAQUE} or by_notation, (sample_id, mention)


def test_no_interval_ends_before_it_begins() -> None:
    intervals = [parse(m["normalized"]) for _, m in TEMPORAL if m["temporal_type"] == "INTERVAL"]
    for value in intervals:
        assert value.begin is not None, value.text
        assert value.end is not None, value.text
        assert value.begin < value.end, value.text


# Sample, words, the ISO weekday that the words name, the side of the reference date it lies on.
PAST, COMING = "past", "coming"
WEEKDAYS = [
    ("news-001", "last Friday", 5, PAST),
    ("news-002", "Monday evening", 1, PAST),
    ("news-004", "next Tuesday", 2, COMING),
    ("news-007", "Wednesday", 3, PAST),
    ("news-014", "noon on Thursday", 4, PAST),
    ("news-015", "Thursday at 6 a.m.", 4, PAST),
    ("news-015", "Friday", 5, PAST),
    ("news-015", "Saturday night", 6, PAST),
    ("news-015", "Wednesday", 3, COMING),
    ("news-015", "Tuesday at 5 p.m.", 2, COMING),
    ("news-de-01", "vergangenem Donnerstag", 4, PAST),
    ("news-de-01", "kommenden Montag um 10 Uhr", 1, COMING),
    ("news-fr-01", "lundi prochain", 1, COMING),
    ("news-es-01", "domingo por la noche", 7, PAST),
    ("news-pt-01", "sexta-feira passada", 5, PAST),
    ("history-011", "Sunday", 7, PAST),
    ("weather-001", "Tuesday", 2, PAST),
    ("weather-002", "Sunday afternoon", 7, COMING),
    ("weather-004", "Friday at noon", 5, COMING),
    ("weather-007", "early on Thursday", 4, COMING),
    ("weather-de-01", "Sonntagabend", 7, COMING),
    ("weather-it-01", "domenica", 7, COMING),
    ("health-002", "Monday", 1, PAST),
    ("health-005", "Wednesday", 3, PAST),
    ("health-008", "Sunday", 7, PAST),
    ("health-hi-01", "पिछले सोमवार", 1, PAST),
    ("travel-tr-01", "Geçen cuma", 5, PAST),
    ("logistics-004", "Thursday", 4, COMING),
    ("logistics-004", "Friday", 5, COMING),
    ("logistics-007", "Friday", 5, COMING),
    ("logistics-007", "Tuesday", 2, PAST),
    ("logistics-011", "Wednesday", 3, PAST),
    ("logistics-zh-01", "上周五", 5, PAST),
    ("science-002", "Friday night", 5, PAST),
    ("science-005", "last Wednesday", 3, PAST),
    ("science-ar-01", "يوم الجمعة الماضي", 5, PAST),
]
WEEKDAY_ON_REFERENCE_DATE = [("news-004", "Thursday", 4), ("news-009", "Monday", 1)]
SPANNING_WEEKDAYS = [
    ("weather-001", "from Tuesday noon until Wednesday morning", 2, 3),
    ("logistics-010", "from Wednesday to Friday", 3, 5),
    ("logistics-pl-01", "Od poniedziałku do środy", 1, 3),
]


def value_of(sample_id: str, words: str) -> str:
    layer = BY_ID[sample_id]["ground_truth"]["temporal"]
    values = {m["normalized"] for m in layer if m["text"] == words}
    assert len(values) == 1, (sample_id, words, values)
    value: str = values.pop()
    return value


def day_of(value: str) -> date:
    return date.fromisoformat(value[:10])


def anchor_of(sample_id: str) -> date:
    return date.fromisoformat(BY_ID[sample_id]["reference_date"])


@pytest.mark.parametrize(("sample_id", "words", "weekday", "direction"), WEEKDAYS)
def test_a_weekday_is_the_nearest_of_its_name_on_the_side_that_the_text_says(
    sample_id: str, words: str, weekday: int, direction: str
) -> None:
    day, anchor = day_of(value_of(sample_id, words)), anchor_of(sample_id)
    assert day.isoweekday() == weekday
    away = (anchor - day).days if direction == PAST else (day - anchor).days
    assert 1 <= away <= 7


@pytest.mark.parametrize(("sample_id", "words", "weekday"), WEEKDAY_ON_REFERENCE_DATE)
def test_a_bare_weekday_may_be_the_reference_date_itself(
    sample_id: str, words: str, weekday: int
) -> None:
    day = day_of(value_of(sample_id, words))
    assert (day, day.isoweekday()) == (anchor_of(sample_id), weekday)


@pytest.mark.parametrize(("sample_id", "words", "first", "last"), SPANNING_WEEKDAYS)
def test_an_interval_of_weekdays_begins_and_ends_on_them(
    sample_id: str, words: str, first: int, last: int
) -> None:
    begin, end = map(day_of, value_of(sample_id, words).split("/"))
    assert (begin.isoweekday(), end.isoweekday()) == (first, last)
    assert abs((begin - anchor_of(sample_id)).days) < 7


def test_every_weekday_that_is_relative_to_the_reference_date_is_in_the_tables() -> None:
    names = r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
    known = {
        (row[0], row[1]) for row in (*WEEKDAYS, *WEEKDAY_ON_REFERENCE_DATE, *SPANNING_WEEKDAYS)
    }
    # Said with their date, or counted from another weekday: covered by the next two tests.
    known |= {(sample_id, words) for sample_id, words, _ in DATED_WEEKDAYS}
    known |= {("weather-004", "Saturday between 03:00 and 09:00")}
    named = {
        (sample_id, m["text"])
        for sample_id, m in TEMPORAL
        if re.search(names, m["text"]) and m["temporal_type"] != "SET"
    }
    holidays = {("weather-008", "Good Friday"), ("travel-009", "Easter Monday")}
    assert named - known - holidays == set()


DATED_WEEKDAYS = [
    ("health-009", "Tuesday, 4 November 2025, 8:45 a.m.", 2),
    ("travel-011", "Saturday 31 August", 6),
    ("travel-011", "Friday the 6th", 5),
    ("travel-011", "6 p.m. on Thursday 12 September", 4),
    ("logistics-011", "Friday, 30 January 2026, from 9:00 to 11:30 CET", 5),
    ("logistics-011", "Friday, 27 February, at 9:00 CET", 5),
    ("weather-004", "Saturday between 03:00 and 09:00", 6),
]


@pytest.mark.parametrize(("sample_id", "words", "weekday"), DATED_WEEKDAYS)
def test_a_weekday_named_with_its_date_fits_the_date(
    sample_id: str, words: str, weekday: int
) -> None:
    assert day_of(value_of(sample_id, words)).isoweekday() == weekday


OFFSETS_IN_DAYS = [
    ("news-001", "in two weeks", 14),
    ("news-003", "yesterday", -1),
    ("news-005", "this morning", 0),
    ("news-007", "in ten days", 10),
    ("news-008", "today", 0),
    ("news-012", "tomorrow at 6&nbsp;pm", 1),
    ("news-012", "tonight", 0),
    ("news-015", "yesterday", -1),
    ("news-de-01", "heute", 0),
    ("news-fr-01", "hier soir", -1),
    ("news-fr-01", "il y a deux semaines", -14),
    ("news-pt-01", "amanhã", 1),
    ("history-007", "today", 0),
    ("history-011", "9:56 p.m. last night", -1),
    ("weather-002", "Tonight", 0),
    ("weather-002", "Tomorrow", 1),
    ("weather-de-01", "gestern um 16 Uhr", -1),
    ("weather-ja-01", "昨日", -1),
    ("health-hi-01", "कल", -1),
    ("travel-011", "Last night", -1),
    ("logistics-001", "in four weeks", 28),
    ("logistics-002", "today at 15:05", 0),
    ("science-sv-01", "i dag klockan 11.45", 0),
]


@pytest.mark.parametrize(("sample_id", "words", "days"), OFFSETS_IN_DAYS)
def test_days_are_counted_from_the_reference_date(sample_id: str, words: str, days: int) -> None:
    assert day_of(value_of(sample_id, words)) == anchor_of(sample_id) + timedelta(days=days)


COUNTED_FROM_ANOTHER = [
    ("health-002", "three days later", "22 September", 3),
    ("history-013", "five days later", "10 January 1923", 5),
    ("history-013", "following day", "22 March 1939", 1),
    ("travel-003", "following morning", "8 August", 1),
    ("travel-011", "four days later", "Friday the 6th", 4),
    ("travel-011", "That evening", "Saturday 31 August", 0),
    ("logistics-011", "three weeks earlier", "29 March", -21),
    ("science-008", "five weeks later", "15 September 1835", 35),
    ("science-ar-01", "بعد يومين", "يوم الجمعة الماضي", 2),
    ("news-009", "same day", "Monday", 0),
]


@pytest.mark.parametrize(("sample_id", "words", "origin", "days"), COUNTED_FROM_ANOTHER)
def test_days_are_counted_from_the_date_named_before(
    sample_id: str, words: str, origin: str, days: int
) -> None:
    counted = day_of(value_of(sample_id, origin)) + timedelta(days=days)
    assert day_of(value_of(sample_id, words)) == counted


OFFSETS_IN_WEEKS = [
    ("travel-vi-01", unicodedata.normalize("NFD", "Tuần trước"), -1),
    ("health-es-01", "semana pasada", -1),
    ("logistics-011", "last week", -1),
    ("logistics-011", "next week", 1),
    ("science-011", "last week", -1),
]


@pytest.mark.parametrize(("sample_id", "words", "weeks"), OFFSETS_IN_WEEKS)
def test_calendar_weeks_are_counted_from_the_reference_date(
    sample_id: str, words: str, weeks: int
) -> None:
    there = (anchor_of(sample_id) + timedelta(weeks=weeks)).isocalendar()
    assert value_of(sample_id, words) == f"{there.year}-W{there.week:02d}"


OFFSETS_IN_YEARS = [
    ("news-005", "next year", 1),
    ("news-015", "this year", 0),
    ("news-015", "five years ago", -5),
    ("weather-006", "Last year", -1),
    ("weather-006", "this year", 0),
    ("travel-009", "Two years ago", -2),
    ("travel-vi-01", "năm sau", 1),
    ("science-009", "next year", 1),
    ("logistics-011", "Last year", -1),
]


@pytest.mark.parametrize(("sample_id", "words", "years"), OFFSETS_IN_YEARS)
def test_years_are_counted_from_the_reference_date(sample_id: str, words: str, years: int) -> None:
    words = words if words in BY_ID[sample_id]["text"] else unicodedata.normalize("NFD", words)
    assert value_of(sample_id, words) == str(anchor_of(sample_id).year + years)


def easter(year: int) -> date:
    """Western Easter Sunday (anonymous Gregorian algorithm, Meeus, Astronomical Algorithms)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + weekday - 7 * ((a + 11 * h + 22 * weekday) // 451) + 114, 31)
    return date(year, month, day + 1)


def test_easter_falls_where_the_calendar_puts_it() -> None:
    assert day_of(value_of("weather-008", "Good Friday")) == easter(2024) - timedelta(days=2)
    assert day_of(value_of("travel-009", "Easter Monday")) == easter(2022) + timedelta(days=1)
    week = easter(2024).isocalendar().week
    assert value_of("weather-008", "Easter weekend") == f"2024-W{week:02d}-WE"


def test_a_year_that_the_mention_does_not_name_comes_from_the_document() -> None:
    assert value_of("history-007", "April") == "1815-04"
    assert value_of("news-006", "third quarter") == "2022-Q3"
    assert value_of("history-ru-01", "декабре") == "1812-12"
    assert value_of("travel-002", "October") == "XXXX-10"


def test_there_are_100_samples_with_readable_ids_of_their_own() -> None:
    assert len(BY_ID) == len(SAMPLES) == 100
    for sample in SAMPLES:
        assert re.fullmatch(r"[a-z]+-(?:[a-z]{2}-)?\d{2,3}", sample["id"])
        assert sample["id"].split("-")[0] == sample["metadata"]["category"]


def test_ten_samples_have_nothing_to_find() -> None:
    assert sum(not any(s["ground_truth"].values()) for s in SAMPLES) == 10


def test_five_samples_have_500_words_and_more() -> None:
    assert sum(len(s["text"].split()) >= 500 for s in SAMPLES) == 5


def test_every_category_is_there_at_least_ten_times() -> None:
    categories = Counter(s["metadata"]["category"] for s in SAMPLES)
    wanted = {"news", "history", "weather", "health", "travel", "logistics", "science"}
    assert set(categories) == wanted
    assert min(categories.values()) >= 10


def test_at_least_15_samples_are_not_english_in_several_scripts() -> None:
    foreign = [s for s in SAMPLES if s["metadata"]["language"] != "en"]
    assert len(foreign) >= 15
    scripts = {unicodedata.name(c).split()[0] for s in foreign for c in s["text"] if c.isalpha()}
    assert scripts >= {"LATIN", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "CJK", "HIRAGANA"}


def test_one_text_has_combining_characters_and_emoji_within_and_before_mentions() -> None:
    text = BY_ID["travel-vi-01"]["text"]
    assert text != unicodedata.normalize("NFC", text)
    assert any(unicodedata.combining(c) for c in text)
    assert "\N{ZERO WIDTH JOINER}" in text
    assert max(map(ord, text)) > 0xFFFF


def test_all_complexities_and_location_types_are_there() -> None:
    assert {s["metadata"]["complexity"] for s in SAMPLES} == {"simple", "medium", "hard"}
    assert {m["location_type"] for _, m in SPATIAL} == set(LOCATION_TYPES)


def test_quarters_weeks_decades_and_years_before_christ_are_there() -> None:
    values = [m["normalized"] for _, m in TEMPORAL]
    for kind in (r"\d{4}-Q\d", r"\d{4}-W\d\d", r"\d{3}", r"\d{2}", r"-\d{4}", r"\d{4}-H\d"):
        assert sum(re.fullmatch(kind, value) is not None for value in values) >= 2, kind


def test_texts_that_look_like_markup_data_or_orders_are_there() -> None:
    texts = [s["text"] for s in SAMPLES]
    assert any(text.startswith("<article>") for text in texts)
    assert any("Ignore all previous instructions" in text for text in texts)
    assert any("<|im_start|>" in text for text in texts)
    objects = [text for text in texts if text.startswith("{")]
    assert len(objects) >= 2
    assert all(isinstance(json.loads(text), dict) for text in objects)


def test_namesakes_are_there_with_and_without_the_hint_that_settles_them() -> None:
    perths = {
        (sample_id, round(mention["latitude"]))
        for sample_id, mention in SPATIAL
        if mention["text"] == "Perth"
    }
    assert {latitude for _, latitude in perths} == {56, -32}
    in_texas, in_france = BY_ID["news-004"], BY_ID["news-005"]
    paris = [m for m in in_texas["ground_truth"]["spatial"] if m["text"].casefold() == "paris"]
    assert [round(m["longitude"]) for m in paris] == [-96, -96]
    assert round(in_france["ground_truth"]["spatial"][0]["longitude"]) == 2


def test_the_same_word_names_two_places_within_one_text() -> None:
    for sample_id, words in (("news-014", "London"), ("travel-009", "Georgia")):
        layer = BY_ID[sample_id]["ground_truth"]["spatial"]
        points = {(m["latitude"], m["longitude"]) for m in layer if m["text"] == words}
        assert len(points) >= 2, sample_id


def test_coordinates_are_in_range_or_both_absent() -> None:
    for sample_id, mention in SPATIAL:
        latitude, longitude = mention["latitude"], mention["longitude"]
        assert (latitude is None) == (longitude is None), sample_id
        if latitude is not None:
            assert -90 <= latitude <= 90, sample_id
            assert -180 <= longitude <= 180, sample_id
    absent = {m["text"] for _, m in SPATIAL if m["latitude"] is None}
    assert absent == {"Arctic Circle", "Tropic of Cancer", "Interstate 10", "I-90"}


def test_each_place_lies_in_its_country() -> None:
    checked = 0
    for name, place in PLACES["places"].items():
        code = BOXES["countries"].get(name, name.rpartition(", ")[2])
        if code in BOXES["boxes"] and place["latitude"] is not None:
            south, north, west, east = BOXES["boxes"][code]
            assert south <= place["latitude"] <= north, name
            assert west <= place["longitude"] <= east, name
            checked += 1
    assert checked >= 280


def test_each_place_of_the_table_names_a_source_that_the_table_explains() -> None:
    sources = Counter(place["source"] for place in PLACES["places"].values())
    assert set(sources) == set(PLACES["sources"])
    assert not any("GeoNames" in source for source in sources)


def test_no_sentence_is_shared_with_a_worked_example() -> None:
    def sentences(text: str) -> set[str]:
        return {" ".join(s.split()).casefold() for s in re.split(r"(?<=[.!?])\s+", text)}

    examples = worked_example_texts()
    assert examples
    worked = set().union(*map(sentences, examples))
    for sample in SAMPLES:
        assert not sentences(sample["text"]) & worked, sample["id"]


def test_the_file_is_what_the_build_script_makes_of_the_settled_annotation(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; import tools.build_eval_dataset as b;"
        "pathlib.Path(sys.argv[1]).write_text(b.rendered(b.build()), encoding='utf-8')"
    )
    built = tmp_path / "built.json"
    command = [sys.executable, "-c", program, str(built)]
    subprocess.run(command, check=True, cwd=ROOT)
    assert built.read_bytes() == DATASET.read_bytes()


def test_the_documented_agreement_is_what_the_two_annotations_give() -> None:
    command = [sys.executable, str(ROOT / "tools" / "annotation_agreement.py")]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    guideline = (ROOT / "docs" / "annotation.md").read_text(encoding="utf-8")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert len(rows) == 9
    for dimension, figure, share, counts in rows:
        assert f"| {dimension} | {figure} | {share} | {counts} |" in guideline
