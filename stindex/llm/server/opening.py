"""Settings of a run ─▶ the settings of its server; the fingerprint; the source.

Nothing here imports the HTTP client before it is needed, and the key is read from the environment
and goes nowhere but into the headers of requests.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stindex.errors import UserError
from stindex.runs.identity import digest

if TYPE_CHECKING:
    from stindex.config import ResolvedSettings, Settings
    from stindex.llm.base import AnswerSource
    from stindex.llm.server.prices import Prices

try:
    import resource
except ImportError:  # not on this system
    resource = None  # type: ignore[assignment]

KEY_VARIABLE = "OPENAI_API_KEY"
_OTHER_FILES = 200  # open files that are not connections to the server


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server is and how it may be asked.

    Attributes:
        base_urls: addresses up to `/v1`; several are replicas and are asked in turn.
        key: sent as a bearer token; never stored, logged or shown.
        in_flight: how many requests may be open at a time.
        timeout: seconds that one attempt may take.
        retries: how often a request is tried again.
        per_minute, tokens_per_minute: requests and tokens a minute; None is no limit.
    """

    model: str
    base_urls: tuple[str, ...]
    key: str = field(default="", repr=False)
    in_flight: int = 64
    timeout: float = 300.0
    retries: int = 4
    per_minute: int | None = None
    tokens_per_minute: int | None = None


def server_settings(settings: ResolvedSettings, announce: Callable[[str], None]) -> ServerSettings:
    """Return what the settings and the environment say about the server.

    Raises:
        UserError: an address is none, no model is named, or a setting is not for servers.
    """
    values = settings.values
    if not settings.explicit_model:
        raise UserError("--backend openai: name the server's model with --model.")
    _refuse_what_the_server_decides(values)
    urls = tuple(_checked(url) for url in values.base_url)
    key = _key()
    for url in urls:
        if key and urlsplit(url).scheme == "http" and not _is_local(url):
            announce(f"--base-url {url}: the key in {KEY_VARIABLE} goes there unencrypted.")
    return ServerSettings(
        values.model,
        urls,
        key,
        values.samples_together,
        float(values.request_timeout),
        values.request_retries,
        values.requests_per_minute,
        values.tokens_per_minute,
    )


def _refuse_what_the_server_decides(values: Settings) -> None:
    for option, value, default in (
        ("--quantization", values.quantization, "none"),
        ("--revision", values.revision, None),
        ("--device", values.device, "auto"),
    ):
        if value != default:
            raise UserError(
                f"{option} {value}: with --backend openai the server decides that; leave it out."
            )


def _key() -> str:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key.isascii() or any(c.isspace() or not c.isprintable() for c in key):
        raise UserError(
            f"{KEY_VARIABLE}: no key, as it has spaces, line breaks or letters beyond ASCII; "
            "set it again."
        )
    return key


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port  # noqa: F841 (a wrong port raises)
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise UserError(
            f"--base-url {url}: no address of a server; it looks like http://localhost:8000/v1."
        )
    if parts.username or parts.password:
        raise UserError(
            f"--base-url: an address with a password in it would be stored; put the key into "
            f"{KEY_VARIABLE}."
        )
    if parts.query or parts.fragment:
        raise UserError(
            f"--base-url {url}: has more than scheme, host and path; "
            "leave out what follows the path."
        )
    return url.rstrip("/").removesuffix("/chat/completions")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return address.is_private or address.is_loopback


def server_fingerprint(server: ServerSettings) -> str:
    """Return what stands for the model's weights, which nobody can see from here.

    The model's name and the first address: further ones are replicas and may come and go.
    """
    return f"server-{digest([server.base_urls[0], server.model])[:16]}"


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


def check_client(in_flight: int) -> None:
    """Check that the HTTP client is installed and may have so many connections.

    Raises:
        UserError: it is not, or may not.
    """
    try:
        import aiohttp  # noqa: F401, PLC0415 (half of the import time of a run)
    except ImportError:
        raise UserError(
            "--backend openai needs aiohttp, which is not installed; pip install 'stindex[server]'."
        ) from None
    allow_sockets(in_flight)


def open_server(
    server: ServerSettings, prices: Prices, announce: Callable[[str], None]
) -> AnswerSource:
    """Return the source; it connects when the first answer is wanted."""
    check_client(server.in_flight)
    from stindex.llm.server.source import ServerSource  # noqa: PLC0415

    return ServerSource(server, prices, announce)
