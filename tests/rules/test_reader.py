"""The rule-based reader as a source of answers."""

import json
import subprocess
import sys
from threading import Event
from typing import Any

import pytest
from pydantic import BaseModel

from stindex.geocoding.gazetteer import Gazetteer
from stindex.llm.base import DecodingSettings, Request
from stindex.rules.reader import RulesReader
from stindex.schema import (
    Extraction,
    Generation,
    LocatedExtraction,
    LocatedTimex3Extraction,
    Sample,
    Timex3Extraction,
)

_TEXT = "On 3 March 2026 at 14:30 the minister landed in Lisbon; he left Portugal the next day."


def _request(key: str) -> Request:
    return Request(key, Sample(key, _TEXT, {}, "2026-03-10"), ())


def _answers(
    gazetteer: Gazetteer, response_model: type[BaseModel], stop: Event | None = None
) -> list[tuple[Request, Generation]]:
    reader = RulesReader(gazetteer)
    requests = [_request("a"), _request("b")]
    return list(reader.answers(requests, response_model, DecodingSettings(), stop or Event()))


def _answer(gazetteer: Gazetteer, response_model: type[BaseModel]) -> dict[str, Any]:
    generation = _answers(gazetteer, response_model)[0][1]
    response_model.model_validate_json(generation.raw_text)
    answer: dict[str, Any] = json.loads(generation.raw_text)
    return answer


def test_answers_hold_times_and_places_in_order_of_appearance(gazetteer: Gazetteer) -> None:
    answer = _answer(gazetteer, Extraction)
    assert answer["temporal_mentions"] == [
        {
            "text": "3 March 2026 at 14:30",
            "normalized": "2026-03-03T14:30",
            "temporal_type": "DATETIME",
        },
        {"text": "next day", "normalized": "2026-03-04", "temporal_type": "DATE"},
    ]
    places = [(m["text"], m["location_type"]) for m in answer["spatial_mentions"]]
    assert places == [("Lisbon", "city"), ("Portugal", "country")]


def test_timex3_answers_have_timex3_types(gazetteer: Gazetteer) -> None:
    mentions = _answer(gazetteer, Timex3Extraction)["temporal_mentions"]
    assert [mention["temporal_type"] for mention in mentions] == ["TIME", "DATE"]


@pytest.mark.parametrize("response_model", [LocatedExtraction, LocatedTimex3Extraction])
def test_located_answers_have_the_gazetteer_s_coordinates(
    gazetteer: Gazetteer, response_model: type[BaseModel]
) -> None:
    lisbon = _answer(gazetteer, response_model)["spatial_mentions"][0]
    assert lisbon["latitude"] == pytest.approx(38.7, abs=0.2)
    assert lisbon["longitude"] == pytest.approx(-9.1, abs=0.2)


def test_the_same_request_gives_the_same_answer_and_costs_no_tokens(gazetteer: Gazetteer) -> None:
    (first, one), (second, two) = _answers(gazetteer, Extraction)
    assert (first.key, second.key) == ("a", "b")
    assert one.raw_text == two.raw_text
    assert (one.finish_reason, one.completion_tokens) == ("stop", 0)
    assert 0 < one.seconds < 5


def test_a_set_stop_ends_it_before_the_next_answer(gazetteer: Gazetteer) -> None:
    stop = Event()
    stop.set()
    assert _answers(gazetteer, Extraction, stop) == []


def test_it_imports_no_torch() -> None:
    code = "import sys, stindex.rules.reader; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
