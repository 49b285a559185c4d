"""A Nominatim server on the loopback interface that counts, delays, fails and lies on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

PERTH = {
    "lat": "56.3950",
    "lon": "-3.4308",
    "name": "Perth",
    "display_name": "Perth, Perth and Kinross, Scotland, United Kingdom",
    "osm_type": "node",
    "osm_id": 21,
    "category": "place",
    "type": "city",
    "addresstype": "city",
    "address": {"country_code": "gb", "ISO3166-2-lvl4": "GB-SCT"},
    "boundingbox": ["56.2", "56.5", "-3.6", "-3.2"],
}


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: str = "[]"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


def found(place: object) -> Reply:
    return Reply(body=json.dumps([place]))


@dataclass
class FakeNominatim:
    """Answers each query by `answer`; keeps what came in and when."""

    answer: Callable[[str], Reply] = lambda _: Reply()
    queries: list[str] = field(default_factory=list)
    user_agents: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    url: str = ""

    def receive(self, path: str, user_agent: str) -> Reply:
        self.times.append(time.monotonic())
        query = parse_qs(urlsplit(path).query)["q"][0]
        self.queries.append(query)
        self.user_agents.append(user_agent)
        return self.answer(query)

    def gaps(self) -> list[float]:
        times = sorted(self.times)
        return [later - earlier for earlier, later in pairwise(times)]


@contextmanager
def running(server: FakeNominatim) -> Iterator[FakeNominatim]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = server.receive(self.path, self.headers["User-Agent"])
            time.sleep(reply.delay)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet about clients that did not wait for the answer."""

    http = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
