"""Whoever asks for a sample waits for its own answer, and nothing is generated twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import BaseModel

from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Refillable, Request
from stindex.runs.acquisition import Acquisition
from stindex.runs.feeds import AssignedFeed, Chunk, PlannedFeed, assign
from stindex.runs.identity import digest
from stindex.runs.journal import JournalWriter, read_journal
from stindex.runs.plan import make_plan
from stindex.runs.record import Record
from stindex.runs.stock import stock_of_plan, take_stock
from stindex.schema import Extraction, FinishReason, Generation, Sample

PATIENCE = 10.0  # seconds after which a test that waits gives up


@dataclass
class CountingSource:
    """Answers with the sample's id and remembers what it was asked for."""

    asked: list[str] = field(default_factory=list)
    before: Callable[[Request, Event], None] = lambda _request, _stop: None
    finish: FinishReason = "stop"

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],
        decoding: DecodingSettings,
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        for request in requests:
            self.asked.append(request.sample.id)
            self.before(request, stop)
            if stop.is_set():
                return
            error = "broken" if self.finish == "error" else ""
            yield request, Generation(request.sample.id, self.finish, error=error)

    def provenance(self) -> Mapping[str, Any]:
        return {}


def _requests(count: int, gold: str = "") -> list[Request]:
    return [
        Request(digest(f"text {n}"), Sample(f"s{n}", f"text {n}", {}, metadata={"gold": gold}), ())
        for n in range(count)
    ]


def _acquisition(
    directory: Path,
    requests: list[Request],
    source: CountingSource,
    batch_size: int = 1,
    on_answer: Callable[[Record], None] = lambda _: None,
    **stock: bool,
) -> Acquisition:
    writer = JournalWriter(directory)
    there = take_stock(requests, directory, writer, **stock)
    keys = [request.key for request in requests]
    plan = make_plan(keys, there.records, batch_size, 1, run_id="run", selection="all", attempts={})
    return Acquisition(
        requests,
        there,
        writer,
        lambda: source,
        PlannedFeed(plan.chunks[: plan.todo]),
        response_model=Extraction,
        decoding=DecodingSettings(),
        on_answer=on_answer,
    )


def _all_answered(
    directory: Path,
    requests: list[Request],
    source: CountingSource,
    *,
    fresh: bool = False,
    retry_errors: bool = False,
) -> dict[str, Record]:
    acquisition = _acquisition(directory, requests, source, fresh=fresh, retry_errors=retry_errors)
    try:
        return {r.sample.id: acquisition.record(r.sample.id) for r in requests}
    finally:
        acquisition.close()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def test_an_item_waits_only_for_its_own_answer(tmp_path: Path) -> None:
    gate = threading.Event()

    def hold(request: Request, _stop: Event) -> None:
        if request.sample.id != "s0":
            assert gate.wait(PATIENCE)

    source = CountingSource(before=hold)
    acquisition = _acquisition(tmp_path / "run", _requests(4), source, batch_size=4)
    assert acquisition.record("s0").generation.raw_text == "s0"
    assert acquisition.generated == 1
    gate.set()
    assert acquisition.record("s3").generation.raw_text == "s3"
    acquisition.close()


def test_a_test_wakes_the_source_only_where_there_is_work_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquisition = _acquisition(tmp_path / "run", _requests(8), CountingSource(), batch_size=4)
    acquisition.record("s4")
    _until(lambda: not acquisition.hangs)
    woken: list[str] = []
    monkeypatch.setattr(acquisition._changed, "notify_all", lambda: woken.append("now"))
    for number in range(8):
        acquisition.record(f"s{number}")
    assert woken == []
    monkeypatch.undo()
    acquisition.close()


def test_each_answer_is_in_the_journal_before_anybody_is_told(tmp_path: Path) -> None:
    found: list[bool] = []

    def look(record: Record) -> None:
        found.append(record.key in read_journal(tmp_path / "run").records)

    acquisition = _acquisition(tmp_path / "run", _requests(3), CountingSource(), on_answer=look)
    acquisition.record("s2")
    acquisition.close()
    assert found == [True, True, True]


def test_what_is_in_stock_is_not_generated_again(tmp_path: Path) -> None:
    first = _all_answered(tmp_path / "run", _requests(5), CountingSource())
    source = CountingSource()
    assert _all_answered(tmp_path / "run", _requests(5), source) == first
    assert source.asked == []


def test_a_source_is_not_made_when_everything_is_answered(tmp_path: Path) -> None:
    _all_answered(tmp_path / "run", _requests(2), CountingSource())
    acquisition = _acquisition(tmp_path / "run", _requests(2), CountingSource())
    acquisition.record("s1")
    acquisition.close()
    assert acquisition.source is None
    assert acquisition.to_generate == 0


