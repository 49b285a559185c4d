"""Hugging Face `datasets` through a mapping: local directories of every kind, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stindex.datasets import load_dataset
from stindex.datasets.hugging_face import Mapped, mapped_entry
from stindex.datasets.native import read_samples
from stindex.errors import UserError
from stindex.schema import SpatialMention

datasets = pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROWS = [
    {
        "doc": "a",
        "body": "Rain fell on Lyon on 5 May 2024.",
        "dct": "2024-05-06",
        "lang": "en",
        "timexes": [{"from": 21, "to": 31, "value": "2024-05-05", "kind": "date"}],
        "toponyms": [{"name": "Lyon", "lat": 45.76, "lon": 4.84, "class": "town"}],
    },
    {"doc": "b", "body": "Dry.", "dct": None, "lang": "en", "timexes": [], "toponyms": []},
]
MAPPING: dict[str, Any] = {
    "source": "data",
    "columns": {
        "id": "doc",
        "text": "body",
        "reference_date": "dct",
        "temporal": "timexes",
        "spatial": "toponyms",
    },
    "temporal": {
        "text": None,
        "start_char": "from",
        "end_char": "to",
        "normalized": "value",
        "temporal_type": "kind",
    },
    "spatial": {
        "text": "name",
        "latitude": "lat",
        "longitude": "lon",
        "location_type": "class",
    },
    "types": {"town": "city"},
    "annotation": {"spatial": "partial"},
    "metadata": ["lang"],
}


def mapping(directory: Path, **changes: object) -> Path:
    path = directory / "corpus.yaml"
    path.write_text(yaml.safe_dump({**MAPPING, **changes}), encoding="utf-8")
    return path


def store(kind: str, directory: Path) -> None:
    table = datasets.Dataset.from_list(ROWS)
    (directory / "data").mkdir()
    match kind:
        case "saved":
            table.save_to_disk(str(directory / "data"))
        case "splits":
            splits = datasets.DatasetDict({"train": table.select([1]), "test": table})
            splits.save_to_disk(str(directory / "data"))
        case "parquet":
            table.to_parquet(str(directory / "data" / "test-0.parquet"))
        case "jsonl":
            lines = "".join(json.dumps(row) + "\n" for row in ROWS)
            (directory / "data" / "rows.jsonl").write_text(lines, encoding="utf-8")


@pytest.mark.parametrize("kind", ["saved", "parquet", "jsonl"])
def test_rows_of_a_local_directory_are_samples(kind: str, tmp_path: Path) -> None:
    store(kind, tmp_path)
    wet, dry = load_dataset(mapping(tmp_path)).samples
    assert (wet.id, wet.reference_date, wet.metadata) == ("a", "2024-05-06", {"lang": "en"})
    (date,), (place,) = wet.gold["temporal"].mentions, wet.gold["spatial"].mentions
    assert date.text == "5 May 2024"
    assert isinstance(place, SpatialMention)
    assert (place.latitude, place.location_type, place.start_char) == (45.76, "city", 13)
    assert not wet.gold["spatial"].exhaustive
    assert (dry.reference_date, dry.gold["temporal"].mentions) == (None, ())


def test_the_split_is_named_where_there_are_several(tmp_path: Path) -> None:
    store("splits", tmp_path)
    with pytest.raises(UserError, match="has the splits train, test; name one as `split`"):
        load_dataset(mapping(tmp_path))
    assert len(load_dataset(mapping(tmp_path, split="test")).samples) == 2


def test_a_layer_without_a_column_was_not_annotated(tmp_path: Path) -> None:
    store("jsonl", tmp_path)
    columns = {"text": "body", "temporal": "timexes"}
    samples = load_dataset(mapping(tmp_path, columns=columns)).samples
    assert [sample.id for sample in samples] == ["row-0", "row-1"]
    assert all(set(sample.gold) == {"temporal"} for sample in samples)


def test_annotations_may_be_json_text_or_an_object_of_lists(tmp_path: Path) -> None:
    rows = [
        {"body": "In Lyon.", "toponyms": json.dumps([{"name": "Lyon", "lat": 1.0, "lon": 2.0}])},
        {
            "body": "In Nice.",
            "toponyms": json.dumps({"name": ["Nice"], "lat": [3.0], "lon": [4.0]}),
        },
    ]
    (tmp_path / "data").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "data" / "rows.jsonl").write_text(lines, encoding="utf-8")
    columns = {"text": "body", "spatial": "toponyms"}
    samples = load_dataset(mapping(tmp_path, columns=columns, metadata=[])).samples
    found = [
        m for s in samples for m in s.gold["spatial"].mentions if isinstance(m, SpatialMention)
    ]
    assert [(m.text, m.latitude) for m in found] == [("Lyon", 1.0), ("Nice", 3.0)]


def test_coordinates_that_pandas_leaves_out_are_none() -> None:
    mapped = Mapped.model_validate(
        {"source": "x", "columns": {"text": "body", "spatial": "places"}}
    )
    place = {"text": "Lyon", "latitude": float("nan"), "longitude": float("nan")}
    entry = mapped_entry(0, {"body": "In Lyon.", "places": [place]}, mapped)
    samples, problems = read_samples([("row 0", entry)])
    assert not problems
    (mention,) = samples[0].gold["spatial"].mentions
    assert isinstance(mention, SpatialMention)
    assert mention.latitude is None


def test_a_type_that_is_no_string_is_a_problem_of_its_row(tmp_path: Path) -> None:
    row = {"body": "In Lyon.", "toponyms": [{"name": "Lyon", "class": ["town"]}]}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    columns = {"text": "body", "spatial": "toponyms"}
    with pytest.raises(UserError, match=r"`ground_truth\.spatial\.0\.location_type` is wrong"):
        load_dataset(mapping(tmp_path, columns=columns, metadata=[]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"text": "boddy"}}, "has no column 'boddy' .did you mean `body`"),
        ({"source": "nowhere", "split": "test"}, "`datasets` cannot read 'nowhere'"),
        ({"colums": {}}, "`colums` is no known key"),
        ({"columns": {"text": "body", "spatial": "lang"}}, "is no list of objects in the column"),
    ],
)
def test_a_wrong_mapping_is_explained_in_a_sentence(
    changes: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    store("jsonl", tmp_path)
    with pytest.raises(UserError, match=said):
        load_dataset(mapping(tmp_path, **changes))


def test_without_the_package_the_way_to_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install 'stindex\[datasets\]'"):
        load_dataset(mapping(tmp_path))
