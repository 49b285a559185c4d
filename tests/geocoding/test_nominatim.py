"""The online geocoder against a real server on the loopback interface."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.geocoding.base import GeocodingError
from stindex.geocoding.nominatim import NominatimGeocoder, Pace
from stindex.schema import Place, SpatialMention
from tests.geocoding.nominatim_server import PERTH, FakeNominatim, Reply, found, running

QUICK = Pace(interval=0.0, timeout=2.0, back_off=0.0)


@pytest.fixture
def server() -> Iterator[FakeNominatim]:
    with running(FakeNominatim()) as fake:
        yield fake


def geocoder_for(server: FakeNominatim, cache: Path, pace: Pace = QUICK) -> NominatimGeocoder:
    return NominatimGeocoder("tests/1.0 (tests@example.org)", server.url, cache, pace)


def ask(geocoder: NominatimGeocoder, *names: str) -> list[Place | GeocodingError | None]:
    return list(geocoder.geocode([SpatialMention(text=name) for name in names], ""))


def test_an_answer_becomes_a_place(server: FakeNominatim, tmp_path: Path) -> None:
    server.answer = lambda _: found(PERTH)
    (place,) = ask(geocoder_for(server, tmp_path), "Perth")
    assert isinstance(place, Place)
    assert (place.latitude, place.longitude) == (56.395, -3.4308)
    assert (place.name, place.kind, place.country, place.admin1) == ("Perth", "city", "GB", "SCT")
    assert place.entity == "osm:node/21"


def test_the_parent_region_and_the_users_name_reach_the_server(
    server: FakeNominatim, tmp_path: Path
) -> None:
    mention = SpatialMention(text="Perth", parent_region="Scotland")
    geocoder_for(server, tmp_path).geocode([mention], "")
    assert server.queries == ["Perth, Scotland"]
    assert server.user_agents == ["tests/1.0 (tests@example.org)"]


def test_nothing_is_asked_twice_not_even_what_does_not_exist(
    server: FakeNominatim, tmp_path: Path
) -> None:
    server.answer = lambda query: found(PERTH) if query == "Perth" else Reply()
    first = ask(geocoder_for(server, tmp_path), "Perth", "Xyzzy", "Perth", "Xyzzy")
    again = ask(geocoder_for(server, tmp_path), "Xyzzy", "Perth")
    assert server.queries == ["Perth", "Xyzzy"]
    assert first == [again[1], None, again[1], None]


def test_another_server_has_its_own_answers(server: FakeNominatim, tmp_path: Path) -> None:
    ask(geocoder_for(server, tmp_path), "Perth")
    with running(FakeNominatim(answer=lambda _: found(PERTH))) as other:
        (place,) = ask(geocoder_for(other, tmp_path), "Perth")
    assert isinstance(place, Place)


@pytest.mark.parametrize("name", ["", "  ", ",", "x" * 201])
def test_what_cannot_be_a_name_is_not_asked(
    server: FakeNominatim, tmp_path: Path, name: str
) -> None:
    assert ask(geocoder_for(server, tmp_path), name) == [None]
    assert server.queries == []


def test_a_passing_failure_is_tried_again(server: FakeNominatim, tmp_path: Path) -> None:
    replies = iter([Reply(status=500), Reply(status=503), found(PERTH)])
    server.answer = lambda _: next(replies)
    (place,) = ask(geocoder_for(server, tmp_path), "Perth")
    assert isinstance(place, Place)
    assert len(server.queries) == 3


def test_waits_between_attempts_grow(server: FakeNominatim, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(status=500)
    waits: list[float] = []
    geocoder = NominatimGeocoder(
        "tests", server.url, tmp_path, replace(QUICK, back_off=2.0, attempts=4), waits.append
    )
    (error,) = ask(geocoder, "Perth")
    assert isinstance(error, GeocodingError)
    assert waits == [2.0, 4.0, 8.0]


def test_retry_after_is_honoured(server: FakeNominatim, tmp_path: Path) -> None:
    replies = iter([Reply(status=429, headers={"Retry-After": "1"}), found(PERTH)])
    server.answer = lambda _: next(replies)
    (place,) = ask(geocoder_for(server, tmp_path), "Perth")
    assert isinstance(place, Place)
    assert server.gaps()[0] >= 0.95


def test_a_long_rest_is_given_at_once(server: FakeNominatim, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(status=429, headers={"Retry-After": "3600"})
    first, second = ask(geocoder_for(server, tmp_path), "Perth", "Dundee")
    assert len(server.queries) == 1
    assert "rest of 3600 seconds" in str(first)
    assert "was not asked" in str(second)


LIES = {
    "a page": Reply(body="<html>blocked</html>"),
    "an object": Reply(body="{}"),
    "null": Reply(body="null"),
    "an error": Reply(body='{"error": "broken"}'),
    "a list of numbers": Reply(body="[1]"),
    "latitude out of range": found({**PERTH, "lat": "97.1"}),
    "longitude out of range": found({**PERTH, "lon": "999"}),
    "letters for a number": found({**PERTH, "lat": "north"}),
    "not a number": found({**PERTH, "lat": "nan"}),
    "no coordinates": found({"name": "Perth"}),
    "a list for a number": found({**PERTH, "lat": [1, 2]}),
    "deep nesting": Reply(body="[" * 100_000),
    "a torn answer": Reply(body='[{"lat": "1'),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=list(LIES))
def test_a_lie_fails_its_mention_alone_and_is_not_kept(
    server: FakeNominatim, tmp_path: Path, lie: Reply
) -> None:
    server.answer = lambda query: found(PERTH) if query == "Perth" else lie
    geocoder = geocoder_for(server, tmp_path)
    failed, place = ask(geocoder, "Dundee", "Perth")
    assert isinstance(failed, GeocodingError)
    assert isinstance(place, Place)
    server.answer = lambda _: found(PERTH)
    assert isinstance(ask(geocoder, "Dundee")[0], Place)


@pytest.mark.parametrize(
    "oddity",
    [
        {"address": "Scotland"},
        {"boundingbox": "here", "addresstype": "state"},
        {"boundingbox": ["a", None, 1, 2], "addresstype": "state"},
        {"name": None},
        {"place_rank": "high", "category": "boundary", "type": "administrative"},
    ],
)
def test_odd_details_leave_the_coordinates_usable(
    server: FakeNominatim, tmp_path: Path, oddity: dict[str, object]
) -> None:
    server.answer = lambda _: found({**PERTH, **oddity})
    assert isinstance(ask(geocoder_for(server, tmp_path), "Perth")[0], Place)


def test_a_server_that_does_not_answer_is_a_failure(server: FakeNominatim, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(delay=0.6)
    geocoder = geocoder_for(server, tmp_path, replace(QUICK, timeout=0.1, attempts=2))
    (error,) = ask(geocoder, "Perth")
    assert isinstance(error, GeocodingError)
    assert len(server.queries) == 2


def test_a_dead_server_is_soon_left_alone(server: FakeNominatim, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(status=500)
    names = [f"Town {number}" for number in range(20)]
    answers = ask(geocoder_for(server, tmp_path), *names)
    assert all(isinstance(answer, GeocodingError) for answer in answers)
    assert len(server.queries) == 3 + 1 + 1
    assert "3 questions in a row failed" in str(answers[-1])
    assert "500" in str(answers[-1])


def test_a_success_in_between_keeps_the_server_in_use(
    server: FakeNominatim, tmp_path: Path
) -> None:
    server.answer = lambda query: found(PERTH) if query == "Perth" else Reply(status=400)
    answers = ask(geocoder_for(server, tmp_path), "A", "B", "Perth", "C", "D", "E", "F")
    assert isinstance(answers[2], Place)
    assert len(server.queries) == 6


def test_requests_keep_their_distance(server: FakeNominatim, tmp_path: Path) -> None:
    ask(geocoder_for(server, tmp_path, replace(QUICK, interval=0.6)), "A", "B", "C")
    assert len(server.gaps()) == 2
    # A busy machine may hold one request up on its way, which brings the next one nearer.
    assert min(server.gaps()) >= 0.4


ASKING = """
import sys
from pathlib import Path
from stindex.geocoding.nominatim import NominatimGeocoder, Pace
from stindex.schema import SpatialMention
url, cache, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
geocoder = NominatimGeocoder("tests", url, cache, Pace(interval=0.6, back_off=0.0))
answers = geocoder.geocode([SpatialMention(text=name) for name in names], "")
assert answers == [None] * len(names), answers
"""


@pytest.mark.slow
def test_two_processes_share_the_rate_limit(server: FakeNominatim, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    processes = [
        subprocess.Popen([sys.executable, "-c", ASKING, server.url, cache, *names])
        for names in (["A", "B", "C"], ["D", "E", "F"])
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert sorted(server.queries) == ["A", "B", "C", "D", "E", "F"]
    assert min(server.gaps()) >= 0.4


def test_a_user_agent_is_required(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STINDEX_NOMINATIM_USER_AGENT", raising=False)
    with pytest.raises(UserError, match="STINDEX_NOMINATIM_USER_AGENT"):
        NominatimGeocoder(cache_dir=tmp_path)


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, server: FakeNominatim, tmp_path: Path
) -> None:
    monkeypatch.setenv("STINDEX_NOMINATIM_USER_AGENT", "me (me@example.org)")
    monkeypatch.setenv("STINDEX_NOMINATIM_URL", f"{server.url}/")
    ask(NominatimGeocoder(cache_dir=tmp_path, pace=QUICK), "Perth")
    assert server.user_agents == ["me (me@example.org)"]


@pytest.mark.parametrize("url", ["nominatim.example.org", "file:///etc/passwd", "http://", "x"])
def test_a_bad_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="STINDEX_NOMINATIM_URL"):
        NominatimGeocoder("tests", url, tmp_path)


def test_an_unusable_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(UserError, match="cache"):
        NominatimGeocoder("tests", "http://127.0.0.1:1", tmp_path / "file")


def test_a_damaged_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "answers-v1.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(UserError, match="cache"):
        NominatimGeocoder("tests", "http://127.0.0.1:1", tmp_path)


def test_a_clock_that_was_set_back_does_not_stop_the_run(
    server: FakeNominatim, tmp_path: Path
) -> None:
    waits: list[float] = []
    geocoder = NominatimGeocoder("tests", server.url, tmp_path, Pace(), waits.append)
    ask(geocoder, "A")
    geocoder._cache._clock = lambda: time.time() - 1e6
    ask(geocoder, "B")
    assert max(waits) <= 60.0