def test_corrected_gold_generates_nothing(tmp_path: Path) -> None:
    _all_answered(tmp_path / "old", _requests(4, gold="wrong"), CountingSource())
    source = CountingSource()
    records = _all_answered(tmp_path / "new", _requests(4, gold="right"), source)
    assert source.asked == []
    assert {record.origin for record in records.values()} == {"old"}
    assert len(read_journal(tmp_path / "new").records) == 4


def test_ten_added_samples_generate_ten(tmp_path: Path) -> None:
    _all_answered(tmp_path / "old", _requests(7), CountingSource())
    source = CountingSource()
    _all_answered(tmp_path / "new", _requests(17), source)
    assert source.asked == [f"s{n}" for n in range(7, 17)]


def test_an_answer_names_its_first_origin_however_often_it_is_taken_over(tmp_path: Path) -> None:
    _all_answered(tmp_path / "z-first", _requests(1), CountingSource())
    _all_answered(tmp_path / "m-second", _requests(1), CountingSource())
    third = _all_answered(tmp_path / "a-third", _requests(1), CountingSource())
    assert third["s0"].origin == "z-first"


def test_samples_with_the_same_request_share_one_answer(tmp_path: Path) -> None:
    twins = [Request(digest("t"), Sample(name, "t", {}), ()) for name in ("a", "b")]
    source = CountingSource()
    records = _all_answered(tmp_path / "run", twins, source)
    assert source.asked == ["a"]
    assert records["b"].generation == records["a"].generation


def test_fresh_asks_for_the_selection_again_and_keeps_the_old_lines(tmp_path: Path) -> None:
    _all_answered(tmp_path / "run", _requests(3), CountingSource())
    source = CountingSource()
    records = _all_answered(tmp_path / "run", _requests(2), source, fresh=True)
    assert source.asked == ["s0", "s1"]
    assert [records[s].attempt for s in ("s0", "s1")] == [2, 2]
    lines = b"".join(p.read_bytes() for p in (tmp_path / "run" / "journal").iterdir())
    assert lines.count(b'"kind": "answer"') == 5
    assert set(read_journal(tmp_path / "run").records) == {r.key for r in _requests(3)}


def test_answers_that_were_set_aside_are_not_taken_over(tmp_path: Path) -> None:
    _all_answered(tmp_path / "a", _requests(2), CountingSource())
    _all_answered(tmp_path / "b", _requests(2), CountingSource())
    # A fresh run that was cut short before its first answer.
    _acquisition(tmp_path / "b", _requests(2), CountingSource(), fresh=True).close()
    source = CountingSource()
    _all_answered(tmp_path / "b", _requests(2), source)
    assert source.asked == ["s0", "s1"]


def test_errors_run_again_only_when_asked_for_and_are_never_taken_over(tmp_path: Path) -> None:
    _all_answered(tmp_path / "run", _requests(2), CountingSource(finish="error"))

    plain = CountingSource()
    _all_answered(tmp_path / "run", _requests(2), plain)
    assert plain.asked == []

    elsewhere = CountingSource()
    _all_answered(tmp_path / "other", _requests(1), elsewhere)
    assert elsewhere.asked == ["s0"]

    again = CountingSource()
    records = _all_answered(tmp_path / "run", _requests(2), again, retry_errors=True)
    assert again.asked == ["s0", "s1"]
    assert {r.generation.finish_reason for r in records.values()} == {"stop"}
    assert {r.attempt for r in records.values()} == {2}


def test_stopping_drops_what_is_unfinished_and_keeps_what_is_there(tmp_path: Path) -> None:
    def hold(request: Request, stop: Event) -> None:
        if request.sample.id == "s2":
            assert stop.wait(PATIENCE)

    acquisition = _acquisition(
        tmp_path / "run", _requests(6), CountingSource(before=hold), batch_size=6
    )
    acquisition.record("s1")
    acquisition.close()
    answered = [f"s{n}" for n in range(6) if acquisition.known_record(f"s{n}") is not None]
    assert answered == ["s0", "s1"]
    assert len(read_journal(tmp_path / "run").records) == 2


def test_asking_after_the_stop_is_an_error_and_does_not_wait_for_ever(tmp_path: Path) -> None:
    acquisition = _acquisition(tmp_path / "run", _requests(40), CountingSource())
    acquisition.record("s0")
    acquisition.close()
    with pytest.raises(UserError, match="stopped"):
        acquisition.record("s39")


def test_a_failing_source_raises_to_whoever_waits_and_keeps_what_was_answered(
    tmp_path: Path,
) -> None:
    def fail(request: Request, _stop: Event) -> None:
        if request.sample.id == "s1":
            raise UserError("The server is gone; start it.")

    acquisition = _acquisition(tmp_path / "run", _requests(3), CountingSource(before=fail))
    assert acquisition.record("s0")
    for sample_id in ("s1", "s2"):
        with pytest.raises(UserError, match="The server is gone"):
            acquisition.record(sample_id)
    acquisition.close()
    assert len(read_journal(tmp_path / "run").records) == 1


