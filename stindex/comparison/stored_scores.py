"""The scores of a finished run as a comparison needs them, and the check of what was read.

`StoredScores` is what a run's directory, a saved baseline and the run that just ended all become.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stindex.schema import Outcome
from stindex.scoring import DIMENSIONS, SampleScore

_HEAD = ("id", "status", "partial", "started_at", "finished_at", "identity")
# What may be said beside a difference. Paths, names of machines and command lines are left out:
# a baseline lies in a repository.
_SETTINGS = ("batch_size", "device")
_PROVENANCE = ("git", "python", "platform", "cpus", "versions", "geocoder")
_SOURCE = (
    "engine",
    "device",
    "device_name",
    "dtype",
    "batch_size_used",
    "batch_halvings",
    "batch_invariant",
)


@dataclass(frozen=True, slots=True)
class StoredSample:
    """One sample of a stored run.

    Attributes:
        content: hash of text and reference date; empty where an older version did not keep it.
        gold: hash of the gold.
        answer: hash of the raw answer; empty where that is not known.
    """

    score: SampleScore
    gold: str
    content: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class StoredScores:
    """The scores of one run.

    Attributes:
        run: `id`, `status`, `partial`, times, `identity`, `settings` (name to value) and
            `provenance` of `run.json`, as far as `run_head` keeps it.
        samples: id to score and hashes.
        details: id to the sample's object of `detailed_results.json`, where there is one.
    """

    run: Mapping[str, Any]
    samples: Mapping[str, StoredSample]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return str(self.run.get("id") or "")

    @property
    def identity(self) -> Mapping[str, Any]:
        """What the run was made of: model, prompt, decoding, data set."""
        found = self.run.get("identity")
        return found if isinstance(found, Mapping) else {}

    @property
    def model(self) -> str:
        """The model as the user named it."""
        return str(self.identity.get("model") or self.run_id)


def run_head(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a comparison needs of `run.json`."""
    settings, provenance = block(run, "settings"), block(run, "provenance")
    source = block(provenance, "source")
    return {
        **{name: run.get(name) for name in _HEAD},
        "settings": {name: block(settings, name).get("value") for name in _SETTINGS},
        "provenance": {
            **{name: provenance[name] for name in _PROVENANCE if name in provenance},
            "source": {name: source[name] for name in _SOURCE if name in source},
        },
    }


def block(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a JSON object inside another one; an empty one where there is none."""
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def read_score(data: Any, sample_id: object) -> SampleScore:  # noqa: ANN401 (any JSON value)
    """Read a score that was written by another process.

    Raises:
        ValueError: it is of another version, of another sample, or not a score at all.
    """
    try:
        score = SampleScore.from_json(data)
        _check(score)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"no score ({problem})") from None
    if not isinstance(sample_id, str) or score.sample_id != sample_id:
        raise ValueError("the score is that of another sample")
    return score


def _check(score: SampleScore) -> None:
    if not isinstance(score.document_id, str) or not isinstance(score.outcome, Outcome):
        raise TypeError("document_id")
    for name, layer in score.dimensions.items():
        if name not in DIMENSIONS:
            raise ValueError(f"the dimension {name!r} is not known")
        if not all(_is_count(count) for count in layer.counts.values()):
            raise ValueError(f"a count of {name} is no whole number")
        for pair in layer.pairs:
            if not (_is_count(pair.gold) and _is_count(pair.predicted)):
                raise ValueError(f"a pair of {name} has no positions")
            if not all(_is_plain(value) for value in pair.judgement.values()):
                raise ValueError(f"a judgement of {name} is no plain value")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_plain(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)
