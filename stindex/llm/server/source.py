"""An OpenAI-compatible server as a source of answers: many requests in flight, from one thread.

The event loop runs in the thread of whoever pulls answers, and each answer is handed over the
moment it is there. What a server gets wrong is tried again; a sample that cannot be had in the end
is an `error` of its own, and a server that answers nothing ends the run with a sentence.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Any

import aiohttp
from pydantic import BaseModel

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Refillable, Request
from stindex.llm.server.asking import Client, Failed
from stindex.llm.server.chat import Chat, Reply
from stindex.llm.server.opening import ServerSettings
from stindex.llm.server.pacing import Pace, backoff
from stindex.llm.server.prices import Prices, Used, cost
from stindex.schema import Generation

_MOST_PAUSES = 100  # times that one request may be told to come back later
_MOST_FAILURES = 10  # samples in a row that got no answer: the server is taken to be gone
_WORTH_SAYING = 10.0  # seconds of a pause
_POLL = 0.1  # seconds between two looks at `stop`
_CHARACTERS_A_TOKEN = 3  # of prompt and answer together, until some were counted

# The last says whether another run may get another answer.
_Finished = tuple[Request, Generation, bool]
_Found = _Finished | Exception
_Done = asyncio.Queue[_Found]


@dataclass(slots=True)
class _Counts:
    """What has happened so far."""

    answers: int = 0
    failures_in_a_row: int = 0
    is_there: bool = False  # it has answered, or refused a sample for good
    used: Used = field(default_factory=Used)
    models: set[str] = field(default_factory=set)
    endings: Counter[str] = field(default_factory=Counter)

    def add(self, reply: Reply) -> None:
        self.answers += 1
        self.is_there = True
        self.used = self.used.plus(reply.used)
        if len(self.models) < 20:
            self.models.add(" ".join(filter(None, (reply.model, reply.fingerprint))))
        if len(self.endings) < 20:
            self.endings[reply.ending] += 1

    def expected_tokens(self, body: Mapping[str, Any]) -> float:
        """Return how many tokens a request will take: as many as others, or by its length."""
        if self.answers:
            return self.used.total / self.answers
        return sum(len(m["content"]) for m in body["messages"]) / _CHARACTERS_A_TOKEN


class _Waiting:
    """The requests that were not begun; after them what more there is by then, asked each time."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = requests
        self._left = iter(requests)

    def __iter__(self) -> Iterator[Request]:
        return self

    def __next__(self) -> Request:
        found = next(self._left, None)
        if found is None and isinstance(self._requests, Refillable):
            self._left = iter(self._requests.more())
            found = next(self._left, None)
        if found is None:
            raise StopIteration
        return found


