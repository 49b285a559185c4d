"""An OpenAI-compatible server as a source of answers, well behaved and hostile, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.server.chat import Dialect, ReplyError, read_reply, refusal, strict_schema
from stindex.llm.server.opening import (
    ServerSettings,
    allow_sockets,
    check_client,
    server_fingerprint,
)
from stindex.llm.server.pacing import Pace, backoff, retry_after
from stindex.llm.server.prices import Price, Prices, cost
from stindex.llm.server.source import ServerSource
from stindex.schema import Extraction, Generation, LocatedExtraction, Sample

from .chat_server import ANSWER, Handler, completion, serve, well_behaved

KEY = "sk-secret-0123456789"
PRICES = Prices(models={"tiny": Price(input=1.0, output=10.0, cached_input=0.25, as_of="2026-01")})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off in hundredths of the usual, and no proxy before the loopback."""
    monkeypatch.setattr("stindex.llm.server.pacing.FIRST_DELAY", 0.005)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def requests(count: int, text: str = "Rain in Paris.") -> list[Request]:
    return [
        Request(
            f"{number:064x}",
            Sample(f"s{number}", text, {}),
            ({"role": "user", "content": f"{text} {number}"},),
        )
        for number in range(count)
    ]


def settings(url: str, **changed: Any) -> ServerSettings:  # noqa: ANN401 (fields of it)
    return ServerSettings("tiny", (url,), **{"timeout": 5.0, "retries": 2, **changed})


@contextlib.contextmanager
def opened(server: ServerSettings) -> Iterator[ServerSource]:
    source = ServerSource(server, PRICES)
    try:
        yield source
    finally:
        source.close()


def ask(
    source: ServerSource,
    wanted: list[Request],
    decoding: DecodingSettings | None = None,
    stop: Event | None = None,
) -> dict[str, Generation]:
    answers = source.answers(wanted, Extraction, decoding or DecodingSettings(), stop or Event())
    return {request.sample.id: generation for request, generation in answers}


# ── What is sent and read ────────────────────────────────────────────────────────────────────


def test_an_answer_comes_with_its_tokens_and_the_key_goes_into_the_header_alone() -> None:
    with serve() as server, opened(settings(server.url, key=KEY)) as source:
        found = ask(source, requests(3))
        facts = source.provenance()
    generation = found["s1"]
    assert (generation.raw_text, generation.finish_reason) == (ANSWER, "stop")
    assert (generation.prompt_tokens, generation.completion_tokens) == (100, 20)
    assert generation.thought_tokens == 5
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(facts) + repr(settings(server.url, key=KEY))
    assert KEY not in json.dumps(server.bodies)
    assert facts["reported_models"] == ["tiny-0613 fp_1"]
    assert facts["cost"] == {
        "prompt_tokens": 300,
        "cached_tokens": 0,
        "completion_tokens": 60,
        "amount": pytest.approx(0.0009),
        "currency": "USD",
        "price_as_of": "2026-01",
    }


def test_the_schema_is_asked_for_unless_decoding_is_free() -> None:
    with serve() as server, opened(settings(server.url)) as source:
        ask(source, requests(1))
        ask(source, requests(1), DecodingSettings(constrained=False, temperature=0.7, seed=3))
    asked, free = server.bodies
    assert asked["response_format"]["json_schema"]["schema"] == strict_schema(Extraction)
    assert (asked["temperature"], asked["max_tokens"], "seed" in asked) == (0, 2048, False)
    assert "response_format" not in free
    assert free["temperature"] == 0.7
    assert isinstance(free["seed"], int)
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("model", [Extraction, LocatedExtraction])
def test_a_strict_schema_accepts_what_the_answer_schema_accepts(model: type[Any]) -> None:
    schema = strict_schema(model)
    Draft202012Validator.check_schema(schema)
    place: dict[str, object] = {"text": "x", "location_type": "city"}
    place |= {"parent_region": None} if model is Extraction else {"latitude": 1, "longitude": 2}
    answer = {"temporal_mentions": [], "spatial_mentions": [place]}
    validator = Draft202012Validator(schema)
    assert validator.is_valid(answer)
    model.model_validate(answer)
    assert not validator.is_valid({**answer, "more": 1})
    assert not validator.is_valid({"temporal_mentions": []})
    assert not validator.is_valid({**answer, "spatial_mentions": [{"text": "x"}]})


