"""Gets the answers of a run: from its journal, from other runs' journals, or from the source.

The source works in a thread of its own, chunk by chunk as its feed gives them and at most one chunk
ahead of the sample that was last asked for; each answer is journaled the moment it is there.
Whoever asks for a sample waits only for its own answer, and scoring and geocoding go on beside
generation.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from threading import Condition, Event, Thread

from pydantic import BaseModel

from stindex.errors import UserError
from stindex.llm.base import AnswerSource, ClosableSource, DecodingSettings, Refillable, Request
from stindex.runs.feeds import Chunk, Feed
from stindex.runs.journal import JournalWriter, read_journal
from stindex.runs.record import Record, SetAside
from stindex.runs.stored_records import Place, StoredRecords
from stindex.schema import Generation

ABANDONED_SECONDS = 2.0  # for the step in hand of a source that nobody waits for

SourceFactory = Callable[[], AnswerSource]


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


@dataclass(frozen=True, slots=True)
class _Requests(Refillable):
    """What a chunk lacks, and a way to ask for the next chunk's."""

    first: Sequence[Request]
    further: Callable[[], Sequence[Request]]

    def __iter__(self) -> Iterator[Request]:
        return iter(self.first)

    def more(self) -> Sequence[Request]:
        return self.further()


class Acquisition:
    """The answers of one process's samples. `record` waits for one; `close` stops the source."""

    def __init__(  # noqa: PLR0913 (the seams of a run meet here)
        self,
        requests: Sequence[Request],
        stock: Stock,
        writer: JournalWriter,
        make_source: SourceFactory,
        feed: Feed,
        *,
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        on_answer: Callable[[Record], None] = lambda _: None,
    ) -> None:
        """Nothing is loaded before an answer is asked for that is not there.

        Args:
            requests: one for each selected sample, in order; what `feed` gives are places in it.
        """
        self._make_source = make_source
        self._source: AnswerSource | None = None
        self._response_model = response_model
        self._decoding = decoding
        self._stock = stock
        self._writer = writer
        self._feed = feed
        self._on_answer = on_answer
        self._ordered = requests
        self._requests = {request.sample.id: request for request in requests}
        self._records = stock.records.only({request.key for request in requests})
        self._to_generate = len({r.key for r in requests} - self._records.keys())
        self._generated = 0
        self._taken: list[Chunk] = []
        self._chunk_of: dict[str, int] = {}  # key to its place among the chunks that were taken
        self._wanted = -1  # the chunk of the sample that was last asked for
        self._asked: str | None = None  # the key that a test waits for
        self._exhausted = False
        self._held_back: Chunk | None = None  # a suspect that was taken and is not begun
        self._abandoned = False
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
        return self._to_generate

    @property
    def generated(self) -> int:
        """How many answers this process has generated by now."""
        with self._changed:
            return self._generated

    def known_record(self, sample_id: str) -> Record | None:
        """Return the answer to one sample if it is there; None where it is not."""
        with self._changed:
            return self._records.get(self._requests[sample_id].key)

    def record(self, sample_id: str) -> Record:
        """Return the answer to one sample; generate its chunk first if need be.

        Raises:
            UserError: the source or the journal failed; the run cannot go on.
        """
        request = self._requests[sample_id]
        with self._changed:
            self._ask(request.key)
            if request.key not in self._records:
                self._start()
            while request.key not in self._records:
                if self._failure is not None:
                    raise self._failure
                self._changed.wait()
            return self._records[request.key]

    def chunk(self, number: int) -> tuple[int, ...] | None:
        """Return the places of the samples in the chunk of that number; None after the last.

        Waits until it was taken from the feed, not until it was generated.

        Raises:
            UserError: the source or the journal failed; the run cannot go on.
        """
        with self._changed:
            self._wanted = max(self._wanted, number)
            self._changed.notify_all()
            self._start()
            while number >= len(self._taken):
                if self._exhausted:
                    return None
                if self._failure is not None:
                    raise self._failure
                self._changed.wait()
            return self._taken[number].positions

    def stop(self) -> None:
        """Let the source end after its current step; whoever waits is told."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()

    def abandon(self, problem: UserError) -> None:
        """Wait for the source no longer: it may hang on a rank that is dead."""
        self._abandoned = True
        self.stop()
        if not self.is_over:
            self._fail(problem)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to generate."""
        with self._changed:
            return self._exhausted

    @property
    def hangs(self) -> bool:
        """Whether the source still works on something; to be asked after `close`."""
        return self._thread is not None and self._thread.is_alive()

    def close(self, timeout: float = 30.0) -> None:
        """Stop the source after its current step and close the journal."""
        self.stop()
        if self._thread is not None:
            self._thread.join(ABANDONED_SECONDS if self._abandoned else timeout)
        self._writer.close()

    def _ask(self, key: str) -> None:
        """Note what a test asks for, and wake the source's thread where there is work in it."""
        chunk = self._chunk_of.get(key, -1)
        # Also an answer that is there moves generation on to the chunk after its own.
        is_work = chunk > self._wanted or key not in self._records or not self._feed.ends
        self._wanted = max(self._wanted, chunk)
        self._asked = key
        if is_work:
            self._changed.notify_all()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="stindex-generation", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            while (chunk := self._next_chunk()) is not None:
                self._generate(chunk)
        except BaseException as failure:  # noqa: BLE001  (handed to whoever waits)
            self._fail(failure)
        else:
            self._fail(UserError("Generation was stopped; run the same command again to go on."))
        finally:
            if isinstance(self._source, ClosableSource):
                self._source.close()

    def _next_chunk(self) -> Chunk | None:
        """Wait until a chunk is wanted and take it; None when there is no more or on `stop`."""
        while self._wait_for(
            lambda: self._held_back is not None or self._is_wanted(len(self._taken))
        ):
            asked = self._asked
            chunk = self._held_back or self._taken_from_feed()
            self._held_back = None
            if chunk is not None:
                return chunk if self._wait_for_suspect(chunk) else None
            if self._feed.ends:
                with self._changed:
                    self._exhausted = True
                    self._changed.notify_all()
                return None
            # An assignment is there before its first test is; until then there is none.
            self._wait_for(lambda before=asked: self._asked != before)  # type: ignore[misc]
        return None

    def _taken_from_feed(self) -> Chunk | None:
        chunk = self._feed.take()
        if chunk is not None:
            self._take(chunk)
        return chunk

    def _more(self, begun: list[Request]) -> Sequence[Request]:
        """Return what the next chunk lacks, if it is wanted and there; add it to `begun`."""
        with self._changed:
            wanted = self._held_back is None and self._is_wanted(len(self._taken))
        if not wanted or self._stop.is_set():
            return ()
        chunk = self._taken_from_feed()
        if chunk is None:
            return ()
        if chunk.suspect or chunk.in_step:
            self._held_back = chunk
            return ()
        requests = self._missing(chunk)
        begun.extend(requests)
        return requests

    def _is_wanted(self, chunk: int) -> bool:
        asked = self._asked
        missing = asked is not None and asked not in self._chunk_of and asked not in self._records
        return missing or chunk <= self._wanted + 1

    def _wait_for(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stop.is_set() or condition())
        return not self._stop.is_set()

    def _take(self, chunk: Chunk) -> None:
        with self._changed:
            for position in chunk.positions:
                self._chunk_of[self._ordered[position].key] = len(self._taken)
            self._taken.append(chunk)
            if self._asked in self._chunk_of:
                self._wanted = max(self._wanted, self._chunk_of[self._asked])
            self._changed.notify_all()

    def _wait_for_suspect(self, chunk: Chunk) -> bool:
        """Hold a suspect back until its test asks; it may have been answered elsewhere."""
        if not chunk.suspect:
            return True
        requests = [self._ordered[position] for position in chunk.positions]
        wanted = {request.key for request in requests}
        if not self._wait_for(lambda: self._asked in wanted or wanted <= self._records.keys()):
            return False
        attempts = {key: self._stock.attempts.get(key, 0) + 1 for key in wanted}
        found = stock_of_plan(requests, self._writer.run_directory, attempts)
        with self._changed:
            self._records.update(found.records)
            self._changed.notify_all()
        return True

    def _missing(self, chunk: Chunk) -> list[Request]:
        # Samples with the same text and reference date share a key, and one answer.
        todo: dict[str, Request] = {}
        for position in chunk.positions:
            todo.setdefault(self._ordered[position].key, self._ordered[position])
        return [request for key, request in todo.items() if key not in self._records]

    def _generate(self, chunk: Chunk) -> None:
        requests = self._missing(chunk)
        if not requests and not chunk.in_step:
            return
        if self._source is None:
            self._source = self._make_source()
        more = tuple if chunk.in_step else partial(self._more, requests)
        answers = self._source.answers(
            _Requests(list(requests), more), self._response_model, self._decoding, self._stop
        )
        for request, generation in answers:
            record, place = self._journaled(request, generation)
            with self._changed:
                self._records.put(request.key, place, record)
                self._generated += 1
                self._changed.notify_all()
            self._on_answer(record)
        # Whoever waits for an answer that was left out would wait for ever.
        if not self._stop.is_set() and not self._answered(requests):
            raise UserError("The source of answers left a sample out; run the same command again.")

    def _answered(self, requests: Sequence[Request]) -> bool:
        with self._changed:
            return all(request.key in self._records for request in requests)

    def _journaled(self, request: Request, generation: Generation) -> tuple[Record, Place]:
        attempt = self._stock.attempts.get(request.key, 0) + 1
        record = new_record(request, generation, attempt)
        (place,) = self._writer.append(record)
        return record, place

    def _fail(self, failure: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()


@cache
def _this_process(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}"


def new_record(request: Request, generation: Generation, attempt: int) -> Record:
    """Return what this process writes down of an answer that came just now."""
    return Record(
        request.key,
        request.sample.id,
        generation,
        repeat=request.sample.repeat,
        attempt=attempt,
        made_by=_this_process(os.getpid()),
        written_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