class ServerSource:
    """Asks a server; keeps its connections until `close`."""

    def __init__(
        self,
        settings: ServerSettings,
        prices: Prices,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Connect to nothing yet. `announce` is called with a line where the server wants rest."""
        self._settings = settings
        self._prices = prices
        self._announce = announce
        self._counts = _Counts()
        self._pace = Pace(settings.per_minute, settings.tokens_per_minute)
        self._open = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield a generation for each request, as they finish.

        Once `stop` is set open requests are dropped; what was answered by then is yielded.
        Errors that may be the server's are held back until its next answer: where it is gone these
        samples have none, and the next run asks for them.

        Raises:
            UserError: the server refuses every request, or is gone.
        """
        failed: list[tuple[Request, Generation]] = []
        for request, generation, again in self._finished(requests, response_model, decoding, stop):
            if again:
                failed.append((request, generation))
            else:
                yield from failed
                failed.clear()
                yield request, generation
            if generation.finish_reason != "error":
                self._counts.failures_in_a_row = 0
                continue
            self._counts.failures_in_a_row += 1
            if self._counts.failures_in_a_row >= _MOST_FAILURES:
                raise self._gone(generation.error)
        if failed and not self._counts.is_there:
            raise self._gone(failed[-1][1].error)
        if not stop.is_set():
            yield from failed

    def _finished(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[_Finished]:
        """Yield answers and errors as they come; keep so many requests in flight."""
        chat = Chat.of(self._settings.model, response_model, decoding)
        loop, waiting, done = self._running_loop(), _Waiting(requests), _Done()
        loop.run_until_complete(self._connect())
        tasks: set[asyncio.Task[None]] = set()
        running = 0
        try:
            while True:
                for request in islice(waiting, self._settings.in_flight - running):
                    task = loop.create_task(self._work(request, chat, done))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    running += 1
                found = loop.run_until_complete(_next(done, stop)) if running else None
                if found is None:
                    return
                running -= 1
                if isinstance(found, Exception):
                    yield from _answered(done)
                    raise found
                yield found
        finally:
            loop.run_until_complete(_cancel(tasks))

    def provenance(self) -> Mapping[str, Any]:
        """Say what has answered, how often it had to be asked, and what it cost; no key."""
        counts, settings, client = self._counts, self._settings, self._client
        return {
            "engine": "openai-compatible server",
            "client": f"aiohttp {aiohttp.__version__}",
            "model": settings.model,
            "base_url": list(settings.base_urls),
            "reported_models": sorted(counts.models),
            "requests_in_flight": settings.in_flight,
            "requests_per_minute": settings.per_minute,
            "tokens_per_minute": settings.tokens_per_minute,
            "answers": counts.answers,
            "attempts": client.attempts if client else 0,
            "retried": dict(client.retried) if client else {},
            "held_back": self._pace.waits,
            "parameters_left_out": client.dialect.left_out if client else [],
            "reported_finish_reasons": dict(counts.endings),
            "cost": cost(self._prices, settings.model, counts.used),
        }

    def close(self) -> None:
        """Close the connections; call it in the thread that pulled the answers."""
        if self._loop is None:
            return
        if self._client is not None:
            self._loop.run_until_complete(self._client.close())
        # Transports close themselves in the next turns of the loop.
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()
        self._loop = None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    async def _connect(self) -> None:
        if self._client is None:
            self._client = Client(self._settings)

    async def _work(self, request: Request, chat: Chat, done: _Done) -> None:
        try:
            done.put_nowait((request, *await self._generation(chat.body(request))))
        except Exception as problem:  # noqa: BLE001 (raised where the answers are pulled)
            done.put_nowait(problem)

    async def _generation(self, body: Mapping[str, Any]) -> tuple[Generation, bool]:
        """Return the answer to one request, or the error that is left; whether it may pass."""
        pauses, failures = 0, 0
        while True:
            await self._pace.turn(expected := self._counts.expected_tokens(body))
            try:
                return await self._measured(body, expected), False
            except Failed as failure:
                if failure.busy and pauses < _MOST_PAUSES:
                    pauses += 1
                    self._hold_back(failure, pauses)
                    continue
                failures += 1
                self._counts.is_there |= not failure.again
                if not failure.again or failures > self._settings.retries:
                    return _given_up(str(failure), failures + pauses), failure.again
            await asyncio.sleep(backoff(failures))

    async def _measured(self, body: Mapping[str, Any], expected: float) -> Generation:
        assert self._client is not None  # noqa: S101 (made by `_connect`)
        self._open += 1
        open_now, started = self._open, time.perf_counter()
        try:
            reply = await self._client.ask(body)
        finally:
            self._open -= 1
        self._counts.add(reply)
        self._pace.correct(reply.used.total - expected)
        return _generation(reply, time.perf_counter() - started, open_now)

    def _hold_back(self, failure: Failed, pauses: int) -> None:
        seconds = backoff(pauses) if failure.pause is None else failure.pause
        if self._pace.pause(seconds) and seconds >= _WORTH_SAYING:
            self._announce(f"All requests wait {seconds:.0f} s, as {failure}.")

    def _gone(self, error: str) -> UserError:
        count = self._counts.failures_in_a_row
        return UserError(
            f"--base-url {', '.join(self._settings.base_urls)}: no answer to "
            f"{f'{count} samples in a row' if count > 1 else 'the only sample'}; the last: "
            f"{error} See to the server and run the same command again: what was answered is kept."
        )


async def _next(done: _Done, stop: Event) -> _Found | None:
    """Return what comes next; None on `stop`, once nothing is left that was answered."""
    while done.empty():
        if stop.is_set():
            return None
        with suppress(TimeoutError):
            return await asyncio.wait_for(done.get(), _POLL)
    return done.get_nowait()


def _answered(done: _Done) -> Iterator[_Finished]:
    """Yield what was answered by the time that the run has to end."""
    while not done.empty():
        found = done.get_nowait()
        if not isinstance(found, Exception):
            yield found


async def _cancel(running: set[asyncio.Task[None]]) -> None:
    tasks = list(running)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _given_up(reason: str, attempts: int) -> Generation:
    tried = "once" if attempts == 1 else f"{attempts} times"
    return Generation("", "error", error=f"Asked {tried}: {reason}.")


def _generation(reply: Reply, seconds: float, open_now: int) -> Generation:
    return Generation(
        reply.raw_text,
        reply.finish_reason,
        reply.used.prompt_tokens,
        reply.used.completion_tokens,
        seconds,
        open_now,
        reply.thought_tokens,
    )
