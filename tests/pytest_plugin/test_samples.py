"""Node ids that a person can read and select by, whatever the ids of the samples are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stindex.pytest_plugin.samples import readable_ids


def test_hostile_ids_become_printable_short_and_different() -> None:
    hostile = [
        "a/b",
        "x[1]",
        "üñ-日本",
        "nul\x00",
        "new\nline",
        "\x1b[31m",
        "\ud800",
        "",
        "L" * 300,
    ]
    ids = readable_ids(hostile)
    assert ids[:3] == ["a/b", "x[1]", "üñ-日本"]
    assert ids[3:8] == ["nul\\x00", "new\\x0aline", "\\x1b[31m", "\\xd800", "row7"]
    assert len(ids[8]) == 73
    assert ids[8].startswith("L" * 64 + "~")


def test_ids_that_look_the_same_are_told_apart() -> None:
    assert readable_ids(["\n", "\\x0a", "\\x0a~2"]) == ["\\x0a", "\\x0a~2", "\\x0a~2~2"]


@given(st.lists(st.text(), max_size=30))
def test_every_id_is_printable_and_no_two_are_the_same(sample_ids: list[str]) -> None:
    ids = readable_ids(sample_ids)
    assert all(shown.isprintable() and shown for shown in ids)
    assert len(set(ids)) == len(ids) == len(sample_ids)
