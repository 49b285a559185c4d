"""When the next request may go: back-off with jitter, `Retry-After`, requests a minute.

A server that asks for a pause gets one from all requests, not only from the one that it refused.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan

FIRST_DELAY = 0.5  # seconds
LONGEST_DELAY = 30.0
_YEAR = 365 * 86_400.0
LONGEST_PAUSE = 3600.0  # a server that wants more rest is asked again by another run


def backoff(attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Return seconds to wait after the failed attempt of that number, from 1.

    Exponential with full jitter, but at least a tenth of it: clients that failed together do not
    come back together.
    """
    most = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (attempt - 1))
    return most * (0.1 + 0.9 * draw())


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None where it says nothing.

    It holds seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return None if isnan(seconds) else min(max(seconds, 0.0), _YEAR)


@dataclass(slots=True)
class Pace:
    """Says when a request may go; for one event loop.

    Attributes:
        per_minute: how many requests may start in a minute; None is no limit.
        tokens_per_minute: how many tokens they may take together, as expected when they start and
            corrected when they are counted; None is no limit.
    """

    per_minute: int | None = None
    tokens_per_minute: int | None = None
    _next: float = 0.0
    _next_by_tokens: float = 0.0
    _paused_until: float = 0.0
    _waits: int = 0

    def pause(self, seconds: float) -> bool:
        """Let no request go before that time is over; return whether that is news."""
        until = asyncio.get_running_loop().time() + seconds
        news = until > self._paused_until + 1.0
        self._paused_until = max(self._paused_until, until)
        return news

    @property
    def waits(self) -> int:
        """How often a request was held back."""
        return self._waits

    async def turn(self, tokens: float = 0.0) -> None:
        """Wait until a request may go that is expected to take so many tokens."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        slot = max(now, self._next, self._next_by_tokens)
        if self.per_minute is not None:
            self._next = slot + 60.0 / self.per_minute
        if self.tokens_per_minute is not None:
            self._next_by_tokens = slot + 60.0 * tokens / self.tokens_per_minute
        await self._sleep(slot - now)
        while (left := self._paused_until - loop.time()) > 0:
            # Those that were held back together do not go together.
            await self._sleep(left + random.random() * min(1.0, left))  # noqa: S311 (jitter)

    def correct(self, tokens: float) -> None:
        """Take note that a request took so many tokens more than expected, or less."""
        if self.tokens_per_minute is not None:
            self._next_by_tokens += 60.0 * tokens / self.tokens_per_minute

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._waits += 1
            await asyncio.sleep(seconds)
