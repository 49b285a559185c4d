"""A chat-completions server on loopback that does what a test says, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

ANSWER = json.dumps(
    {
        "temporal_mentions": [],
        "spatial_mentions": [{"text": "Paris", "location_type": "city", "parent_region": None}],
    }
)

# Gets the body and the number of the attempt at this text, from 1.
Handler = Callable[[web.Request, dict[str, Any], int], Awaitable[web.StreamResponse]]


def completion(content: str = ANSWER, **message: object) -> dict[str, Any]:
    """Return the JSON of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "model": "tiny-0613",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "completion_tokens_details": {"reasoning_tokens": 5},
        },
    }


async def well_behaved(
    request: web.Request, body: dict[str, Any], attempt: int
) -> web.StreamResponse:
    """Answer at once."""
    return web.json_response(completion())


class ChatServer:
    """What was asked of the server: `bodies`, `headers`, and the most that were open at a time."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.attempts: Counter[str] = Counter()
        self.times: list[float] = []
        self.answered = 0
        self.open = 0
        self.most_open = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Count and pass on."""
        body = await request.json()
        text = body["messages"][-1]["content"]
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.attempts[text] += 1
        self.times.append(asyncio.get_running_loop().time())
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            response = await self.handler(request, body, self.attempts[text])
        finally:
            self.open -= 1
        self.answered += 1
        return response


@contextmanager
def serve(handler: Handler = well_behaved) -> Iterator[ChatServer]:
    """Run a server while the block runs."""
    server = ChatServer(handler)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    stopped = asyncio.Event()

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"http://127.0.0.1:{port}/v1"
        ready.set()
        await stopped.wait()
        await runner.cleanup()

    def work() -> None:
        loop.run_until_complete(run())
        left = asyncio.all_tasks(loop)  # handlers that a test lets sleep
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
