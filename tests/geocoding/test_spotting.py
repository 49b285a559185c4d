"""Place names found in a text without a model."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.spotting import spot
from stindex.schema import LOCATION_TYPES


def names(text: str, gazetteer: Gazetteer) -> list[str]:
    return [mention.text for mention in spot(text, gazetteer)]


def test_positions_and_types_are_those_of_the_text(gazetteer: Gazetteer) -> None:
    text = "🌍 From Lyon, France, to the Black Sea and back to Texas’s border near Heathrow."
    mentions = spot(text, gazetteer)
    assert [(m.text, m.location_type) for m in mentions] == [
        ("Lyon", "city"),
        ("France", "country"),
        ("Black Sea", "feature"),
        ("Texas", "region"),
        ("Heathrow", "landmark"),
    ]
    for mention in mentions:
        assert mention.location_type in LOCATION_TYPES
        assert text[mention.start_char : mention.end_char] == mention.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("They flew to New York City and New South Wales.", ["New York City", "New South Wales"]),
        ("It is in Côte d'Ivoire and Burkina Faso.", ["Côte d'Ivoire", "Burkina Faso"]),
        ("He works in Port-au-Prince, Haiti.", ["Port-au-Prince", "Haiti"]),
        ("A hospital in Washington, D.C. closed.", ["Washington, D.C."]),
        ("US and UK troops left the U.S. base.", ["US", "UK", "U.S."]),
        ("She lives in St. Louis, Missouri.", ["St. Louis", "Missouri"]),
        ("The lab in Ames, Iowa, is shut.", ["Ames", "Iowa"]),
        ("It fell on the village of Pandi.", ["Pandi"]),
        ("The Hague is wet. The Philippines are warm.", ["The Hague", "Philippines"]),
        ("A storm crossed Fraser Valley and North Dallas.", ["Fraser Valley", "North Dallas"]),
        ("Floods hit Kenya's coast.", ["Kenya"]),
    ],
)
def test_whole_names_are_found(text: str, expected: list[str], gazetteer: Gazetteer) -> None:
    assert names(text, gazetteer) == expected


@pytest.mark.parametrize(
    "text",
    [
        "On 3 March the prices rose again in May.",
        "I like Reading. Nice people like it too.",
        "Mobile phones are cheap. Of course. Bath time!",
        "Let us go. Who said so? The WHO did.",
        "Paris Hilton met George Washington and Jack London.",
        "Mr. Jordan and Dr. Sydney Brown spoke.",
        "David Paterson resigned. Later Paterson wrote a book.",
        "The Bank of England and the Washington Post were quoted.",
        "They pay US$10,000 for A/California/7/2009 (H1N1).",
        "German and French doctors treated West Nile virus.",
        "nothing is capitalised here, not even paris",
        "",
        "   \n\t",
        '<b>&amp;</b> {"a": [1, 2]} \x00 \u202e',
    ],
)
def test_what_is_no_place_is_left_alone(text: str, gazetteer: Gazetteer) -> None:
    assert names(text, gazetteer) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The mayor of Mobile, Alabama, resigned.", ["Mobile", "Alabama"]),
        ("He moved from Reading to Nice.", ["Reading", "Nice"]),
        ("Paris Hilton went to Paris, Texas.", ["Paris", "Texas"]),
        ("Mr. Jordan went to Jordan.", ["Jordan"]),
    ],
)
def test_words_and_names_are_places_where_the_text_says_so(
    text: str, expected: list[str], gazetteer: Gazetteer
) -> None:
    assert names(text, gazetteer) == expected


def test_a_long_text_takes_little_time(gazetteer: Gazetteer) -> None:
    text = "Doctors from Lyon and Springfield, Ohio, met in Nairobi on Monday. " * 300
    spot(text, gazetteer)
    start = time.perf_counter()
    mentions = spot(text, gazetteer)
    assert len(mentions) == 1200
    assert time.perf_counter() - start < 2.0


@pytest.mark.parametrize("text", ["A. " * 5000, "The " * 5000, "Paris-" * 2000, "'" * 20_000])
def test_odd_texts_take_no_longer(text: str, gazetteer: Gazetteer) -> None:
    start = time.perf_counter()
    spot(text, gazetteer)
    assert time.perf_counter() - start < 2.0


@pytest.mark.skipif("STINDEX_BENCHMARK_DATA" not in os.environ, reason="no benchmark data")
def test_news_documents_are_read_well(gazetteer: Gazetteer) -> None:
    path = Path(os.environ["STINDEX_BENCHMARK_DATA"]) / "geovirus.jsonl"
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    middle = len(documents) // 2
    for half, part in (("first", documents[:middle]), ("second", documents[middle:])):
        start = time.perf_counter()
        precision, recall, f1 = scores(part, gazetteer)
        cost = (time.perf_counter() - start) / len(part) * 1000
        line = (
            f"{half} half: P {precision:.3f} R {recall:.3f} F1 {f1:.3f}, {cost:.1f} ms a document"
        )
        print(line)  # noqa: T201 - a measurement
    assert f1 >= 0.90


def scores(documents: list[Mapping[str, Any]], gazetteer: Gazetteer) -> tuple[float, float, float]:
    """Return precision, recall and F1 of exact spans."""
    right = found = gold_count = 0
    for document in documents:
        gold = {(m["start_char"], m["end_char"]) for m in document["ground_truth"]["spatial"]}
        spotted = {(m.start_char, m.end_char) for m in spot(document["text"], gazetteer)}
        right += len(gold & spotted)
        found += len(spotted)
        gold_count += len(gold)
    return right / found, right / gold_count, 2 * right / (found + gold_count)
