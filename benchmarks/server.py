"""What asking a server costs: CPU of this process a sample, with thousands of requests in flight.

A server on loopback, in a process of its own, answers after a while with a typical answer; the
samples of the project's data set are asked for again and again and journaled as in a run. Prints
one JSON object; `--smoke` is the short form. Run it as `python -m benchmarks.server`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

from aiohttp import web

from stindex.datasets import load_dataset
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.server.opening import ServerSettings, allow_sockets
from stindex.llm.server.prices import Prices
from stindex.llm.server.source import ServerSource
from stindex.prompts import load_prompt
from stindex.resources import bundled
from stindex.runs.journal import JournalWriter
from stindex.runs.record import Record

MOST_CPU_MS = 3.0
ANSWER = json.dumps(
    {
        "temporal_mentions": [
            {"text": f"{day} May 2024", "normalized": f"2024-05-{day}", "temporal_type": "DATE"}
            for day in range(10, 14)
        ],
        "spatial_mentions": [
            {"text": name, "location_type": "city", "parent_region": "France"}
            for name in ("Lyon", "Paris", "Nantes", "Lille")
        ],
    }
)


def main() -> None:
    """Measure, print, and fail where it costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds that an answer takes")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.samples, options.in_flight, options.latency = 600, 200, 0.3
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, options.latency), daemon=True)
    server.start()
    try:
        found = measure(ours.recv(), options.samples, options.in_flight)
    finally:
        server.terminate()
    sys.stdout.write(json.dumps({**found, "latency_seconds": options.latency}, indent=2) + "\n")
    if found["answers"] != options.samples or found["cpu_ms_per_sample"] > MOST_CPU_MS:
        sys.exit(1)


def serve(address: Connection, latency: float) -> None:
    """Answer every request after `latency` seconds; send the address to whoever measures."""
    body = json.dumps(
        {
            "model": "instant",
            "choices": [{"finish_reason": "stop", "message": {"content": ANSWER}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 150},
        }
    ).encode()

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(latency)
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=8192).start()
        address.send(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        await asyncio.Event().wait()

    allow_sockets(10_000)
    asyncio.run(run())


def measure(url: str, samples: int, in_flight: int) -> dict[str, Any]:
    """Ask for so many samples and journal the answers; return time and CPU a sample."""
    prompt = load_prompt("iso")
    texts = load_dataset(bundled("data/input/eval_dataset_100.json")).samples
    chosen = [replace(texts[n % len(texts)], id=f"s{n}") for n in range(samples)]
    requests = [Request(f"{n:064x}", s, prompt.messages(s)) for n, s in enumerate(chosen)]
    source = ServerSource(ServerSettings("instant", (url,), in_flight=in_flight), Prices())
    answers = 0
    with tempfile.TemporaryDirectory() as directory:
        writer = JournalWriter(Path(directory))
        wall, cpu = time.perf_counter(), time.process_time()
        for request, generation in source.answers(
            requests, prompt.response_model, DecodingSettings(), Event()
        ):
            writer.append(Record(request.key, request.sample.id, generation))
            answers += generation.finish_reason == "stop"
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        writer.close()
    source.close()
    return {
        "samples": samples,
        "answers": answers,
        "requests_in_flight": in_flight,
        "wall_seconds": round(wall, 2),
        "samples_per_second": round(samples / wall, 1),
        "cpu_ms_per_sample": round(1000 * cpu / samples, 3),
        "client": str(source.provenance()["client"]),
        "request_bytes": len(json.dumps([dict(m) for m in requests[0].messages])),
    }


if __name__ == "__main__":
    main()