def test_the_seed_of_a_request_is_its_own() -> None:
    with serve() as server, opened(settings(server.url)) as source:
        ask(source, requests(2), DecodingSettings(temperature=1.0))
        ask(source, requests(2), DecodingSettings(temperature=1.0))
    seeds = {body["messages"][-1]["content"]: body["seed"] for body in server.bodies}
    assert len(set(seeds.values())) == 2
    assert all(body["seed"] == seeds[body["messages"][-1]["content"]] for body in server.bodies)


@pytest.mark.parametrize(
    ("message", "finish", "text", "reason"),
    [
        ({"content": "{}", "reasoning_content": "hm"}, "stop", "<think>hm</think>{}", "stop"),
        ({"content": "{", "reasoning": None}, "length", "{", "length"),
        ({"content": None, "refusal": "I cannot."}, "stop", "I cannot.", "stop"),
        ({"content": None}, "content_filter", "", "stop"),
        ({"content": "a\ud83d"}, None, "a\ud83d", "stop"),
    ],
)
def test_thoughts_limits_refusals_and_silence_are_read(
    message: dict[str, object], finish: str | None, text: str, reason: str
) -> None:
    body = completion()
    body["choices"] = [{"finish_reason": finish, "message": message}]
    del body["usage"]
    reply = read_reply(json.dumps(body).encode())
    assert (reply.raw_text, reply.finish_reason) == (text, reason)
    assert reply.ending == str(finish)
    assert reply.used.total == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": [1]}}]}',
        b'{"choices": [{"message": "hi"}]}',
        b'{"choices": [{"message": {"content": "x"}}], "usage": [1]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_chat_completion_is_refused(body: bytes) -> None:
    with pytest.raises(ReplyError, match="the reply is no chat completion"):
        read_reply(body)


def test_a_message_of_the_server_is_short_and_on_one_line() -> None:
    assert refusal(b'{"error": {"message": "no\\n  such model"}}') == "no such model"
    assert refusal(b'{"detail": "x"}') == "{'detail': 'x'}"
    assert refusal(b"<html><title>502\nBad Gateway</title>") == "502 Bad Gateway"
    assert len(refusal(b"x" * 10_000)) == 300


