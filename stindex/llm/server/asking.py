"""One request to a server over HTTP: a body goes in; a `Reply`, or why there is none, comes out.

What is taken to be for ever (a wrong key, a wrong address) is an error of the user's; anything else
is `Failed` and says whether another attempt may help. No text that comes from here has the key.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from itertools import cycle
from os import strerror
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from stindex.errors import UserError
from stindex.llm.server.chat import Dialect, Reply, ReplyError, read_reply, refusal
from stindex.llm.server.opening import KEY_VARIABLE, ServerSettings
from stindex.llm.server.pacing import LONGEST_PAUSE, retry_after

# Statuses that say: later perhaps.
_LATER = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# Statuses that every request would get, and what to do.
_NEVER = {
    301: "write the address that it redirects to, up to /v1",
    302: "check --base-url",
    303: "check --base-url",
    307: "write the address that it redirects to, up to /v1",
    308: "write the address that it redirects to, up to /v1",
    401: f"set the environment variable {KEY_VARIABLE} to a key that is valid there",
    402: "the account has no credit left there",
    403: f"the key in {KEY_VARIABLE} may not do this",
    404: "check that --base-url ends where /chat/completions follows, and the name in --model",
    405: "check that --base-url ends where /chat/completions follows",
}
_LARGEST_REPLY = 16 * 2**20  # bytes
_TO_CONNECT = 30  # seconds


class Failed(Exception):  # noqa: N818 (not an error of the program)
    """An attempt that got no answer.

    `again` says whether another may; `busy` that the server is well and wants to be asked later,
    in `pause` seconds where it says so.
    """

    def __init__(
        self, reason: str, *, again: bool, busy: bool = False, pause: float | None = None
    ) -> None:
        super().__init__(reason)
        self.again, self.busy, self.pause = again, busy, pause


class Client:
    """Connections to a server and its replicas; what they were found not to take.

    Attributes:
        attempts: how often a server was asked.
        retried: for what reason, and how often, an attempt got no answer and another may.
    """

    def __init__(self, settings: ServerSettings) -> None:
        """Connect; call it in a running event loop."""
        self._settings = settings
        self._urls = cycle(settings.base_urls)
        self._proxies = {url: proxy_of(url) for url in settings.base_urls}
        self._reached: set[str] = set()  # addresses that have sent something
        self.attempts = 0
        self.retried: Counter[str] = Counter()
        self.dialect = Dialect()
        headers = {"Content-Type": "application/json"}
        if settings.key:
            headers["Authorization"] = f"Bearer {settings.key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.in_flight),
            timeout=aiohttp.ClientTimeout(total=settings.timeout, sock_connect=_TO_CONNECT),
            headers=headers,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def ask(self, body: Mapping[str, Any]) -> Reply:
        """Ask once.

        Raises:
            Failed: there is no answer.
            UserError: no request would get one.
        """
        self.attempts += 1
        url = next(self._urls)
        content = json.dumps(self.dialect.spoken(body)).encode()
        try:
            async with self._session.post(
                f"{url}/chat/completions",
                data=content,
                allow_redirects=False,
                proxy=self._proxies[url],
            ) as response:
                self._reached.add(url)
                text = self._without_key(await _read(response))
                status, later = response.status, response.headers.get("Retry-After")
        except aiohttp.ConnectionTimeoutError:
            raise self._again("timeout", f"no connection within {_TO_CONNECT} s") from None
        except TimeoutError:
            raise self._again("timeout", f"no reply within {self._settings.timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as problem:
            raise self._unconnected(url, problem) from None
        except ReplyError as problem:
            raise self._again("reply", str(problem)) from None
        if status != 200:
            raise self._refused(url, status, text, later)
        try:
            return read_reply(text)
        except ReplyError as problem:
            raise self._again("reply", str(problem)) from None

    def _without_key(self, text: bytes) -> bytes:
        """Return a body without the key, which a server may repeat anywhere."""
        key = self._settings.key.encode()
        return text.replace(key, b"[key]") if key else text

    def _unconnected(self, url: str, problem: Exception) -> Failed | UserError:
        reason, hint = _broken(problem)
        if url in self._reached:
            return self._again("connection", reason)
        if hint:
            return UserError(f"--base-url {url}: {reason}; {hint}.")
        if isinstance(problem, aiohttp.ServerDisconnectedError) and url.startswith("http:"):
            reason += ", as one with TLS does (https://)"
        return self._again("connection", reason)

    def _refused(self, url: str, status: int, text: bytes, later: str | None) -> Failed | UserError:
        said = refusal(text)
        reason = f"the server says {status}" + (f" ({said})" if said else "")
        hint = _NEVER.get(status, "")
        if status == 429 and b"insufficient_quota" in text:
            hint = _NEVER[402]
        if self.dialect.learn(status, said):
            self.retried["parameter"] += 1
            return Failed(reason, again=True, busy=True, pause=0.0)
        if status in {400, 422} and _is_of_the_schema(said):
            hint = "leave the schema out with --no-constrained"
        pause = retry_after(later) if status in _LATER else None
        if pause is not None and pause > LONGEST_PAUSE:
            hint = f"it wants {pause / 3600:.0f} h of rest; run the same command again then"
        if hint:
            return UserError(f"--base-url {url}: {reason}; {hint}.")
        if status not in _LATER:
            return Failed(reason, again=False)
        self.retried[str(status)] += 1
        return Failed(reason, again=True, busy=status == 429 or pause is not None, pause=pause)

    def _again(self, kind: str, reason: str) -> Failed:
        self.retried[kind] += 1
        return Failed(reason, again=True)


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for an address; None where there is none."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def _is_of_the_schema(said: str) -> bool:
    return any(word in said for word in ("response_format", "json_schema"))


def _broken(problem: Exception) -> tuple[str, str]:
    """Return what is wrong with a connection, and what to do where waiting does not help."""
    hint = ""
    match problem:
        case aiohttp.InvalidURL():
            reason, hint = "no address of a server", "it looks like http://localhost:8000/v1"
        case aiohttp.ClientConnectorDNSError():
            reason, hint = "no such host is known", "check the host's name and the network"
        case aiohttp.ClientConnectorCertificateError():
            reason = f"the certificate is not trusted ({_of_the_certificate(problem)})"
            hint = "name its authority's file in SSL_CERT_FILE, or the host as the certificate does"
        case aiohttp.ClientConnectorSSLError():
            reason, hint = "no TLS is spoken there", "write http:// if the server has no TLS"
        case aiohttp.ClientHttpProxyError():
            reason, hint = f"the proxy says {problem.status}", "check HTTPS_PROXY and NO_PROXY"
        case aiohttp.ClientConnectorError():
            number = problem.os_error.errno
            reason = f"the connection failed ({strerror(number) if number else problem.os_error})"
        case aiohttp.ServerDisconnectedError():
            reason = "the server closed the connection without a reply"
        case aiohttp.ClientPayloadError():
            reason = "the reply broke off"
        case aiohttp.ClientResponseError():
            reason = "the reply is no HTTP"
        case _:
            reason = f"the connection failed ({type(problem).__name__})"
    return reason, hint


def _of_the_certificate(problem: aiohttp.ClientConnectorCertificateError) -> str:
    return str(getattr(problem.certificate_error, "verify_message", "")) or "no reason given"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_REPLY:
            raise ReplyError(f"the reply is larger than {_LARGEST_REPLY >> 20} MB")
    return b"".join(pieces)
