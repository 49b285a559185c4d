"""Each sample several times over, as one document."""

from __future__ import annotations

from pathlib import Path

import pytest

from stindex.datasets.dataset import Dataset, id_without_repeat
from stindex.errors import UserError
from stindex.schema import Sample


def dataset(*ids: str) -> Dataset:
    samples = tuple(
        Sample(name, "text", {}, document_id="d" if name == "b" else None) for name in ids
    )
    return Dataset(Path("x.json"), samples, "hash", len(samples), frozenset(ids))


def test_the_first_repeat_keeps_its_id_and_all_are_one_document() -> None:
    repeated = dataset("a", "b").repeated(3)
    assert [(s.id, s.repeat, s.document_id) for s in repeated.samples] == [
        ("a", 0, "a"),
        ("a#2", 1, "a"),
        ("a#3", 2, "a"),
        ("b", 0, "d"),
        ("b#2", 1, "d"),
        ("b#3", 2, "d"),
    ]
    assert repeated.total == 6
    assert [id_without_repeat(sample) for sample in repeated.samples] == ["a"] * 3 + ["b"] * 3


def test_once_changes_nothing() -> None:
    once = dataset("a", "b")
    assert once.repeated(1) is once


def test_a_sample_that_is_named_like_a_repeat_is_refused() -> None:
    with pytest.raises(UserError, match="sample a#2 is named like a repeat"):
        dataset("a", "a#2").repeated(2)
