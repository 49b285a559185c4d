"""`stindex extract`: the first thing that a newcomer tries, in words and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

TEXT = "Rain fell on Lyon last Friday."
CACHE = platformdirs.user_cache_path()


def extract(*arguments: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", "from stindex.cli import main; main()", "extract", *arguments],
        cwd=directory,
        env={**os.environ, "XDG_CACHE_HOME": str(CACHE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_each_mention_is_a_line_with_position_value_and_coordinates() -> None:
    done = extract(TEXT, "--reference-date", "2024-03-06")
    assert (done.returncode, done.stderr) == (0, "")
    time, place = done.stdout.splitlines()
    assert time.split() == ["18-29", "last", "Friday", "2024-03-01", "DATE"]
    assert place.split() == ["13-17", "Lyon", "45.749,", "4.848", "(Lyon,", "FR)", "city"]


def test_json_is_one_object_with_the_same_mentions_and_the_raw_answer() -> None:
    done = extract(TEXT, "--reference-date", "2024-03-06", "--json")
    found = json.loads(done.stdout)
    assert found["outcome"] == "ok"
    assert "last Friday" in found["raw_text"]
    (time,), (place,) = found["temporal_mentions"], found["spatial_mentions"]
    assert (time["start_char"], time["end_char"], time["normalized"]) == (18, 29, "2024-03-01")
    assert TEXT[place["start_char"] : place["end_char"]] == place["text"] == "Lyon"
    assert place["latitude"] == pytest.approx(45.75, abs=0.1)
    assert place["longitude"] == pytest.approx(4.85, abs=0.1)


def test_a_file_with_a_byte_order_mark_gives_what_its_text_gives(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8-sig")
    from_file = extract("--file", str(tmp_path / "text.txt"), "--geocoder", "none")
    assert from_file.stdout == extract(TEXT, "--geocoder", "none").stdout
    assert "off" in from_file.stdout


def test_a_text_with_nothing_to_find_says_so() -> None:
    done = extract("Nothing happened.")
    assert (done.returncode, done.stdout) == (0, "No time and no place found.\n")


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
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "latin1.txt").write_bytes("Orléans".encode("latin-1"))
    done = extract(*arguments, directory=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert said in done.stderr.splitlines()[-1]
