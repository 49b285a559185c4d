"""The one seam for answers, whatever gives them: a model, a server, rules, a stored run.

A source pulls requests from an iterator and yields generations as they finish, in any order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from stindex.schema import Generation, Sample

Thinking = Literal["auto", "on", "off"]
Message = dict[str, str]  # {"role": "system" | "user" | "assistant", "content": ...}


@dataclass(frozen=True, slots=True)
class DecodingSettings:
    """Everything about decoding that may change an answer; part of the generation key.

    Attributes:
        max_tokens: limit of the answer, thought excluded.
        temperature: None or 0 is greedy; anything else samples, seeded by
            (seed, generation key, step), so that an answer does not depend on batch mates.
        sampling: `model` takes temperature, limits and penalties from the model's own
            `generation_config.json`, which its fingerprint covers.
        constrained: the answer's JSON schema steers decoding.
        thinking: `auto` leaves it to the model's chat template.
        thinking_tokens: limit of the thought.
        copies: where the schema steers decoding, a list that holds a mention so many times more
            often than its words stand in the text has to end; None lets it go on.
    """

    max_tokens: int = 2048
    temperature: float | None = None
    seed: int = 0
    constrained: bool = True
    thinking: Thinking = "auto"
    thinking_tokens: int = 1024
    copies: int | None = 3
    sampling: Literal["settings", "model"] = "settings"


@dataclass(frozen=True, slots=True)
class Request:
    """One answer that is wanted. `key` is its generation key."""

    key: str
    sample: Sample
    messages: tuple[Message, ...]


def request_seed(seed: int, key: str) -> int:
    """Return a seed of one request's own, so that an answer does not depend on others."""
    return int(hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()[:7], 16)


def without_system(messages: Sequence[Message]) -> list[Message]:
    """Return the messages for a model that knows no system message: it opens the first other."""
    system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
    others = [dict(m) for m in messages if m["role"] != "system"]
    if system and others:
        others[0]["content"] = f"{system}\n\n{others[0]['content']}"
    return others


@runtime_checkable
class Refillable(Protocol):
    """Requests of which there may be more by the time that these are under way."""

    def __iter__(self) -> Iterator[Request]:
        """Return those that are there."""
        ...

    def more(self) -> Sequence[Request]:
        """Return further requests, if there are any right now; does not wait for them."""
        ...


class AnswerSource(Protocol):
    """Gives answers. Made once a process; loading happens before the first answer."""

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield a generation for each request, as they finish; end early once `stop` is set.

        `requests` may be `Refillable`: a source with a free place may ask for more, and then
        answers these as well.
        """
        ...

    def provenance(self) -> Mapping[str, Any]:
        """JSON-ready facts for `run.json`: engine, device, dtype, load seconds, batch size used."""
        ...


@runtime_checkable
class Announcer(Protocol):
    """Where lines for the user go, if it can also show how far something is."""

    def __call__(self, line: str) -> None:
        """Show a line."""
        ...

    def passing(self, what: str, share: float) -> None:
        """Show that `what` is done to this share; called with 0 first and with 1 at the end."""
        ...


@runtime_checkable
class ClosableSource(Protocol):
    """A source that holds connections."""

    def close(self) -> None:
        """Give them up; called in the thread that pulled the answers."""
        ...
