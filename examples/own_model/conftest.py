"""A source of answers of one's own: `--model capitals`.

It pulls requests and yields what was written for each, as it is done; here a reader that takes
every year and every capital word. What it wrote is kept, validated, placed, geocoded, scored and
reported as any model's answer is.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import Any

import pytest
from pydantic import BaseModel

from stindex.llm.base import AnswerSource, DecodingSettings, Request
from stindex.schema import Generation


class Capitals:
    """Reads years and capital words."""

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield an answer for each request; `request.messages` is the prompt, for who needs it."""
        for request in requests:
            if stop.is_set():
                return
            yield request, Generation(_answer(request.sample.text), "stop")

    def provenance(self) -> Mapping[str, Any]:
        """Say what it is; answers of one version are not taken for those of another."""
        return {"engine": "capitals", "version": 1}


def _answer(text: str) -> str:
    years = re.findall(r"\b[12][0-9]{3}\b", text)
    places = re.findall(r"(?<=in )[A-Z]\w+", text)
    found = {
        "temporal_mentions": [
            {"text": year, "normalized": year, "temporal_type": "DATE"} for year in years
        ],
        "spatial_mentions": [{"text": place, "location_type": "city"} for place in places],
    }
    return json.dumps(found)


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_models() -> Mapping[str, Callable[[], AnswerSource]]:
    """Offer the reader to `--model`."""
    return {"capitals": Capitals}
