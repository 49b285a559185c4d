"""`--shard 2/4`: the part of a data set that one of several machines evaluates."""

from __future__ import annotations

from dataclasses import replace

from stindex.datasets import Dataset


def shard_of(dataset: Dataset, shard: str | None) -> Dataset:
    """Return every N-th sample from the K-th on, of a shard named `K/N`; all without a name.

    Neighbours in a file are often alike (long texts, one language), so the shards take turns.
    """
    if shard is None:
        return dataset
    number, count = (int(part) for part in shard.split("/"))
    return replace(dataset, samples=dataset.samples[number - 1 :: count])
