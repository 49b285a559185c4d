"""Real annotated documents, read without a lost mention."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stindex.datasets import load_dataset

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