def test_a_source_that_leaves_a_sample_out_is_an_error(tmp_path: Path) -> None:
    class Forgetful(CountingSource):
        def answers(
            self,
            requests: Iterable[Request],
            response_model: type[BaseModel],
            decoding: DecodingSettings,
            stop: Event,
        ) -> Iterator[tuple[Request, Generation]]:
            kept = [request for request in requests if request.sample.id != "s1"]
            return super().answers(kept, response_model, decoding, stop)

    acquisition = _acquisition(tmp_path / "run", _requests(40), Forgetful(), batch_size=2)
    with pytest.raises(UserError, match="left a sample out"):
        acquisition.record("s1")
    acquisition.close()


def test_a_journal_that_cannot_be_written_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UserError("No space left.")

    monkeypatch.setattr(JournalWriter, "append", full)
    acquisition = _acquisition(tmp_path / "run", _requests(3), CountingSource())
    with pytest.raises(UserError, match="No space left"):
        acquisition.record("s0")
    acquisition.close()


def test_generation_is_at_most_one_chunk_ahead(tmp_path: Path) -> None:
    source = CountingSource()
    acquisition = _acquisition(tmp_path / "run", _requests(12), source)  # chunks of 4, 4, 2, 1, 1
    acquisition.record("s0")
    _until(lambda: len(source.asked) == 8)
    time.sleep(0.05)  # time in which it could run further ahead
    assert len(source.asked) == 8
    acquisition.record("s4")
    _until(lambda: len(source.asked) == 10)
    acquisition.close()


def test_suspects_are_generated_one_by_one_and_only_when_their_test_asks(tmp_path: Path) -> None:
    requests = _requests(4)
    # s0 was answered by a worker that died then, s1 after this worker had taken stock.
    _all_answered(tmp_path / "run", requests[:1], CountingSource())
    writer, source = JournalWriter(tmp_path / "run"), CountingSource()
    stock = stock_of_plan(requests, tmp_path / "run", {})
    for position in range(4):
        assign(tmp_path / "assigned", Chunk((position,), suspect=True))
    feed = AssignedFeed(tmp_path / "assigned")
    acquisition = Acquisition(
        requests,
        stock,
        writer,
        lambda: source,
        feed,
        response_model=Extraction,
        decoding=DecodingSettings(),
    )
    _all_answered(tmp_path / "run", requests[:2], CountingSource())
    assert acquisition.record("s0").generation.raw_text == "s0"
    assert acquisition.record("s1").generation.raw_text == "s1"
    assert source.asked == []
    assert acquisition.record("s2").generation.raw_text == "s2"
    time.sleep(0.05)  # time in which it could run ahead
    assert source.asked == ["s2"]
    assert acquisition.record("s3").generation.raw_text == "s3"
    acquisition.close()


def test_a_worker_waits_for_assignments_that_are_not_written_yet(tmp_path: Path) -> None:
    requests, source = _requests(3), CountingSource()
    acquisition = Acquisition(
        requests,
        stock_of_plan(requests, tmp_path / "run", {}),
        JournalWriter(tmp_path / "run"),
        lambda: source,
        AssignedFeed(tmp_path / "assigned"),
        response_model=Extraction,
        decoding=DecodingSettings(),
    )
    for position in range(3):
        assign(tmp_path / "assigned", Chunk((position,)))
        assert acquisition.record(f"s{position}").generation.raw_text == f"s{position}"
    acquisition.close()
    assert source.asked == ["s0", "s1", "s2"]


def test_damage_of_the_journal_costs_that_sample_only(tmp_path: Path) -> None:
    _all_answered(tmp_path / "run", _requests(5), CountingSource())
    (path,) = (tmp_path / "run" / "journal").iterdir()
    rows = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*rows[:2], b"garbage", *rows[3:]]))
    source = CountingSource()
    _all_answered(tmp_path / "run", _requests(5), source)
    assert source.asked == ["s2"]


def test_a_source_with_a_free_place_gets_the_next_chunk_while_its_rows_are_under_way(
    tmp_path: Path,
) -> None:
    @dataclass
    class Refilling(CountingSource):
        rounds: int = 0

        def answers(
            self,
            requests: Iterable[Request],
            response_model: type[BaseModel],
            decoding: DecodingSettings,
            stop: Event,
        ) -> Iterator[tuple[Request, Generation]]:
            self.rounds += 1
            assert isinstance(requests, Refillable)
            waiting = list(requests)
            while waiting:
                request = waiting.pop(0)
                waiting.extend(requests.more() if not waiting else ())
                yield from super().answers([request], response_model, decoding, stop)

    source = Refilling()
    acquisition = _acquisition(tmp_path / "run", _requests(12), source)  # chunks of 4, 4, 2, 1, 1
    acquisition.record("s0")
    _until(lambda: len(source.asked) == 8)
    time.sleep(0.05)  # time in which it could run further ahead
    assert len(source.asked) == 8
    for number in range(12):
        acquisition.record(f"s{number}")
    acquisition.close()
    assert source.asked == [f"s{number}" for number in range(12)]
    assert source.rounds < 5
