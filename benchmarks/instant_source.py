"""A stand-in for a model that answers at once; a plugin of the harness benchmark, not of users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import Any

from pydantic import BaseModel

from stindex.config import ResolvedSettings
from stindex.llm import sources
from stindex.llm.base import DecodingSettings, Request
from stindex.llm.sources import Answerer
from stindex.schema import Generation

_ANSWER = (
    '{"temporal_mentions": [{"text": "3 May 2021", "normalized": "2021-05-03", '
    '"temporal_type": "DATE"}], "spatial_mentions": [{"text": "Lisbon", "location_type": "city"}]}'
)


class InstantSource:
    """Gives the same valid answer to every request."""

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],  # noqa: ARG002
        decoding: DecodingSettings,  # noqa: ARG002
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield an answer for each request at once."""
        for request in requests:
            if stop.is_set():
                return
            yield request, Generation(_ANSWER, "stop", 100, 40, 0.001)

    def provenance(self) -> Mapping[str, Any]:
        """Say what it is."""
        return {"engine": "instant stand-in"}


def pytest_configure() -> None:
    """Put the stand-in where the sources of answers are found."""
    sources.find_answerer = _instant_answerer


def _instant_answerer(
    settings: ResolvedSettings,  # noqa: ARG001
    announce: Callable[[str], None],  # noqa: ARG001
) -> Answerer:
    return Answerer("instant stand-in", InstantSource)
