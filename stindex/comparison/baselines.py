"""Baselines: runs that later runs are compared with, read from their directory or a saved file.

`find_baseline` takes what the user named (a directory, the id of a run, a saved baseline) and
gives its scores or a sentence why not. `save_baseline` writes a file for the repository: counts,
judgements, hashes and ids, and no text. Its first line describes the run, each further line is a
sample, so that version control shows what changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stindex.comparison.content import answer_hash, gold_hash
from stindex.comparison.stored_scores import StoredSample, StoredScores, read_score, run_head
from stindex.errors import UserError
from stindex.stored import DETAILS, RUN, SUMMARY, locate_run, read_details, read_versioned
from stindex.whole_files import write_whole

KIND = "stindex-baseline"
BASELINE_VERSION = 1
BASELINE_FILE = "baseline.jsonl"

_FILES_OF_A_RUN = (RUN, DETAILS, SUMMARY)


class StoredDetails(Mapping[str, Mapping[str, Any]]):
    """The samples of a `detailed_results.json`, decoded one by one when they are asked for."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        """Keep the lines: decoded they take many times the memory."""
        self._lines = lines

    def __getitem__(self, sample_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self._lines[sample_id])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


def find_baseline(named: str, root: Path, output: Path) -> StoredScores:
    """Read the run that a user named.

    Args:
        named: a run's directory, the id of a run below `output`, or a saved baseline.
        root: relative paths are below it.
        output: where the directories of runs are.

    Raises:
        UserError: there is no such run, it cannot be read, or it is not complete.
    """
    given = root / named
    if (given / BASELINE_FILE).is_file():
        return _read_saved(given / BASELINE_FILE)
    if given.is_file() and given.name not in _FILES_OF_A_RUN:
        return _read_saved(given)
    return _read_run(locate_run(str(given) if given.exists() else named, output))


# ── A run's directory ────────────────────────────────────────────────────────────────────────


def _read_run(directory: Path) -> StoredScores:
    run = read_versioned(directory / RUN)
    _check_status(directory, run)
    path = directory / DETAILS
    samples: dict[str, StoredSample] = {}
    details: dict[str, str] = {}
    for found in read_details(path):
        sample = _detail(path, found)
        samples[sample.score.sample_id] = sample
        details[sample.score.sample_id] = json.dumps(found)
    return _complete(directory, StoredScores(run_head(run), samples, StoredDetails(details)))


def _detail(path: Path, found: Mapping[str, Any]) -> StoredSample:
    sample_id = found.get("id")
    if found.get("outcome") in (None, "error"):
        raise UserError(f"{path}: sample {sample_id!r} was not measured; finish that run first.")
    try:
        score = read_score(found["score"], sample_id)
        gold = gold_hash(found["gold"])
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise UserError(
            f"{path}: sample {sample_id!r} cannot be read ({problem}); score that run again with "
            f"`pytest eval_tests --rescore RUN`."
        ) from None
    content, raw = str(found.get("content") or ""), found.get("raw_text")
    return StoredSample(score, gold, content, answer_hash(raw) if isinstance(raw, str) else "")


# ── Saved baselines ──────────────────────────────────────────────────────────────────────────


def save_baseline(scores: StoredScores, metrics: Mapping[str, Any], target: Path) -> Path:
    """Write a baseline: into `target`, or into a file in it where that is a directory.

    Raises:
        UserError: it cannot be written.
    """
    path = target / BASELINE_FILE if target.is_dir() or not target.suffix else target
    head = {
        "kind": KIND,
        "schema_version": BASELINE_VERSION,
        "samples": len(scores.samples),
        "run": scores.run,
        "metrics": metrics,
    }
    rows = [head, *(_row(sample) for sample in scores.samples.values())]
    lines = (json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in rows)
    write_whole(path, lines, remedy="name another file")
    return path


def _row(sample: StoredSample) -> dict[str, Any]:
    return {
        "id": sample.score.sample_id,
        "content": sample.content,
        "gold": sample.gold,
        "answer": sample.answer,
        "score": sample.score.to_json(),
    }


def _read_saved(path: Path) -> StoredScores:
    lines = _text(path).splitlines()
    head = _object(path, lines[0] if lines else "", 1)
    if head.get("kind") != KIND:
        raise UserError(f"{path}: is no saved baseline; make one with `stindex baseline save`.")
    if head.get("schema_version") != BASELINE_VERSION:
        raise UserError(
            f"{path}: version {head.get('schema_version')!r} is not known, {BASELINE_VERSION} is; "
            f"save the baseline again with this version."
        )
    if head.get("samples") != len(lines) - 1 or not isinstance(head.get("run"), dict):
        raise UserError(
            f"{path}: {head.get('samples')} samples are announced and {len(lines) - 1} are there; "
            f"restore the file."
        )
    _check_status(path, head["run"])
    rows = [_saved_sample(path, n, line) for n, line in enumerate(lines[1:], start=2)]
    samples = dict(rows)
    if len(samples) != len(rows):
        twice, _ = Counter(sample_id for sample_id, _ in rows).most_common(1)[0]
        raise UserError(f"{path}: sample {twice!r} stands there twice; restore the file.")
    return _complete(path, StoredScores(head["run"], samples))


def _saved_sample(path: Path, number: int, line: str) -> tuple[str, StoredSample]:
    found = _object(path, line, number)
    try:
        score = read_score(found["score"], found["id"])
        hashes = [found[name] for name in ("gold", "content", "answer")]
    except (ValueError, KeyError) as problem:
        raise UserError(
            f"{path}, line {number}: cannot be read ({problem}); restore the file."
        ) from None
    return score.sample_id, StoredSample(score, *(str(found) for found in hashes))


# ── Both ─────────────────────────────────────────────────────────────────────────────────────


def _check_status(where: Path, run: Mapping[str, Any]) -> None:
    status = run.get("status")
    if status not in ("PASSED", "FAILED"):
        raise UserError(f"{where}: this run is {status}; finish it before comparing with it.")


def _complete(where: Path, scores: StoredScores) -> StoredScores:
    if not scores.samples:
        raise UserError(f"{where}: this run has no samples; name another one.")
    return scores


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        said = getattr(problem, "strerror", None) or "not UTF-8"
        raise UserError(f"{path}: cannot be read ({said}); check the file.") from None


def _object(path: Path, text: str, line: int) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{path}, line {line}: is no JSON object; restore the file.")
    return found
