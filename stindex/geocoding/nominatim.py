"""The online geocoder: a Nominatim server behind the geocoder protocol.

The mentions of a document go in, a place, None or the reason of a failure comes out for each. It
asks politely: once a second over all processes of the user, under the user's own name, never the
same question twice, and not at all once the server keeps failing.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopy  # type: ignore[import-untyped]  # it has no types
from geopy.adapters import URLLibAdapter  # type: ignore[import-untyped]
from geopy.exc import (  # type: ignore[import-untyped]
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderParseError,
    GeocoderQueryError,
    GeopyError,
)
from geopy.geocoders import Nominatim  # type: ignore[import-untyped]

from stindex.errors import UserError
from stindex.geocoding.answer_cache import LONGEST_PAUSE_S, AnswerCache
from stindex.geocoding.base import GeocodingError
from stindex.geocoding.nominatim_place import place_of
from stindex.schema import Place, SpatialMention

USER_AGENT_VARIABLE = "STINDEX_NOMINATIM_USER_AGENT"
URL_VARIABLE = "STINDEX_NOMINATIM_URL"
DEFAULT_URL = "https://nominatim.openstreetmap.org"

# Names, not sentences: what is longer is an answer gone wrong and nobody's business.
_LONGEST_QUERY = 200
_BLANKS = re.compile(r"\s+")
# Asking again would give the same; the built-in ones are geopy's trouble with a wrong answer.
_FINAL = (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderParseError,
    GeocoderQueryError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)
_PASSING = (GeopyError, HTTPException, OSError)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a server is asked.

    Attributes:
        interval: seconds between two requests of all processes.
        timeout: seconds to wait for an answer.
        attempts: how often a question is asked before its mention fails.
        back_off: seconds before the second attempt; doubled for each further one.
        patience: mentions that fail in a row before the server is not asked any more.
    """

    interval: float = 1.0
    timeout: float = 10.0
    attempts: int = 3
    back_off: float = 2.0
    patience: int = 3


