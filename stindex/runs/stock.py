"""The answers that are there before anything is generated: the run's own, and other runs'.

Requests and a run's directory go in; which records count, and how often each was tried, comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stindex.llm.base import Request
from stindex.runs.journal import JournalWriter, read_journal
from stindex.runs.record import SetAside
from stindex.runs.stored_records import StoredRecords


@dataclass(frozen=True, slots=True)
class Stock:
    """Which answers are there before anything is generated.

    Attributes:
        records: key to record, the run's own and those taken over.
        attempts: key to the number of attempts that were made.
        twice: keys that have two answers of one attempt; the first counts.
        taken_over: how many were copied from other runs.
        damage: sentences about damaged journals.
    """

    records: StoredRecords
    attempts: Mapping[str, int]
    twice: frozenset[str] = frozenset()
    taken_over: int = 0
    damage: tuple[str, ...] = ()


def take_stock(
    requests: Sequence[Request],
    run_directory: Path,
    writer: JournalWriter,
    *,
    fresh: bool = False,
    retry_errors: bool = False,
) -> Stock:
    """Return the answers that need not be generated; other runs' are copied into the journal.

    Raises:
        UserError: a journal cannot be read or written.
    """
    keys = frozenset(request.key for request in requests)
    journal = read_journal(run_directory, keys)
    if fresh:
        aside = [SetAside(r.key, r.sample_id, r.attempt) for r in journal.records.values()]
        if aside:
            writer.append(*aside)
        return Stock(StoredRecords(), journal.attempts, journal.twice, 0, journal.damage)
    records = journal.records
    taken = _take_over(keys - records.keys() - journal.set_aside, run_directory, writer)
    records.update(taken)
    if retry_errors:
        answered = {k for k, r in records.items() if r.generation.finish_reason != "error"}
        records = records.only(answered)
    attempts = {**dict.fromkeys(taken, 1), **journal.attempts}
    return Stock(records, attempts, journal.twice, len(taken), journal.damage)


def stock_of_plan(
    requests: Sequence[Request], run_directory: Path, attempts: Mapping[str, int]
) -> Stock:
    """Return the answers that a process finds that has its plan from the owner.

    Args:
        attempts: key to the number of the attempt that the plan asks for, where it is not 1;
            answers of earlier attempts do not count.

    Raises:
        UserError: a journal cannot be read.
    """
    journal = read_journal(run_directory, frozenset(request.key for request in requests))
    current = {k for k in journal.records if journal.attempts[k] >= attempts.get(k, 1)}
    return Stock(
        journal.records.only(current), {key: number - 1 for key, number in attempts.items()}
    )


def _take_over(wanted: frozenset[str], run_directory: Path, writer: JournalWriter) -> StoredRecords:
    found = StoredRecords()
    for other in sorted(run_directory.parent.glob("*/journal")):
        missing = wanted - found.keys()
        if not missing:
            break
        if other.parent == run_directory:
            continue
        for key, record in read_journal(other.parent, missing).records.items():
            if record.generation.finish_reason != "error":
                origin = record.origin or other.parent.name
                (place,) = writer.append(replace(record, origin=origin, attempt=1))
                found.put(key, place)
    return found
