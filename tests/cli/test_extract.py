"""`stindex extract`: the first thing that a newcomer tries, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

TEXT = "Rain fell on Lyon last Friday."


Extract = Callable[..., tuple[int, str, str]]


@pytest.fixture
def extract(verb: Extract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Extract:
    """Return what runs `stindex extract …` in an empty directory: status, output, error."""
    monkeypatch.chdir(tmp_path)
    return partial(verb, "extract")


def test_each_mention_is_a_line_with_position_value_and_coordinates(extract: Extract) -> None:
    status, out, err = extract(TEXT, "--reference-date", "2024-03-06")
    assert (status, err) == (0, "")
    time, place = out.splitlines()
    assert time.split() == ["18-29", "last", "Friday", "2024-03-01", "DATE"]
    assert place.split() == ["13-17", "Lyon", "45.749,", "4.848", "(Lyon,", "FR)", "city"]


def test_json_is_one_object_with_the_same_mentions_and_the_raw_answer(extract: Extract) -> None:
    _, out, _ = extract(TEXT, "--reference-date", "2024-03-06", "--json")
    found = json.loads(out)
    assert found["outcome"] == "ok"
    assert "last Friday" in found["raw_text"]
    (time,), (place,) = found["temporal_mentions"], found["spatial_mentions"]
    assert (time["start_char"], time["end_char"], time["normalized"]) == (18, 29, "2024-03-01")
    assert TEXT[place["start_char"] : place["end_char"]] == place["text"] == "Lyon"
    assert place["latitude"] == pytest.approx(45.75, abs=0.1)
    assert place["longitude"] == pytest.approx(4.85, abs=0.1)


def test_a_file_with_a_byte_order_mark_gives_what_its_text_gives(
    extract: Extract, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8-sig")
    _, from_file, _ = extract("--file", str(tmp_path / "text.txt"), "--geocoder", "none")
    _, from_text, _ = extract(TEXT, "--geocoder", "none")
    assert from_file == from_text
    assert "off" in from_file


def test_a_text_with_nothing_to_find_says_so(extract: Extract) -> None:
    status, out, _ = extract("Nothing happened.")
    assert (status, out) == (0, "No time and no place found.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either a TEXT or --file FILE"),
        (["a", "--file", "text.txt"], "give either a TEXT or --file FILE"),
        (["--file", "none.txt"], "none.txt: cannot be read (No such file or directory)"),
        (["--file", "."], ".: cannot be read (Is a directory)"),
        (["--file", "latin1.txt"], "latin1.txt: cannot be read (it is not UTF-8)"),
        (["a", "--reference-date", "soon"], "'soon' is no ISO 8601 date; write e.g. 2024-03-01"),
        (["a", "--model", "smolm2"], "did you mean `smollm2`"),
        (["a", "--prompt", "none.yaml"], "--prompt none.yaml"),
        (["a", "--geocoder", "moon"], "'moon' is not one of 'embedded', 'nominatim', 'none'"),
        (["a", "--jsn"], "--jsn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_status_4_and_a_sentence(
    extract: Extract, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "latin1.txt").write_bytes("Orléans".encode("latin-1"))
    status, out, err = extract(*arguments)
    assert (status, out) == (4, "")
    assert said in err.splitlines()[-1]
