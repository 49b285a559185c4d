"""`stindex validate`: every problem at once, each with place, sample, field and remedy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RAIN = {"id": "rain", "text": "Rain in Lyon.", "ground_truth": {"spatial": [{"text": "Lyon"}]}}
SNOW = {"id": "snow", "text": "Snow in May 2011.", "ground_truth": {"temporal": []}}
BROKEN: list[object] = [
    RAIN,
    {**SNOW, "reference_date": "soon"},
    RAIN,
    {**SNOW, "id": "wind", "ground_truth": {"spatial": [{"text": "Paris"}]}},
    {"id": "fog", "text": "Fog.", "referenze_date": "2024-01-01", "ground_truth": {}},
    {**RAIN, "id": "hail", "ground_truth": {"spatial": [{"text": "Lyon", "latitude": 91}]}},
    {
        **RAIN,
        "id": "sun",
        "ground_truth": {"spatial": [{"text": "Lyon", "start_char": 0, "end_char": 4}]},
    },
    "no object",
]
PROBLEMS = [
    ("1", "snow", "reference_date", "is no ISO 8601 date", "correct it"),
    ("2", "rain", "id", "has the id of another sample", "give each sample its own id"),
    ("3", "wind", "ground_truth.spatial.0", "'Paris' is not in the text", "correct the mention"),
    ("4", "fog", "referenze_date", "is no known key", "rename or remove it"),
    ("5", "hail", "ground_truth.spatial.0.latitude", "less than or equal to 90", "correct it"),
    ("6", "sun", "ground_truth.spatial.0", "the text has 'Rain' at 0:4", "correct the offsets"),
    ("7", "", "", "not an object", "write one object a sample"),
]


def validate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from stindex.cli import main; main()", "validate"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def written(path: Path, samples: list[object]) -> str:
    if path.suffix == ".jsonl":
        content = "\n".join(json.dumps(sample) for sample in samples)
    else:
        content = json.dumps(samples)
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_a_sound_file_is_status_0_with_its_counts(tmp_path: Path) -> None:
    file = written(tmp_path / "mine.json", [RAIN, SNOW])
    done = validate(file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{file}: 2 usable samples, 1 gold mentions, 0 problems\n"


def test_json_tells_the_same_to_programs(tmp_path: Path) -> None:
    done = validate(written(tmp_path / "mine.json", BROKEN), "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["samples"], found["mentions"]) == (1, 1, 1)
    assert [p["field"] for p in found["problems"]] == [field for _, _, field, _, _ in PROBLEMS]
    assert found["repairs"] == []


@pytest.mark.parametrize(
    ("name", "unit", "first"), [("m.json", "index", 0), ("m.jsonl", "line", 1)]
)
def test_every_problem_is_a_line_with_place_sample_field_and_remedy(
    tmp_path: Path, name: str, unit: str, first: int
) -> None:
    file = written(tmp_path / name, BROKEN)
    done = validate(file)
    assert done.returncode == 1
    *lines, summary = done.stdout.splitlines()
    assert summary == f"{file}: 1 usable samples, 1 gold mentions, {len(PROBLEMS)} problems"
    assert len(lines) == len(PROBLEMS)
    for line, (index, sample, field, what, remedy) in zip(lines, PROBLEMS, strict=True):
        assert line.startswith(f"{file}: {unit} {int(index) + first}:")
        assert f"sample {sample!r}" in line or not sample
        assert f"`{field}`" in line or not field
        assert what in line
        assert remedy in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: holds no samples; add at least one"),
        (b"[]", "line 1: holds no samples; add at least one"),
        (b'[{"id": 1,\n "text" 2}]', "line 2, column 9: is not JSON"),
        (b'[{"id": "\xff"}]', "line 1: is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_as_samples_is_status_1_and_says_where(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "mine.json").write_bytes(content)
    done = validate(str(tmp_path / "mine.json"))
    assert done.returncode == 1
    assert said in done.stdout


def test_ids_and_texts_with_control_characters_stay_on_their_line(tmp_path: Path) -> None:
    sample = {**RAIN, "id": "a\n\x1b[31mb", "ground_truth": {"spatial": [{"text": "x\ny"}]}}
    done = validate(written(tmp_path / "mine.json", [sample]))
    assert len(done.stdout.splitlines()) == 2
    assert "\x1b" not in done.stdout
