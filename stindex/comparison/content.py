"""Hashes that say whether two runs saw the same text and were held against the same gold.

A hash covers what a metric or an answer may depend on, and nothing else: reformatting a file, or
a new field in the results, does not change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from stindex.schema import Sample

_LENGTH = 16
_JUDGED = (
    "text",
    "start_char",
    "end_char",
    "normalized",
    "temporal_type",
    "location_type",
    "latitude",
    "longitude",
)


def content_hash(sample: Sample) -> str:
    """Return a hash of what a model is given of a sample: text and reference date."""
    return _digest([sample.text, sample.reference_date])


def answer_hash(raw_text: str) -> str:
    """Return a hash of an answer, word for word."""
    return _digest(raw_text)


def gold_hash(gold: Mapping[str, Any]) -> str:
    """Return a hash of a sample's gold, given in the format of `detailed_results.json`."""
    layers = {
        name: [_judged(mention) for mention in mentions]
        for name, mentions in gold.items()
        if name.endswith("_mentions")
    }
    return _digest([layers, gold.get("annotation") or {}])


def _judged(mention: Mapping[str, Any]) -> list[Any]:
    known = [mention.get(key) for key in _JUDGED]
    return [*known, mention["entity_type"]] if "entity_type" in mention else known


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_LENGTH]