class NominatimGeocoder:
    """Asks a Nominatim server for each mention, with its parent region.

    Args:
        user_agent: name of the user's application with an address for complaints; by default
            the environment variable STINDEX_NOMINATIM_USER_AGENT.
        url: scheme, domain and path of the server; by default STINDEX_NOMINATIM_URL, or the
            public server.
        cache_dir: where answers are kept; ~/.stindex/geocode_cache by default.
        pace: intervals and attempts.
        sleep: waits for a number of seconds.

    Raises:
        UserError: no user agent, no usable URL, or no usable cache.
    """

    def __init__(
        self,
        user_agent: str | None = None,
        url: str | None = None,
        cache_dir: Path | None = None,
        pace: Pace = Pace(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        self._pace = pace
        self._sleep = sleep
        self._server = _server(self._url, user_agent or os.environ.get(USER_AGENT_VARIABLE, ""))
        self._cache = AnswerCache(
            cache_dir or Path.home() / ".stindex" / "geocode_cache", sleep=sleep
        )
        self._failed_in_a_row = 0
        self._closed = ""
        self._lock = threading.Lock()

    def geocode(
        self,
        mentions: Sequence[SpatialMention],
        text: str,  # noqa: ARG002 - of the protocol; the server sees names, never the text
    ) -> Sequence[Place | GeocodingError | None]:
        """Return for each mention the server's first place, None, or why there is no answer.

        A question of a document is asked once, also when it fails.
        """
        answers: dict[str, Place | GeocodingError | None] = {}
        queries = [query_of(mention) for mention in mentions]
        for query in queries:
            if query not in answers:
                answers[query] = self._answer(query)
        return [answers[query] for query in queries]

    def identity(self) -> Mapping[str, Any]:
        """Return name, server and the version of geopy; the server's data has no version."""
        return {"name": "nominatim", "version": f"geopy {geopy.__version__}", "url": self._url}

    def _answer(self, query: str) -> Place | GeocodingError | None:
        if not query or len(query) > _LONGEST_QUERY:
            return None
        try:
            known = self._cache.get(self._url, query)
            if known is None:
                with self._lock:
                    # Another thread may have asked meanwhile.
                    known = self._cache.get(self._url, query)
                    if known is None:
                        return self._ask(query)
            return Place(**known.place) if known.place else None
        except GeocodingError as error:
            return error
        except (sqlite3.Error, ValueError, TypeError) as error:
            return GeocodingError(f"The cache of geocoding answers failed: {error}")

    def _ask(self, query: str) -> Place | None:
        """Ask the server, unless it failed too often, and keep the answer."""
        if self._closed:
            raise GeocodingError(f"{self._url} was not asked, since {self._closed}")
        try:
            place = self._ask_repeatedly(query)
        except GeocodingError as error:
            self._failed_in_a_row += 1
            if self._failed_in_a_row >= self._pace.patience:
                failed = f"{self._failed_in_a_row} questions in a row failed"
                self._closed = self._closed or f"{failed}, the last one so: {error}"
            raise
        self._failed_in_a_row = 0
        self._cache.put(self._url, query, asdict(place) if place else None)
        return place

    def _ask_repeatedly(self, query: str) -> Place | None:
        # A server that failed a moment ago is tried once: a dead one shall not hold a run up.
        attempts = 1 if self._failed_in_a_row else self._pace.attempts
        for attempt in range(attempts):
            self._cache.wait_for_turn(self._url, self._pace.interval)
            try:
                return self._ask_once(query)
            except _FINAL as error:
                raise GeocodingError(self._explained(error)) from error
            except _PASSING as error:
                if attempt + 1 == attempts:
                    raise GeocodingError(self._explained(error)) from error
                self._back_off(attempt, getattr(error, "retry_after", None))
        raise GeocodingError(f"{self._url} is never asked: no attempts are allowed.")

    def _back_off(self, attempt: int, retry_after: float | None) -> None:
        if not retry_after:
            self._sleep(self._pace.back_off * 2**attempt)
        elif retry_after <= LONGEST_PAUSE_S:
            # All processes are made to wait, not this one alone.
            self._cache.pause(self._url, float(retry_after))
        else:
            self._closed = f"it asked for a rest of {retry_after:.0f} seconds."
            raise GeocodingError(f"{self._url} asked for a rest of {retry_after:.0f} seconds.")

    def _ask_once(self, query: str) -> Place | None:
        location = self._server.geocode(
            query, exactly_one=True, addressdetails=True, language="en", timeout=self._pace.timeout
        )
        return None if location is None else place_of(location.raw)

    def _explained(self, error: Exception) -> str:
        # The message of a parse error is the whole page that came.
        said = "no list of places" if isinstance(error, GeocoderParseError) else str(error)
        first_line = said.strip().split("\n")[0][:200]
        return f"{self._url} gave no usable answer ({type(error).__name__}: {first_line})."


def query_of(mention: SpatialMention) -> str:
    """Return what a server is asked for a mention: its words and its parent region."""
    name = _BLANKS.sub(" ", mention.text).strip(" ,")
    region = _BLANKS.sub(" ", mention.parent_region or "").strip(" ,")
    if not name or not region or region.casefold() in name.casefold():
        return name
    return f"{name}, {region}"


def _server(url: str, user_agent: str) -> Nominatim:
    if not user_agent.strip() or not user_agent.isprintable():
        raise UserError(
            "Nominatim asks every user for a name; set the environment variable "
            f"{USER_AGENT_VARIABLE} to your application and an address for complaints, "
            "as in 'my-study/1.0 (me@example.org)'."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise UserError(
            f"The Nominatim server {url!r} is no address; set {URL_VARIABLE} to scheme and "
            f"domain, as in {DEFAULT_URL!r}."
        )
    return Nominatim(
        user_agent=user_agent.strip(),
        domain=f"{parts.netloc}{parts.path}",
        scheme=parts.scheme,
        adapter_factory=_Adapter,
    )


class _Adapter(URLLibAdapter):  # type: ignore[misc]  # geopy has no types
    """Reads a list of places, or an object that says what is wrong, and nothing else.

    geopy takes `{}` and `null` for "no such place" and wraps longitudes that are out of range. Its
    other adapter repeats failed connections on its own, without a pause.
    """

    def get_json(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> object:
        answer = super().get_json(url, timeout=timeout, headers=headers)
        if not isinstance(answer, list) and not (isinstance(answer, dict) and "error" in answer):
            raise GeocoderParseError("The answer is no list of places.")
        if isinstance(answer, list) and answer:
            place_of(answer[0])
        return answer
