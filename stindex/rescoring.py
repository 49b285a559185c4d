"""A stored run ─▶ what `--rescore` takes from it: its settings, and what changed afterwards.

`stored_settings` says how its answers were made, so that the run has the same identity again;
`changes` holds the new scores against the stored ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.comparison.content import gold_hash
from stindex.errors import UserError
from stindex.stored import DETAILS, RUN, locate_run, read_details, read_versioned

if TYPE_CHECKING:
    from stindex.scoring import SampleScore

# How an answer was made; nobody can change that afterwards.
ANSWER_SETTINGS = (
    "model",
    "revision",
    "torch_dtype",
    "quantization",
    "max_tokens",
    "temperature",
    "sampling",
    "seed",
    "constrained",
    "thinking",
    "thinking_tokens",
    "copies",
    "answer",
    "prompt",
    "predictions",
)
# What the command line may say otherwise.
_OTHER_SETTINGS = (
    "dataset",
    "geocoder",
    "thresholds",
    "limit",
    "sample_id",
    "run_name",
    "repeats",
)
_SHOWN = (
    "temporal.f1_score",
    "temporal.normalization_accuracy",
    "spatial.f1_score",
    "spatial.accuracy_at_161km_end_to_end",
    "overall.success_rate",
)


def stored_settings(given: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the settings that come from the run named by `given["rescore"]`; empty without one.

    Args:
        given: what the command line and `cfg/eval.yaml` say; `output_dir` is looked at.
        root: relative paths are below it.

    Raises:
        UserError: there is no such run, or a setting is given that made its answers.
    """
    if given.get("rescore") is None:
        return {}
    directory = locate_rescored(given["rescore"], root / given.get("output_dir", "reports"), root)
    settings = read_versioned(directory / RUN)["settings"]
    kept = {
        name: settings[name]["value"]
        for name in (*ANSWER_SETTINGS, *_OTHER_SETTINGS)
        if name in settings and settings[name]["value"] is not None
    }
    if given.get("limit") is not None or given.get("sample_id"):
        kept = {name: value for name, value in kept.items() if name not in {"limit", "sample_id"}}
    return kept


def refuse_other_answers(given: Iterable[str]) -> None:
    """Refuse settings of the command line that would have made other answers.

    Raises:
        UserError: there is one.
    """
    for name in given:
        if name in ANSWER_SETTINGS:
            raise UserError(
                f"--{name.replace('_', '-')}: --rescore takes the answers of a stored run as they "
                "are; leave it out, or leave --rescore out to ask the model."
            )


def locate_rescored(name: str, output: Path, root: Path) -> Path:
    """Return where the reports of the run to be rescored are; a relative path is below `root`."""
    below = root / name
    return locate_run(str(below) if below.exists() else name, output)


@dataclass(frozen=True, slots=True)
class Before:
    """What a stored run said of a sample: a hash of its gold, and its score as JSON text."""

    gold: str
    score: str


def scores_before(directory: Path) -> dict[str, Before]:
    """Return sample id to what the stored run said of it; empty where it has no reports."""
    if not (directory / DETAILS).is_file():
        return {}
    return {
        sample["id"]: Before(
            gold_hash(sample["gold"]), _text((sample.get("score") or {}).get("dimensions"))
        )
        for sample in read_details(directory / DETAILS)
    }


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of samples: with another gold, with another score, new ones, and ones that are gone."""

    gold: tuple[str, ...]
    score: tuple[str, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]

    def to_json(self) -> dict[str, list[str]]:
        """Return it as it stands in `run.json`."""
        return {name: list(ids) for name, ids in asdict(self).items()}


def changes(
    before: Mapping[str, Before], now: Iterable[tuple[str, Mapping[str, Any], SampleScore]]
) -> Changes:
    """Return what is not as it was.

    Args:
        now: of each sample its id, its gold in the format of `detailed_results.json`, its score.
    """
    gold, score, added, seen = list[str](), list[str](), list[str](), set[str]()
    for sample_id, its_gold, its_score in now:
        seen.add(sample_id)
        known = before.get(sample_id)
        if known is None:
            added.append(sample_id)
            continue
        if gold_hash(its_gold) != known.gold:
            gold.append(sample_id)
        if _text(its_score.to_json()["dimensions"]) != known.score:
            score.append(sample_id)
    gone = tuple(i for i in before if i not in seen)
    return Changes(tuple(gold), tuple(score), tuple(added), gone)


def sentences(
    found: Changes,
    before: Mapping[str, Mapping[str, Any]],
    now: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Say in a few lines what changed: samples, then the main metrics."""
    words = {
        "gold": "another gold",
        "score": "another score",
        "added": "not in the stored run",
        "gone": "only in the stored run",
    }
    lines = [
        f"{len(ids)} {_plural(len(ids))} with {what}: {_few(ids)}."
        if name in {"gold", "score"}
        else f"{len(ids)} {_plural(len(ids))} {what}: {_few(ids)}."
        for name, what in words.items()
        if (ids := getattr(found, name))
    ]
    moved = [
        f"{name} {_number(old)} ─▶ {_number(new)}"
        for name in _SHOWN
        if (old := _metric(before, name)) != (new := _metric(now, name))
    ]
    if moved:
        lines.append(f"Against the stored figures: {', '.join(moved)}.")
    return lines or ["Every score is as it was stored."]


def _plural(count: int) -> str:
    return "sample" if count == 1 else "samples"


def _few(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")


def _metric(metrics: Mapping[str, Mapping[str, Any]], dotted: str) -> float | None:
    block, key = dotted.split(".")
    found: float | None = metrics.get(block, {}).get(key)
    return found


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
