"""A report of any number of samples, as large as real ones, made while it is read.

Texts have 1,500 characters. Most of each are invented words, drawn anew for every sample, so that
they compress no better than prose does (to about four tenths).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from stindex.reporting.results import detailed_results
from stindex.reporting.run_report import RunReport, SampleReport
from stindex.schema import SpatialMention, TemporalMention

from .building import TEXT, Draft, compared_report, run_report

_Either = TypeVar("_Either", TemporalMention, SpatialMention)

_REPEATS = 2
_LENGTH = 1500
_VARIANTS = 64


def large_report(samples: int, *, with_baseline: bool = True, length: int = _LENGTH) -> RunReport:
    """Make a report of many samples with texts of `length` characters, most with an error."""
    few = [_draft(random.Random(seed), 0.25) for seed in range(_VARIANTS)]
    before = [_draft(random.Random(seed), 0.4) for seed in range(100, 100 + _VARIANTS)]
    small = compared_report(few, before) if with_baseline else run_report(few)
    baseline = _Baseline(before, samples) if with_baseline else {}
    return replace(small, samples=_Samples(few, samples, length), baseline_samples=baseline)


def text_of(number: int, length: int = _LENGTH) -> str:
    """Return the text of a sample: its mentions first, then words of no meaning."""
    chance = random.Random(number)
    text = " ".join([TEXT] * _REPEATS)
    while len(text) < length:
        text += " " + _WORDS[chance.randrange(len(_WORDS))]
    return text[:length]


def _words() -> list[str]:
    chance = random.Random(1)
    syllables = [a + b for a in "bdfgklmnprstvw" for b in ("a", "e", "i", "o", "u", "en", "er")]
    return ["".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(20_000)]


_WORDS = _words()


class _Samples:
    def __init__(self, drafts: list[Draft], samples: int, length: int) -> None:
        self._ready = [draft.report() for draft in drafts]
        self._samples = samples
        self._length = length

    def __iter__(self) -> Iterator[SampleReport]:
        for number in range(self._samples):
            ready = self._ready[number % _VARIANTS]
            assert ready.evaluation is not None
            sample = replace(ready.sample, id=f"doc-{number}", text=text_of(number, self._length))
            raw = ready.evaluation.record.generation.raw_text.replace("2024", str(2024 + number))
            generation = replace(ready.evaluation.record.generation, raw_text=raw)
            record = replace(ready.evaluation.record, generation=generation)
            yield SampleReport(sample, replace(ready.evaluation, sample=sample, record=record))


class _Baseline(Mapping[str, Mapping[str, Any]]):
    def __init__(self, drafts: list[Draft], samples: int) -> None:
        stored = json.loads("".join(detailed_results(run_report(drafts))))["samples"]
        self._stored: list[dict[str, Any]] = stored
        self._samples = samples

    def __getitem__(self, sample_id: str) -> Mapping[str, Any]:
        number = int(sample_id.removeprefix("doc-"))
        stored = self._stored[number % _VARIANTS]
        return {**stored, "raw_text": stored["raw_text"].replace("2024", str(1024 + number))}

    def __iter__(self) -> Iterator[str]:
        return (f"doc-{number}" for number in range(self._samples))

    def __len__(self) -> int:
        return self._samples


def _draft(chance: random.Random, rate: float) -> Draft:
    times, places = _gold()
    found_times = [
        replace(m, normalized="2023-05-05") if chance.random() < rate else m
        for m in times
        if chance.random() > rate / 2
    ]
    found_places = [
        replace(
            m, latitude=(m.latitude or 0) - chance.random(), longitude=chance.uniform(-180, 180)
        )
        for m in places
        if chance.random() > rate / 2
    ]
    answer = {
        "temporal_mentions": [{"text": m.text, "normalized": m.normalized} for m in found_times],
        "spatial_mentions": [{"text": m.text, "location_type": "city"} for m in found_places],
    }
    return Draft(
        id=f"draft-{chance.random()}",
        text=text_of(0),
        temporal=times,
        spatial=places,
        predicted_temporal=found_times,
        predicted_spatial=found_places,
        raw_text=json.dumps(answer),
    )


def _gold() -> tuple[tuple[TemporalMention, ...], tuple[SpatialMention, ...]]:
    times, places = [], []
    for repeat in range(_REPEATS):
        shift = repeat * (len(TEXT) + 1)
        times += [_moved(mention, shift) for mention in Draft().temporal or ()]
        places += [_moved(mention, shift) for mention in Draft().spatial or ()]
    return tuple(times), tuple(places)


def _moved(mention: _Either, by: int) -> _Either:
    start, end = mention.start_char or 0, mention.end_char or 0
    return replace(mention, start_char=start + by, end_char=end + by)