# ── Pacing ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("soon", None),
        ("nan", None),
        ("86400", 86400.0),
        ("inf", 365 * 86400.0),
        ("Mon, 06 May 99999999999999999999 10:00:00 GMT", None),
        ("Mon, 06 May 2024 10:00:30 GMT", 30.0),
        ("Mon, 06 May 2024 09:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, datetime(2024, 5, 6, 10, tzinfo=UTC)) == seconds


def test_backoff_grows_to_a_limit_and_is_never_the_same_for_all() -> None:
    longest = [backoff(attempt, lambda: 1.0) for attempt in range(1, 20)]
    assert longest == sorted(longest)
    assert longest[-1] == 30.0
    assert backoff(3, lambda: 0.0) == pytest.approx(longest[2] / 10)
    assert len({backoff(3) for _ in range(20)}) > 1


def test_what_was_in_the_prompt_cache_costs_less_where_the_table_says_so() -> None:
    body = completion()
    body["usage"]["prompt_tokens_details"] = {"cached_tokens": 80}
    used = read_reply(json.dumps(body).encode()).used
    assert (used.prompt_tokens, used.cached_tokens) == (100, 80)
    assert cost(PRICES, "tiny", used)["amount"] == pytest.approx((20 + 80 / 4 + 200) / 1e6)
    assert cost(PRICES, "large", used)["amount"] is None


def test_requests_a_minute_are_kept() -> None:
    with serve() as server, opened(settings(server.url, per_minute=1200)) as source:
        ask(source, requests(9))
    gaps = [b - a for a, b in zip(server.times, server.times[1:], strict=False)]
    assert sum(gaps) >= 8 * 0.05 * 0.9


def test_tokens_a_minute_are_kept_by_what_was_counted() -> None:
    """Each request is said to take 100 tokens and takes 200: six a second, not twelve."""

    async def asked(pace: Pace) -> float:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(4):
            await pace.turn(100.0)
            pace.correct(100.0)
        return loop.time() - started

    assert 0.45 <= asyncio.run(asked(Pace(tokens_per_minute=80_000))) < 2.0
    assert asyncio.run(asked(Pace())) < 0.2


def test_tokens_a_minute_hold_requests_back() -> None:
    limited = {"tokens_per_minute": 120 * 60 * 20, "in_flight": 1}  # 20 answers of 120 a second
    with serve() as server, opened(settings(server.url, **limited)) as source:
        ask(source, requests(9))
    gaps = [b - a for a, b in zip(server.times, server.times[1:], strict=False)]
    assert sum(gaps[1:]) >= 7 * 0.05 * 0.9


def test_the_next_chunk_fills_places_while_a_slow_answer_is_awaited() -> None:
    answered_by_then: list[int] = []

    async def one_slow(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        if body["messages"][-1]["content"].endswith(" 0"):
            await asyncio.sleep(0.8)
            answered_by_then.append(server.answered)
        return web.json_response(completion())

    class Chunked(list[Request]):
        chunks = (requests(16)[4:10], requests(16)[10:])
        asked = 0

        def more(self) -> list[Request]:
            self.asked += 1
            return self.chunks[self.asked - 1] if self.asked <= len(self.chunks) else []

    with serve(one_slow) as server, opened(settings(server.url, in_flight=2)) as source:
        found = ask(source, Chunked(requests(4)))
    assert len(found) == 16
    assert answered_by_then == [15]


def test_so_many_requests_are_in_flight_and_no_more() -> None:
    async def slow(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        await asyncio.sleep(0.05)
        return web.json_response(completion())

    with serve(slow) as server, opened(settings(server.url, in_flight=7)) as source:
        started = time.monotonic()
        assert len(ask(source, requests(35))) == 35
        seconds = time.monotonic() - started
    assert server.most_open == 7
    assert seconds < 35 * 0.05


def test_answers_come_as_they_finish_not_in_order() -> None:
    async def by_number(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        await asyncio.sleep(0.6 if body["messages"][-1]["content"].endswith(" 0") else 0.0)
        return web.json_response(completion())

    with serve(by_number) as server, opened(settings(server.url)) as source:
        assert list(ask(source, requests(4)))[-1] == "s0"


# ── A hostile server ─────────────────────────────────────────────────────────────────────────


def failing(times: int, failure: Handler) -> Handler:
    """Fail the first attempts at each text, then answer."""

    async def handle(
        request: web.Request, body: dict[str, Any], attempt: int
    ) -> web.StreamResponse:
        if attempt <= times:
            return await failure(request, body, attempt)
        return await well_behaved(request, body, attempt)

    return handle


async def internal(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
    return web.Response(status=500, text="boom")


async def wrong_json(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
    return web.Response(text='{"choices": [{"mess', content_type="application/json")


async def truncated(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"message": {"content": "')
    assert request.transport is not None
    request.transport.close()
    return response


async def hung_up(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def silent(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def dripping(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
    """Always send something, so that no wait for the next byte is long."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(600):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def maintenance(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
    return web.Response(text="<html>Back soon</html>", content_type="text/html")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (internal, "500"),
        (wrong_json, "reply"),
        (maintenance, "reply"),
        (dripping, "timeout"),
        (truncated, "connection"),
        (hung_up, "connection"),
        (silent, "timeout"),
    ],
)
def test_what_fails_twice_and_then_works_is_an_answer(failure: Handler, kind: str) -> None:
    with (
        serve(failing(2, failure)) as server,
        opened(settings(server.url, timeout=0.5)) as source,
    ):
        found = ask(source, requests(4))
        facts = source.provenance()
    assert [generation.raw_text for generation in found.values()] == [ANSWER] * 4
    assert facts["retried"] == {kind: 8}
    assert facts["attempts"] == 12


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (internal, "Asked 3 times: the server says 500 (boom)."),
        (wrong_json, "Asked 3 times: the reply is no chat completion (it is no JSON: "),
        (truncated, "Asked 3 times: the reply broke off."),
        (hung_up, "Asked 3 times: the server closed the connection without a reply."),
        (silent, "Asked 3 times: no reply within 0.3 s."),
    ],
)
def test_a_sample_that_cannot_be_had_is_an_error_and_its_neighbours_are_answers(
    failure: Handler, said: str
) -> None:
    async def handle(
        request: web.Request, body: dict[str, Any], attempt: int
    ) -> web.StreamResponse:
        bad = body["messages"][-1]["content"].endswith(" 1")
        return await (failure if bad else well_behaved)(request, body, attempt)

    with serve(handle) as server, opened(settings(server.url, timeout=0.3)) as source:
        found = ask(source, requests(4))
    assert {name: g.finish_reason for name, g in found.items()} == {
        **dict.fromkeys(("s0", "s2", "s3"), "stop"),
        "s1": "error",
    }
    assert found["s1"].error.startswith(said)


def test_retry_after_holds_all_requests_back_and_costs_no_attempt() -> None:
    async def busy(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        if len(server.times) <= 6:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.json_response(completion())

    with serve(busy) as server, opened(settings(server.url, retries=0, in_flight=3)) as source:
        found = ask(source, requests(6))
    assert {g.finish_reason for g in found.values()} == {"stop"}
    first, rest = server.times[:3], server.times[3:]
    assert min(rest) - max(first) >= 0.9


def test_too_many_requests_without_a_word_of_when_are_waited_out() -> None:
    async def busy(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        return web.Response(status=429)

    with serve(failing(6, busy)) as server, opened(settings(server.url, retries=0)) as source:
        found = ask(source, requests(5))
        facts = source.provenance()
    assert {g.finish_reason for g in found.values()} == {"stop"}
    assert facts["retried"] == {"429": 30}


def test_a_server_that_wants_a_day_of_rest_ends_the_run_and_an_hour_is_said() -> None:
    async def tired(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        later = "86400" if attempt > 1 else "0"
        return web.Response(status=429, text="daily limit", headers={"Retry-After": later})

    with (
        serve(tired) as server,
        opened(settings(server.url)) as source,
        pytest.raises(UserError, match=r"429 .daily limit.; it wants 24 h of rest"),
    ):
        ask(source, requests(2))

    async def resting(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        stop.set()
        return web.Response(status=429, headers={"Retry-After": "1800"})

    stop = Event()
    lines: list[str] = []
    with serve(resting) as server:
        source = ServerSource(settings(server.url), PRICES, lines.append)
        assert ask(source, requests(5), stop=stop) == {}
        source.close()
    assert lines == ["All requests wait 1800 s, as the server says 429."]


def test_a_server_without_schemas_or_system_messages_is_met_or_named() -> None:
    async def plain(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        message = ""
        if "response_format" in body:
            message = "response_format of type json_schema is not supported"
        elif body["messages"][0]["role"] == "system":
            message = "System role not supported"
        error = web.json_response({"error": {"message": message}}, status=400)
        return error if message else web.json_response(completion())

    with serve(plain) as server, opened(settings(server.url, in_flight=1)) as source:
        with pytest.raises(UserError, match="leave the schema out with --no-constrained"):
            ask(source, requests(1))
        asked = Request(
            "k",
            Sample("s", "Rain.", {}),
            (
                {"role": "system", "content": "Extract."},
                {"role": "user", "content": "Rain."},
            ),
        )
        found = ask(source, [asked], DecodingSettings(constrained=False))
        assert source.provenance()["parameters_left_out"] == ["system message"]
    assert found["s"].raw_text == ANSWER
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "Extract.\n\nRain."}]


def test_a_key_that_a_server_repeats_is_in_no_answer_and_no_fact() -> None:
    async def echo(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        said = completion(request.headers["Authorization"] + ANSWER)
        return web.json_response({**said, "model": KEY, "system_fingerprint": KEY})

    async def refuse(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        return web.json_response({"error": {"message": "." * 290 + KEY}}, status=401)

    with serve(echo) as server, opened(settings(server.url, key=KEY)) as source:
        found = ask(source, requests(1))
        facts = source.provenance()
        assert found["s0"].raw_text == f"Bearer [key]{ANSWER}"
        assert facts["reported_models"] == ["[key] [key]"]
        server.handler = refuse
        with pytest.raises(UserError) as refused:
            ask(source, requests(1))
    assert KEY[:5] not in str(refused.value)


def test_an_error_with_status_200_is_told_in_the_servers_words() -> None:
    body = b'{"error": {"message": "upstream is overloaded"}}'
    with pytest.raises(ReplyError, match=r"no chat completion \(upstream is overloaded\)"):
        read_reply(body)


def test_what_was_answered_is_handed_over_before_the_run_ends() -> None:
    async def refused_at_once(
        request: web.Request, body: dict[str, Any], attempt: int
    ) -> web.Response:
        number = int(body["messages"][-1]["content"].split()[-1])
        await asyncio.sleep(0.2 if number else 0.0)
        return web.json_response(completion()) if number != 1 else web.Response(status=403)

    found = []

    def take(answers: Iterator[tuple[Request, Generation]]) -> None:
        for request, _ in answers:
            found.append(request.sample.id)
            time.sleep(0.5)  # as a slow evaluation does: meanwhile all others are answered

    with serve(refused_at_once) as server, opened(settings(server.url)) as source:
        answers = source.answers(requests(8), Extraction, DecodingSettings(), Event())
        with pytest.raises(UserError, match="403"):
            take(answers)
    assert sorted(found) == ["s0", *(f"s{number}" for number in range(2, 8))]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://no-such-host.invalid/v1", "no such host is known; check the host's name"),
        ("https://{address}/v1", "no TLS is spoken there; write http://"),
    ],
)
def test_an_address_that_cannot_be_right_ends_the_run_at_the_first_attempt(
    url: str, said: str
) -> None:
    with serve() as server:
        address = server.url.removeprefix("http://").removesuffix("/v1")
        wrong = settings(url.format(address=address), retries=9)
        with opened(wrong) as source, pytest.raises(UserError, match=said):
            ask(source, requests(30))


def test_an_account_without_credit_ends_the_run_at_once() -> None:
    async def empty(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        error = {"error": {"message": "You exceeded your quota.", "code": "insufficient_quota"}}
        return web.json_response(error, status=429)

    with (
        serve(empty) as server,
        opened(settings(server.url)) as source,
        pytest.raises(UserError, match="the account has no credit left there"),
    ):
        ask(source, requests(5))
    assert max(server.attempts.values()) == 1


def test_a_refusal_of_one_sample_is_its_error_and_is_not_repeated() -> None:
    async def too_long(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        if body["messages"][-1]["content"].endswith(" 2"):
            error = {"error": {"message": "maximum context length is 10 tokens"}}
            return web.json_response(error, status=400)
        return web.json_response(completion())

    with serve(too_long) as server, opened(settings(server.url)) as source:
        found = ask(source, requests(3))
    assert found["s2"].error == (
        "Asked once: the server says 400 (maximum context length is 10 tokens)."
    )
    assert max(server.attempts.values()) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "set the environment variable OPENAI_API_KEY"),
        (403, "may not do this"),
        (404, "the name in --model"),
        (302, "check --base-url"),
        (307, "write the address that it redirects to"),
        (402, "the account has no credit left there"),
    ],
)
def test_what_every_request_would_get_ends_the_run_with_a_sentence_without_the_key(
    status: int, said: str
) -> None:
    async def refuse(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        error = {"error": {"message": f"wrong: {KEY}"}}
        return web.json_response(error, status=status, headers={"Location": "http://evil.test/"})

    with (
        serve(refuse) as server,
        opened(settings(server.url, key=KEY)) as source,
        pytest.raises(UserError) as refused,
    ):
        ask(source, requests(50))
    assert said in str(refused.value)
    assert f"the server says {status} (wrong: [key])" in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_server_that_is_not_there_ends_the_run_with_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        opened(settings(f"http://127.0.0.1:{port}/v1", retries=1)) as source,
        pytest.raises(UserError, match="no answer to 10 samples in a row") as refused,
    ):
        ask(source, requests(200))
    assert "run the same command again: what was answered is kept" in str(refused.value)


def test_parameters_that_a_server_does_not_know_are_left_out_from_then_on() -> None:
    async def picky(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        for name in ("max_tokens", "temperature"):
            if name in body:
                hint = "Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                message = f"Unsupported parameter: '{name}' is not supported. {hint}"
                return web.json_response({"error": {"message": message}}, status=400)
        return web.json_response(completion())

    with serve(picky) as server, opened(settings(server.url, in_flight=1, retries=0)) as source:
        found = ask(source, requests(3))
        facts = source.provenance()
    assert {g.finish_reason for g in found.values()} == {"stop"}
    assert len(server.bodies) == 5  # two refusals, then none
    assert server.bodies[-1]["max_completion_tokens"] == 2048
    assert facts["parameters_left_out"] == ["temperature"]


def test_a_dialect_does_not_ask_the_same_again() -> None:
    dialect = Dialect()
    assert dialect.learn(400, "'seed' is not supported")
    assert not dialect.learn(400, "'seed' is not supported")
    assert not dialect.learn(500, "'temperature'")


def test_a_reply_without_end_is_cut_off() -> None:
    async def endless(
        request: web.Request, body: dict[str, Any], attempt: int
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b" " * 2**20)
        return response

    with (
        serve(endless) as server,
        opened(settings(server.url, retries=0)) as source,
        pytest.raises(UserError, match=r"the only sample; .* the reply is larger than 16 MB"),
    ):
        ask(source, requests(1))


def test_more_connections_than_the_system_allows_are_refused_in_a_sentence() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        allow_sockets(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 1000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    with pytest.raises(UserError, match=r"the system allows \d+ open files"):
        allow_sockets(10**12)
    with pytest.raises(UserError, match=r"the system allows \d+ open files"):
        check_client(10**12)  # before a run begins


# ── Stopping ─────────────────────────────────────────────────────────────────────────────────


def test_stop_ends_at_once_and_keeps_what_was_answered() -> None:
    async def half(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        number = int(body["messages"][-1]["content"].split()[-1])
        return await (well_behaved if number < 5 else silent)(request, body, attempt)

    stop, found = Event(), []
    with serve(half) as server, opened(settings(server.url, timeout=60)) as source:
        started = time.monotonic()
        for request, _ in source.answers(requests(20), Extraction, DecodingSettings(), stop):
            found.append(request.sample.id)
            if len(found) == 5:
                stop.set()
        assert time.monotonic() - started < 5
    assert sorted(found) == ["s0", "s1", "s2", "s3", "s4"]


def test_connections_are_used_again_by_the_next_chunk() -> None:
    peers = set()

    async def remember(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response(completion())

    with serve(remember) as server, opened(settings(server.url, in_flight=2)) as source:
        for _ in range(5):
            ask(source, requests(4))
    assert len(peers) <= 2


def test_replicas_are_asked_in_turn_and_may_come_and_go() -> None:
    with serve() as one, serve() as other:
        both = ServerSettings("tiny", (one.url, other.url))
        with opened(both) as source:
            ask(source, requests(10))
        assert (one.answered, other.answered) == (5, 5)
        assert server_fingerprint(both) == server_fingerprint(ServerSettings("tiny", (one.url,)))
        assert server_fingerprint(both) != server_fingerprint(ServerSettings("big", (one.url,)))
