"""Gets the answers of a run: from its journal, from other runs' journals, or from the source.

The source works in a thread of its own, chunk by chunk in the order of the plan and at most one
chunk ahead of the sample that was last asked for; each answer is journaled the moment it is there.
Whoever asks for a sample waits only for its own answer, and scoring and geocoding go on beside
generation.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Event, Thread

from pydantic import BaseModel

from stindex.errors import UserError
from stindex.llm.base import AnswerSource, DecodingSettings, Request
from stindex.runs.journal import JournalWriter, read_journal
from stindex.runs.plan import plan_chunks
from stindex.runs.record import Record, SetAside
from stindex.schema import Generation

SourceFactory = Callable[[], AnswerSource]


@dataclass(frozen=True, slots=True)
class Stock:
    """Which answers are there before anything is generated.

    Attributes:
        records: key to record, the run's own and those taken over.
        taken_over: how many were copied from other runs.
        damage: sentences about damaged journals.
    """

    records: Mapping[str, Record]
    attempts: Mapping[str, int]
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
        return Stock({}, journal.attempts, 0, journal.damage)
    records = dict(journal.records)
    taken = _take_over(keys - records.keys() - journal.set_aside, run_directory, writer)
    records.update(taken)
    if retry_errors:
        records = {k: r for k, r in records.items() if r.generation.finish_reason != "error"}
    return Stock(records, journal.attempts, len(taken), journal.damage)


def _take_over(
    wanted: frozenset[str], run_directory: Path, writer: JournalWriter
) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for other in sorted(run_directory.parent.glob("*/journal")):
        missing = wanted - found.keys()
        if not missing:
            break
        if other.parent == run_directory:
            continue
        for key, record in read_journal(other.parent, missing).records.items():
            if record.generation.finish_reason != "error":
                origin = record.origin or other.parent.name
                found[key] = replace(record, origin=origin, attempt=1)
    if found:
        writer.append(*found.values())
    return found


class Acquisition:
    """The answers of one process's samples. `record` waits for one; `close` stops the source."""

    def __init__(  # noqa: PLR0913 (the seams of a run meet here)
        self,
        requests: Sequence[Request],
        stock: Stock,
        writer: JournalWriter,
        make_source: SourceFactory,
        *,
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        batch_size: int,
        on_answer: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """Plan the chunks; nothing is loaded before an answer is asked for that is not there."""
        self._make_source = make_source
        self._source: AnswerSource | None = None
        self._response_model = response_model
        self._decoding = decoding
        self._stock = stock
        self._writer = writer
        self._on_answer = on_answer
        self._requests = {request.sample.id: request for request in requests}
        self._records = {r.key: stock.records[r.key] for r in requests if r.key in stock.records}
        # Samples with the same text and reference date share a key, and one answer.
        todo: dict[str, Request] = {}
        for request in requests:
            if request.key not in self._records:
                todo.setdefault(request.key, request)
        self._chunks = plan_chunks(list(todo.values()), batch_size)
        self._chunk_of = {r.key: i for i, chunk in enumerate(self._chunks) for r in chunk}
        self._wanted = -1  # the chunk of the sample that was last asked for
        self._changed = Condition()
        self._stop = Event()
        self._failure: BaseException | None = None
        self._thread: Thread | None = None

    @property
    def source(self) -> AnswerSource | None:
        """The source, once it was made."""
        return self._source

    @property
    def to_generate(self) -> int:
        """How many answers were not in stock."""
        return len(self._chunk_of)

    @property
    def generated(self) -> int:
        """How many of these are there by now."""
        with self._changed:
            return sum(key in self._records for key in self._chunk_of)

    def records(self) -> dict[str, Record]:
        """Return sample id to record, of all answers that are there."""
        with self._changed:
            return {
                sample_id: self._records[request.key]
                for sample_id, request in self._requests.items()
                if request.key in self._records
            }

    def record(self, sample_id: str) -> Record:
        """Return the answer to one sample; generate its chunk first if need be.

        Raises:
            UserError: the source or the journal failed; the run cannot go on.
        """
        request = self._requests[sample_id]
        with self._changed:
            # Also an answer that is there moves generation on to the chunk after its own.
            self._wanted = max(self._wanted, self._chunk_of.get(request.key, -1))
            self._changed.notify_all()
            if request.key in self._records:
                return self._records[request.key]
            self._start()
            while request.key not in self._records:
                if self._failure is not None:
                    raise self._failure
                self._changed.wait()
            return self._records[request.key]

    def close(self, timeout: float = 30.0) -> None:
        """Stop the source after its current step and close the journal."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
        self._writer.close()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="stindex-generation", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            for index, chunk in enumerate(self._chunks):
                if not self._wait_until_wanted(index):
                    break
                if self._source is None:
                    self._source = self._make_source()
                self._generate(self._source, chunk)
        except BaseException as failure:  # noqa: BLE001  (handed to whoever waits)
            self._fail(failure)
        else:
            self._fail(UserError("Generation was stopped; run the same command again to go on."))

    def _wait_until_wanted(self, chunk: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stop.is_set() or chunk <= self._wanted + 1)
        return not self._stop.is_set()

    def _generate(self, source: AnswerSource, chunk: Sequence[Request]) -> None:
        answers = source.answers(chunk, self._response_model, self._decoding, self._stop)
        for request, generation in answers:
            record = self._journaled(request, generation)
            with self._changed:
                self._records[request.key] = record
                self._changed.notify_all()
            self._on_answer(record)
        # Whoever waits for an answer that was left out would wait for ever.
        if not self._stop.is_set() and not self._answered(chunk):
            raise UserError("The source of answers left a sample out; run the same command again.")

    def _answered(self, chunk: Sequence[Request]) -> bool:
        with self._changed:
            return all(request.key in self._records for request in chunk)

    def _journaled(self, request: Request, generation: Generation) -> Record:
        record = Record(
            request.key,
            request.sample.id,
            generation,
            attempt=self._stock.attempts.get(request.key, 0) + 1,
            made_by=f"{socket.gethostname()}:{os.getpid()}",
            written_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        self._writer.append(record)
        return record

    def _fail(self, failure: BaseException) -> None:
        with self._changed:
            self._failure = failure
            self._changed.notify_all()
