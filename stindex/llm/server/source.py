"""An OpenAI-compatible server as a source of answers: many requests in flight, from one thread.

The event loop runs in the thread of whoever pulls answers, and each answer is handed over the
moment it is there. What a server gets wrong is tried again; a sample that cannot be had in the end
is an `error` of its own, and a server that answers nothing ends the run with a sentence.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import chain, cycle, islice
from threading import Event
from typing import Any

import aiohttp
from pydantic import BaseModel

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.server.chat import Chat, Dialect, Reply, ReplyError, read_reply, refusal
from stindex.llm.server.opening import ServerSettings
from stindex.llm.server.pacing import Pace, backoff, retry_after
from stindex.llm.server.prices import Prices, cost
from stindex.schema import Generation

try:
    import resource
except ImportError:  # not on this system
    resource = None  # type: ignore[assignment]

_OTHER_FILES = 200  # open files that are not connections to the server
# Statuses that say: later perhaps.
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# Statuses that every request would get.
_NEVER = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405})
_MOST_PAUSES = 100  # times that one request may be told to come back later
_MOST_FAILURES = 10  # samples in a row that got no answer: the server is taken to be gone
_LARGEST_REPLY = 16 * 2**20  # bytes
_POLL = 0.1  # seconds between two looks at `stop`


class _Through(Enum):
    THROUGH = "a worker has no more to do"


_THROUGH = _Through.THROUGH
_Found = tuple[Request, Generation] | _Through | Exception
_Done = asyncio.Queue[_Found]


class _Failed(Exception):  # noqa: N818 (not an error of the program)
    """An attempt that got no answer.

    `again` says whether another may; `busy` that the server is well and wants to be asked later,
    in `pause` seconds where it says so.
    """

    def __init__(
        self, reason: str, *, again: bool, busy: bool = False, pause: float | None = None
    ) -> None:
        super().__init__(reason)
        self.again, self.busy, self.pause = again, busy, pause


@dataclass(slots=True)
class _Counts:
    """What has happened so far."""

    answers: int = 0
    attempts: int = 0
    failures_in_a_row: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retried: Counter[str] = field(default_factory=Counter)
    models: set[str] = field(default_factory=set)

    def add(self, reply: Reply) -> None:
        self.answers += 1
        self.failures_in_a_row = 0
        self.prompt_tokens += reply.prompt_tokens
        self.completion_tokens += reply.completion_tokens
        if len(self.models) < 20:
            self.models.add(" ".join(filter(None, (reply.model, reply.fingerprint))))


class ServerSource:
    """Asks a server; keeps its connections until `close`."""

    def __init__(self, settings: ServerSettings, prices: Prices) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._prices = prices
        self._dialect = Dialect()
        self._counts = _Counts()
        self._pace = Pace(settings.per_minute)
        self._urls = cycle(f"{url}/chat/completions" for url in settings.base_urls)
        self._open = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield a generation for each request, as they finish.

        Once `stop` is set open requests are dropped; what was answered by then is yielded.

        Raises:
            UserError: the server refuses every request, or is gone.
        """
        chat = Chat.of(self._settings.model, response_model, decoding)
        loop = self._running_loop()
        done: _Done = asyncio.Queue()
        workers = loop.run_until_complete(self._start(iter(requests), chat, done))
        try:
            running = len(workers)
            while running:
                found = loop.run_until_complete(_next(done, stop))
                if found is None:
                    return
                if isinstance(found, Exception):
                    raise found
                if found is _THROUGH:
                    running -= 1
                else:
                    yield found
        finally:
            loop.run_until_complete(_cancel(workers))

    def provenance(self) -> Mapping[str, Any]:
        """Say what has answered, how often it had to be asked, and what it cost; no key."""
        counts, settings = self._counts, self._settings
        return {
            "engine": "openai-compatible server",
            "client": f"aiohttp {aiohttp.__version__}",
            "model": settings.model,
            "base_url": list(settings.base_urls),
            "reported_models": sorted(counts.models),
            "requests_in_flight": settings.in_flight,
            "requests_per_minute": settings.per_minute,
            "answers": counts.answers,
            "attempts": counts.attempts,
            "retried": dict(counts.retried),
            "held_back": self._pace.waits,
            "parameters_left_out": sorted(self._dialect.dropped),
            "cost": cost(
                self._prices, settings.model, counts.prompt_tokens, counts.completion_tokens
            ),
        }

    def close(self) -> None:
        """Close the connections; call it in the thread that pulled the answers."""
        if self._loop is None:
            return
        if self._session is not None:
            self._loop.run_until_complete(self._session.close())
        # Transports close themselves in the next turns of the loop.
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()
        self._loop, self._session = None, None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    async def _start(
        self, requests: Iterator[Request], chat: Chat, done: _Done
    ) -> list[asyncio.Task[None]]:
        if self._session is None:
            self._session = self._connected()
        # No more workers than there is work for.
        first = list(islice(requests, self._settings.in_flight))
        shared = chain(first, requests)
        return [asyncio.create_task(self._work(shared, chat, done)) for _ in first]

    def _connected(self) -> aiohttp.ClientSession:
        settings = self._settings
        allow_sockets(settings.in_flight)
        headers = {"Content-Type": "application/json"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.in_flight),
            timeout=aiohttp.ClientTimeout(total=settings.timeout, sock_connect=30),
            headers=headers,
            trust_env=True,
        )

    async def _work(self, requests: Iterator[Request], chat: Chat, done: _Done) -> None:
        try:
            for request in requests:
                done.put_nowait((request, await self._generation(chat.body(request))))
        except Exception as problem:  # noqa: BLE001 (raised where the answers are pulled)
            done.put_nowait(problem)
        else:
            done.put_nowait(_THROUGH)

    async def _generation(self, body: Mapping[str, Any]) -> Generation:
        """Return the answer to one request, or the error that is left after all attempts."""
        pauses, failures = 0, 0
        while True:
            await self._pace.turn()
            try:
                return await self._measured(body)
            except _Failed as failure:
                if failure.busy and pauses < _MOST_PAUSES:
                    pauses += 1
                    self._pace.pause(backoff(pauses) if failure.pause is None else failure.pause)
                    continue
                failures += 1
                if not failure.again or failures > self._settings.retries:
                    return self._given_up(str(failure), failures + pauses)
            await asyncio.sleep(backoff(failures))

    async def _measured(self, body: Mapping[str, Any]) -> Generation:
        self._open += 1
        open_now, started = self._open, time.perf_counter()
        try:
            reply = await self._attempt(body)
        finally:
            self._open -= 1
        self._counts.add(reply)
        return _generation(reply, time.perf_counter() - started, open_now)

    def _given_up(self, reason: str, attempts: int) -> Generation:
        counts = self._counts
        counts.failures_in_a_row += 1
        if counts.failures_in_a_row >= _MOST_FAILURES:
            raise UserError(
                f"--base-url {self._settings.base_urls[0]}: {_MOST_FAILURES} samples in a row got "
                f"no answer, the last one because {reason}; see to the server and run the same "
                "command again: what was answered is kept (--retry-errors asks for the errors)."
            )
        tried = "once" if attempts == 1 else f"{attempts} times"
        return Generation("", "error", error=f"Asked {tried}: {reason}.")

    async def _attempt(self, body: Mapping[str, Any]) -> Reply:
        """Ask once.

        Raises:
            _Failed: there is no answer.
            UserError: no request would get one.
        """
        assert self._session is not None  # noqa: S101 (made by `_start`)
        self._counts.attempts += 1
        content = json.dumps(self._dialect.spoken(body)).encode()
        try:
            async with self._session.post(
                next(self._urls), data=content, allow_redirects=False
            ) as response:
                text = await _read(response)
                status, later = response.status, response.headers.get("Retry-After")
        except TimeoutError:
            raise self._again("timeout", f"no reply within {self._settings.timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as problem:
            reason = self._redacted(f"the connection failed ({_cause(problem)})")
            raise self._again("connection", reason) from None
        except ReplyError as problem:
            raise self._again("reply", str(problem)) from None
        if status == 200:
            try:
                return read_reply(text)
            except ReplyError as problem:
                raise self._again("reply", str(problem)) from None
        raise self._refused(status, text, later)

    def _refused(self, status: int, text: bytes, later: str | None) -> _Failed | UserError:
        said = self._redacted(refusal(text))
        reason = f"the server says {status}" + (f" ({said})" if said else "")
        if status in _NEVER or (status == 429 and b"insufficient_quota" in text):
            hint = _HINTS.get(status, "check --base-url and --model")
            return UserError(f"--base-url {self._settings.base_urls[0]}: {reason}; {hint}.")
        if self._dialect.learn(status, text):
            self._counts.retried["parameter"] += 1
            return _Failed(reason, again=True, busy=True, pause=0.0)
        if status in _LATER:
            pause = retry_after(later)
            self._counts.retried[str(status)] += 1
            busy = status == 429 or pause is not None
            return _Failed(reason, again=True, busy=busy, pause=pause)
        return _Failed(reason, again=False)

    def _again(self, kind: str, reason: str) -> _Failed:
        self._counts.retried[kind] += 1
        return _Failed(reason, again=True)

    def _redacted(self, text: str) -> str:
        """Return a text without the key, which a server may repeat."""
        return text.replace(self._settings.key, "[key]") if self._settings.key else text


_HINTS = {
    401: "set the environment variable OPENAI_API_KEY to a key that is valid there",
    403: "the key in OPENAI_API_KEY may not do this",
    429: "the account has no credit left there",
    404: "check that --base-url ends where /chat/completions follows, and the name in --model",
}


def allow_sockets(count: int) -> None:
    """Let this process have so many connections open, as far as the system allows it.

    Raises:
        UserError: it does not.
    """
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    if hard < wanted and hard != resource.RLIM_INFINITY:
        raise UserError(
            f"--batch-size {count}: the system allows {hard} open files (ulimit -n); "
            f"{hard - _OTHER_FILES} requests in flight are the most."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_REPLY:
            raise ReplyError(f"the reply is larger than {_LARGEST_REPLY >> 20} MB")
    return b"".join(pieces)


async def _next(done: _Done, stop: Event) -> _Found | None:
    """Return what comes next; None on `stop`, once nothing is left that was answered."""
    while done.empty():
        if stop.is_set():
            return None
        with suppress(TimeoutError):
            return await asyncio.wait_for(done.get(), _POLL)
    return done.get_nowait()


async def _cancel(workers: list[asyncio.Task[None]]) -> None:
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


def _generation(reply: Reply, seconds: float, open_now: int) -> Generation:
    return Generation(
        reply.raw_text,
        reply.finish_reason,
        reply.prompt_tokens,
        reply.completion_tokens,
        seconds,
        open_now,
        reply.thought_tokens,
    )


def _cause(problem: BaseException) -> str:
    text = " ".join(str(problem).split())[:200]
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
