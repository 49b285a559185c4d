"""Chunks that are claimed or assigned, messages in files, the meeting of ranks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.runs.feeds import AssignedFeed, Chunk, ClaimedFeed, PlannedFeed, assign
from stindex.runs.mailbox import Inbox, Outbox
from stindex.runs.meeting import Meeting, Silence, launch_key, wait_for_owner
from stindex.runs.plan import Plan, make_plan, read_plan, write_plan
from stindex.runs.pulse import Pulse
from stindex.runs.roles import Role

KEYS = [f"{n:064d}" for n in range(40)]


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    pulse = Pulse()
    yield pulse
    pulse.close()


def test_a_plan_is_taken_in_order() -> None:
    feed = PlannedFeed([[0, 1], [2]])
    assert [feed.take(), feed.take(), feed.take()] == [Chunk((0, 1)), Chunk((2,)), None]


def test_each_chunk_is_claimed_once_however_many_ask_at_the_same_time(tmp_path: Path) -> None:
    chunks = [[n, n + 1] for n in range(0, 40, 2)]
    feeds = [ClaimedFeed(chunks, KEYS, tmp_path / "claims", rank) for rank in range(4)]
    taken: list[list[Chunk]] = [[] for _ in feeds]

    def take_all(rank: int) -> None:
        while (chunk := feeds[rank].take()) is not None:
            taken[rank].append(chunk)

    threads = [threading.Thread(target=take_all, args=[rank]) for rank in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    positions = [p for chunks_of_one in taken for chunk in chunks_of_one for p in chunk.positions]
    assert sorted(positions) == list(range(40))


def test_an_assignment_is_seen_once_it_is_written_and_only_then(tmp_path: Path) -> None:
    feed = AssignedFeed(tmp_path / "assigned")
    assert feed.take() is None
    assign(tmp_path / "assigned", Chunk((3, 4)))
    assign(tmp_path / "assigned", Chunk((5,), suspect=True))
    assert [feed.take(), feed.take(), feed.take()] == [
        Chunk((3, 4)),
        Chunk((5,), suspect=True),
        None,
    ]


def test_a_message_that_is_being_written_is_left_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "box"
    inbox = Inbox(path)
    assert inbox.received() == []
    Outbox(path).send({"report": "\ud800"})
    with path.open("ab") as file:
        file.write(b'{"done": ')
    assert inbox.received() == [{"report": "\ud800"}]
    with path.open("ab") as file:
        file.write(b"0}\n")
    assert inbox.received() == [{"done": 0}]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = make_plan(
        ["a", "b", "a", "c"], {"c"}, 1, 2, run_id="r", selection="s", attempts={"b": 2, "c": 1}
    )
    assert plan == Plan("r", "s", ((0, 2), (1,), (3,)), 2, {1: 3})
    assert read_plan(tmp_path / "plan.json") is None
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan


def _ranks(world: int) -> list[Role]:
    return [Role("rank", rank, world, rank) for rank in range(world)]


def test_ranks_meet_in_a_directory_that_no_earlier_launch_had(tmp_path: Path, pulse: Pulse) -> None:
    met: list[set[Path]] = []
    for _ in range(2):  # the second launch finds what the first one left
        found: dict[int, Meeting] = {}

        def meet(role: Role, found: dict[int, Meeting] = found) -> None:
            found[role.rank] = Meeting(tmp_path, "key", role, pulse, 20.0)

        threads = [threading.Thread(target=meet, args=[role]) for role in reversed(_ranks(3))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        met.append({meeting.directory for meeting in found.values()})
        assert len(met[-1]) == 1
        found[0]._closed.set()  # killed: nothing is removed
    assert met[0] != met[1]


def test_a_rank_that_nobody_answers_gives_up_with_a_sentence(tmp_path: Path, pulse: Pulse) -> None:
    with pytest.raises(UserError, match="rank 1 has heard nothing from rank 0"):
        Meeting(tmp_path, "key", Role("rank", 1, 2, 1), pulse, 0.2)


def test_waiting_for_rank_0_ends_when_it_is_silent_or_has_ended(tmp_path: Path) -> None:
    launch = tmp_path / "launch"
    launch.mkdir()
    (launch / "alive-rank0").touch()
    assert wait_for_owner(launch, lambda: True, 5.0)
    assert not wait_for_owner(launch, lambda: False, 0.2)
    (launch / "problem").touch()
    assert not wait_for_owner(launch, lambda: False, 60.0)


def test_silence_is_measured_by_change_and_not_by_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "alive"
    path.touch()
    silence = Silence(path)
    assert silence.seconds() < 1.0  # as old as the file may be by another clock


def test_launches_on_one_machine_have_keys_of_their_own() -> None:
    role = Role("rank", 0, 2)
    torchrun = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "LOCAL_WORLD_SIZE": "2"}
    assert launch_key(torchrun, role) == launch_key(dict(torchrun), Role("rank", 1, 2, 1))
    assert launch_key(torchrun, role) != launch_key({**torchrun, "MASTER_PORT": "29501"}, role)
