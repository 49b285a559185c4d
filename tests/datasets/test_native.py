"""The native format: what is read, and what is said about what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stindex.datasets import load_dataset, validate_dataset
from stindex.errors import UserError
from stindex.schema import Sample, TemporalMention


def _entry(**changes: object) -> dict[str, Any]:
    plain = {
        "id": "s1",
        "text": "Rain fell on Lyon on 5 May 2024.",
        "reference_date": "2024-05-06",
        "ground_truth": {
            "temporal": [{"text": "5 May 2024", "normalized": "2024-05-05"}],
            "spatial": [{"text": "Lyon", "location_type": "city"}],
        },
    }
    return {**plain, **changes}


def _gold(**layers: object) -> dict[str, Any]:
    return _entry(ground_truth=layers)


def _file(directory: Path, content: object, name: str = "data.json") -> Path:
    path = directory / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _sample(directory: Path, entry: dict[str, Any]) -> Sample:
    (sample,) = load_dataset(_file(directory, [entry])).samples
    return sample


def test_gold_without_offsets_is_placed(tmp_path: Path) -> None:
    sample = _sample(tmp_path, _entry())
    (date,), (place,) = sample.gold["temporal"].mentions, sample.gold["spatial"].mentions
    assert (date.start_char, date.end_char) == (21, 31)
    assert (place.start_char, place.end_char) == (13, 17)


def test_the_same_word_twice_is_two_places_in_the_text(tmp_path: Path) -> None:
    entry = _entry(
        text="Perth in Scotland, not Perth in Australia.",
        ground_truth={"spatial": [{"text": "Perth"}, {"text": "Perth"}]},
    )
    spans = [(m.start_char, m.end_char) for m in _sample(tmp_path, entry).gold["spatial"].mentions]
    assert spans == [(0, 5), (23, 28)]


def test_offsets_are_code_points(tmp_path: Path) -> None:
    mention = {"text": "Lyon", "start_char": 2, "end_char": 6}
    sample = _sample(tmp_path, _entry(text="🌧 Lyon", ground_truth={"spatial": [mention]}))
    assert sample.gold["spatial"].mentions[0].start_char == 2


def test_missing_and_null_layers_were_not_annotated_and_an_empty_one_was(tmp_path: Path) -> None:
    missing = _sample(tmp_path, _gold(spatial=[]))
    null = _sample(tmp_path, _gold(spatial=[], temporal=None))
    assert set(missing.gold) == set(null.gold) == {"spatial"}
    assert missing.gold["spatial"].mentions == ()
    assert missing.gold["spatial"].exhaustive


def test_a_partial_layer_is_not_exhaustive(tmp_path: Path) -> None:
    sample = _sample(tmp_path, _entry(annotation={"spatial": "partial"}))
    assert not sample.gold["spatial"].exhaustive
    assert sample.gold["temporal"].exhaustive


@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
def test_a_byte_order_mark_is_no_matter(tmp_path: Path, name: str) -> None:
    content = json.dumps(_entry()) if name.endswith("l") else json.dumps([_entry()])
    path = _file(tmp_path, b"\xef\xbb\xbf" + content.encode(), name)
    assert [s.id for s in load_dataset(path).samples] == ["s1"]


def test_json_lines_may_have_blank_lines_and_line_separators_in_strings(tmp_path: Path) -> None:
    odd = "Lyon\u2028Paris\u2029\x0b"
    lines = [
        json.dumps(_entry(id=str(n), text=odd, ground_truth={}), ensure_ascii=False) for n in (1, 2)
    ]
    path = _file(tmp_path, "\n\r\n" + "\r\n\n".join(lines) + "\n\n", "data.jsonl")
    assert [s.text for s in load_dataset(path).samples] == [odd, odd]


def test_a_number_is_an_id(tmp_path: Path) -> None:
    assert _sample(tmp_path, _entry(id=17)).id == "17"


def test_attributes_of_timex3_are_left_alone(tmp_path: Path) -> None:
    mention = {"text": "5 May 2024", "normalized": "2024-05-05", "mod": "APPROX"}
    assert _sample(tmp_path, _gold(temporal=[mention])).gold["temporal"].mentions


def test_types_are_read_without_regard_to_case(tmp_path: Path) -> None:
    mention = {"text": "5 May 2024", "normalized": "2024-05-05", "temporal_type": "date"}
    [read] = _sample(tmp_path, _gold(temporal=[mention])).gold["temporal"].mentions
    assert isinstance(read, TemporalMention)
    assert read.temporal_type == "DATE"


BROKEN_SAMPLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "gold outside the text": (
        _gold(spatial=[{"text": "Lyon", "start_char": 99, "end_char": 103}]),
        ["index 0", "'s1'", "`ground_truth.spatial.0`", "99:103", "code points"],
    ),
    "gold that says something else": (
        _gold(spatial=[{"text": "Lyon", "start_char": 12, "end_char": 16}]),
        ["index 0", "'s1'", "`ground_truth.spatial.0`", "'Lyon'", "' Lyo'", "correct the offsets"],
    ),
    "gold that is not in the text": (
        _gold(spatial=[{"text": "Lyon"}, {"text": "Lyon"}]),
        ["'s1'", "`ground_truth.spatial.1`", "'Lyon' is not in the text", "correct the mention"],
    ),
    "half an offset": (
        _gold(spatial=[{"text": "Lyon", "start_char": 13}]),
        ["`ground_truth.spatial.0`", "only one of start_char and end_char", "both or neither"],
    ),
    "half a point": (
        _gold(spatial=[{"text": "Lyon", "latitude": 45.8}]),
        ["`ground_truth.spatial.0`", "only one of latitude and longitude", "both or neither"],
    ),
    "unknown key": (
        _entry(referenze_date="2024-01-01"),
        ["`referenze_date` is no known key (did you mean `reference_date`", "rename"],
    ),
    "unknown layer": (_gold(spacial=[]), ["`ground_truth.spacial`", "did you mean `spatial`"]),
    "bad reference date": (
        _entry(reference_date="yesterday"),
        ["'s1'", "`reference_date`", "no ISO 8601 date"],
    ),
    "impossible reference date": (_entry(reference_date="2023-02-29"), ["`reference_date`"]),
    "latitude out of range": (
        _gold(spatial=[{"text": "Lyon", "latitude": 91, "longitude": 4}]),
        ["`ground_truth.spatial.0.latitude`", "less than or equal to 90"],
    ),
    "longitude out of range": (
        _gold(spatial=[{"text": "Lyon", "latitude": 45, "longitude": -181}]),
        ["`ground_truth.spatial.0.longitude`", "greater than or equal to -180"],
    ),
    "unknown location type": (
        _gold(spatial=[{"text": "Lyon", "location_type": "town"}]),
        ["`ground_truth.spatial.0.location_type`", "'city'"],
    ),
    "no normalized value": (
        _gold(temporal=[{"text": "5 May 2024"}]),
        ["`ground_truth.temporal.0.normalized` is missing", "add it"],
    ),
    "empty id": (_entry(id=""), ["`id`"]),
    "no gold": (
        {"id": "s1", "text": "x"},
        ["'s1'", "`ground_truth` is missing", "add it"],
    ),
}


@pytest.mark.parametrize("name", BROKEN_SAMPLES)
def test_a_broken_sample_is_named_with_place_field_and_remedy(tmp_path: Path, name: str) -> None:
    entry, said = BROKEN_SAMPLES[name]
    path = _file(tmp_path, [entry])
    with pytest.raises(UserError) as raised:
        load_dataset(path)
    message = str(raised.value)
    for part in [str(path), *said]:
        assert part in message
    assert "\n" not in message


BROKEN_FILES: dict[str, tuple[bytes, str, list[str]]] = {
    "syntax of an array": (b'[\n {"id": 1},\n {"id" 2}\n]', "d.json", ["line 3, column 8"]),
    "syntax of a line": (b'\n{"id" 2}', "d.jsonl", ["line 2, column 7", "is not JSON"]),
    "empty": (b"", "d.json", ["holds no samples", "add at least one"]),
    "only white space": (b" \n\n", "d.jsonl", ["holds no samples"]),
    "an empty array": (b"[]", "d.json", ["holds no samples"]),
    "NaN": (b'[{"id": "a", "text": NaN}]', "d.json", ["NaN is no JSON number"]),
    "infinity": (b'{"id": -Infinity}', "d.jsonl", ["line 1", "-Infinity is no JSON number"]),
    "Latin-1": (b'[\n{"id": "caf\xe9"}]', "d.json", ["line 2", "not UTF-8", "as UTF-8"]),
    "nesting": (b"[" * 100_000, "d.json", ["nested too deeply"]),
    "an array of numbers": (b"[1]", "d.json", ["index 0", "int, not an object"]),
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_is_one_sentence_with_the_place(tmp_path: Path, name: str) -> None:
    content, file_name, said = BROKEN_FILES[name]
    path = _file(tmp_path, content, file_name)
    with pytest.raises(UserError) as raised:
        load_dataset(path)
    for part in [str(path), *said]:
        assert part in str(raised.value)


def test_a_file_that_is_missing_or_a_directory_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            load_dataset(path)


def test_the_second_sample_of_an_id_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, [_entry(), _entry(id="s2"), _entry()])
    with pytest.raises(UserError, match=r"index 2: sample 's1' `id` .*\(index 0\).*own id"):
        load_dataset(path)


def test_ids_that_read_alike_as_number_and_string_are_duplicates(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="another sample"):
        load_dataset(_file(tmp_path, [_entry(id=1), _entry(id="1")]))


def test_validation_lists_every_problem_and_keeps_the_sound_samples(tmp_path: Path) -> None:
    lines = [
        json.dumps(_entry(id="good")),
        "{broken",
        json.dumps(_entry(id="both", referenze_date="x", reference_date="y")),
        json.dumps(_entry(id="good")),
    ]
    samples, problems = validate_dataset(_file(tmp_path, "\n".join(lines), "data.jsonl"))
    assert [s.id for s in samples] == ["good"]
    assert [p.where.split(",")[0] for p in problems] == ["line 2", "line 3", "line 3", "line 4"]
    assert {p.field for p in problems} == {"", "reference_date", "referenze_date", "id"}


def test_the_first_problem_is_named_and_the_rest_counted(tmp_path: Path) -> None:
    path = _file(tmp_path, [_entry(id="a", x=1), _entry(id="b", x=1), _entry(id="c", x=1)])
    with pytest.raises(UserError, match=r"sample 'a'.*2 more.*stindex validate"):
        load_dataset(path)


def test_a_selection_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    dataset = load_dataset(_file(tmp_path, [_entry(id=i) for i in "abcd"]))
    assert [s.id for s in dataset.chosen(2, []).samples] == ["a", "b"]
    assert [s.id for s in dataset.chosen(None, ["d", "b"]).samples] == ["b", "d"]
    assert dataset.chosen(2, []).total == 4
    with pytest.raises(UserError, match=r"--sample-id winter-1: .* \(did you mean `winter-2`"):
        load_dataset(_file(tmp_path, [_entry(id="winter-2")])).chosen(None, ["winter-1"])


def test_the_content_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    one = load_dataset(_file(tmp_path, [_entry()]))
    two = load_dataset(_file(tmp_path, json.dumps([_entry()]) + "\n"))
    assert one.content_hash != two.content_hash


def _only_user_errors(path: Path) -> None:
    samples, problems = validate_dataset(path)
    assert samples or problems
    for problem in problems:
        str(problem).encode("utf-8")  # it can be printed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["id", "text", "ground_truth", "annotation", "metadata", "reference_date", "temporal"]
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(content=st.binary(max_size=80), lines=st.booleans())
def test_arbitrary_bytes_are_never_more_than_problems(
    tmp_path: Path, content: bytes, lines: bool
) -> None:
    _only_user_errors(_file(tmp_path, content, "d.jsonl" if lines else "d.json"))


@QUICK
@given(changes=st.dictionaries(st.sampled_from(KEYS) | st.text(st.characters(codec=None)), JSON))
def test_arbitrary_values_are_never_more_than_problems(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    _only_user_errors(_file(tmp_path, [_entry(**changes)]))


@pytest.mark.parametrize(
    "entry",
    [_entry(id="\ud800"), _entry(text="\ud800 Lyon"), _entry(**{"\ud800": 1}), _entry(metadata=1)],
)
def test_lone_surrogates_are_problems_that_can_be_printed(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    path = _file(tmp_path, [entry])
    _only_user_errors(path)
    assert validate_dataset(path)[1]


def test_a_key_cannot_break_the_line_or_colour_the_terminal(tmp_path: Path) -> None:
    path = _file(tmp_path, [_entry(**{"\n\x1b[31m": None})])
    with pytest.raises(UserError, match=r"`\\n\\x1b\[31m` is no known key"):
        load_dataset(path)
