"""The proof at the end of a run: what the journal on disk holds against what was selected.

The requests and the run's directory go in; who is answered, twice or not at all comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stindex.gates import GateVerdict
from stindex.llm.base import Request
from stindex.runs.journal import journal_rows

# A quotation mark inside an answer is escaped, so these can only be fields of the line itself.
_ATTEMPT = re.compile(rb'"(attempt|up_to_attempt)": (\d+)')


@dataclass(frozen=True, slots=True)
class Coverage:
    """Attributes.

    missing: ids of selected samples that have no answer in the journal.
    twice: ids of selected samples of which one attempt was answered twice.
    """

    missing: tuple[str, ...]
    twice: tuple[str, ...]


def prove_coverage(
    requests: Sequence[Request], run_directory: Path, known_twice: frozenset[str] = frozenset()
) -> Coverage:
    """Count the answers of a selection in the journals of a run, reading them anew.

    Args:
        known_twice: keys that were answered twice before this launch.

    Raises:
        UserError: a journal cannot be read.
    """
    counts = answers_by_key(run_directory, frozenset(request.key for request in requests))
    missing = [r.sample.id for r in requests if counts.get(r.key, 0) == 0]
    twice = [r.sample.id for r in requests if counts.get(r.key, 0) > 1 and r.key not in known_twice]
    return Coverage(tuple(missing), tuple(twice))


def without_doubles(verdict: GateVerdict, proof: Coverage) -> GateVerdict:
    """Return the verdict of coverage; it does not hold where a sample was answered twice."""
    if not proof.twice:
        return verdict
    shown = ", ".join(proof.twice[:5]) + (", …" if len(proof.twice) > 5 else "")
    reason = f"{len(proof.twice)} samples were answered twice: {shown}"
    reasons = [verdict.reason] if verdict.reason else []
    return replace(verdict, passed=False, reason="; ".join([*reasons, reason]))


def answers_by_key(run_directory: Path, keys: frozenset[str]) -> Mapping[str, int]:
    """Return key to the number of answers of its latest attempt that was not set aside."""
    latest: dict[str, tuple[int, int]] = {}  # attempt, number of answers
    aside: dict[str, int] = {}
    for key, field, attempt in _attempts(run_directory, keys):
        if field == b"up_to_attempt":
            aside[key] = max(attempt, aside.get(key, 0))
            continue
        known, count = latest.get(key, (0, 0))
        if attempt >= known:
            latest[key] = (attempt, count + 1 if attempt == known else 1)
    return {key: n for key, (attempt, n) in latest.items() if attempt > aside.get(key, 0)}


def _attempts(run_directory: Path, keys: frozenset[str]) -> Iterator[tuple[str, bytes, int]]:
    for row in journal_rows(run_directory, keys):
        fields = _ATTEMPT.findall(row)
        if fields and row.endswith(b"}"):
            yield row[9:73].decode("ascii", "replace"), fields[-1][0], int(fields[-1][1])
