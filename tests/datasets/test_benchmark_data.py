"""Real annotated documents, read without a lost mention."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stindex.datasets import load_dataset
from stindex.schema import TemporalMention
from stindex.temporal import Kind, parse

pytestmark = pytest.mark.skipif(
    "STINDEX_BENCHMARK_DATA" not in os.environ, reason="no benchmark data"
)


def data(name: str) -> Path:
    return Path(os.environ["STINDEX_BENCHMARK_DATA"]) / name


@pytest.mark.parametrize(
    ("name", "samples", "temporal", "spatial"),
    [("meantime_en.jsonl", 120, 488, 254), ("geovirus.jsonl", 229, 0, 2167)],
)
def test_no_mention_of_real_documents_is_lost(
    name: str, samples: int, temporal: int, spatial: int
) -> None:
    found = load_dataset(data(name)).samples
    mentions = {
        layer: sum(len(s.gold[layer].mentions) for s in found if layer in s.gold)
        for layer in ("temporal", "spatial")
    }
    assert (len(found), mentions) == (samples, {"temporal": temporal, "spatial": spatial})


# Slips of the annotators that are no values of ISO 8601 or TIMEX3; what was meant is not certain.
MALFORMED = ["03-02-2009", "PM6", "PY5"]


def test_every_value_of_real_documents_is_read() -> None:
    values = {
        mention.normalized
        for sample in load_dataset(data("meantime_en.jsonl")).samples
        for mention in sample.gold["temporal"].mentions
        if isinstance(mention, TemporalMention)
    }
    unread = sorted(value for value in values if parse(value).kind is Kind.INVALID)
    print(f"{len(values)} different values, not read: {unread}")  # noqa: T201 (a measurement)
    assert unread == MALFORMED
