"""Hostile and damaged input: readers of data sets and predictions, values, answers.

Nothing but what is documented may be raised: a `UserError` of one line by readers, nothing by the
parsers of values and answers. Each of the three kinds gets a few hundred inputs here, and as many
as `STINDEX_FUZZ` says where it is set (nightly: 100000).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stindex.datasets import load_dataset
from stindex.datasets.datelines import without_dateline
from stindex.datasets.formats import read
from stindex.datasets.hugging_face import Mapped, mapped_entry
from stindex.datasets.native import read_samples
from stindex.errors import UserError
from stindex.llm.predictions import open_predictions
from stindex.parsing import parse_answer
from stindex.schema import (
    Extraction,
    FinishReason,
    GivenExtraction,
    LocatedExtraction,
    Outcome,
    Timex3Extraction,
)
from stindex.temporal import TemporalValue, overlap, parse, same_meaning

pytestmark = pytest.mark.slow

INPUTS = int(os.environ.get("STINDEX_FUZZ", "400"))
CORPORA = Path(__file__).parent.parent / "datasets" / "corpora"
SAMPLE: dict[str, Any] = {
    "id": "s1",
    "text": "Rain fell on Lyon on 5 May 2024.",
    "reference_date": "2024-05-06",
    "ground_truth": {
        "temporal": [
            {
                "text": "5 May 2024",
                "start_char": 21,
                "end_char": 31,
                "normalized": "2024-05-05",
                "temporal_type": "DATE",
            }
        ],
        "spatial": [{"text": "Lyon", "latitude": 45.76, "longitude": 4.84}],
    },
    "annotation": {"spatial": "partial"},
    "metadata": {"a": [1, None]},
}
PREDICTION = {
    "id": "s1",
    "temporal_mentions": SAMPLE["ground_truth"]["temporal"],
    "spatial_mentions": SAMPLE["ground_truth"]["spatial"],
}
ANSWER = {
    "temporal_mentions": [{"text": "May", "normalized": "2024-05", "temporal_type": "DATE"}],
    "spatial_mentions": [
        {"text": "Lyon", "location_type": "city", "latitude": 45.76, "longitude": 4.84}
    ],
}


def fuzz(share: int = 1) -> Callable[[Any], Any]:
    """Return the settings of a test that gets one of `share` parts of the inputs of its kind."""
    return settings(
        max_examples=max(1, INPUTS // share),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["s1", "2024", "DATE", "city", "full", 10**400, -1, 0, 31, 1e308]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, whole: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Draw a JSON value with one part of it replaced, removed or added."""
    if isinstance(whole, dict) and whole and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(whole)))
        match draw(st.integers(0, 5)):
            case 0:
                return {k: v for k, v in whole.items() if k != key}
            case 1:
                return {**whole, draw(st.text(max_size=6)): draw(JSON)}
            case _:
                return {**whole, key: draw(changed(whole[key]))}
    if isinstance(whole, list) and whole and draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(whole) - 1))
        return [*whole[:at], draw(changed(whole[at])), *whole[at + draw(st.integers(0, 1)) :]]
    return draw(JSON)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw a file with a few pieces of it cut out, doubled, or replaced by noise."""
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        noise = draw(
            st.binary(max_size=6)
            | st.text(max_size=6).map(lambda text: text.encode("utf-8", "replace"))
            | st.sampled_from([b"<", b"</", b"/>", b"&", b"&#0;", b"]]>", b'"', b"-1", b"\xff\xfe"])
            | st.just(content[start:end] * 2)
        )
        content = content[:start] + noise + content[end:]
    return content


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def check_data_set(path: Path) -> None:
    try:
        dataset = load_dataset(path)
    except UserError as problem:
        assert "\n" not in str(problem)  # noqa: PT017 (both ways are right)
    else:
        for sample in dataset.samples:
            for layer in sample.gold.values():
                for mention in layer.mentions:
                    assert mention.start_char is not None
                    assert sample.text[mention.start_char : mention.end_char]
        for _, entry in read(path).entries:
            assert isinstance(entry, dict)
            assert read_samples([("", without_dateline(entry))])[1] == []


# --- readers of data sets and predictions


@given(st.lists(changed(SAMPLE), max_size=3), st.booleans())
@fuzz(8)
def test_native_objects(directory: Path, entries: list[Any], lines: bool) -> None:
    path = directory / ("a.jsonl" if lines else "a.json")
    text = "\n".join(map(json.dumps, entries)) if lines else json.dumps(entries)
    path.write_text(text, encoding="utf-8", errors="replace")
    check_data_set(path)


@given(st.binary(max_size=60) | damaged(json.dumps([SAMPLE]).encode()))
@fuzz(8)
def test_native_bytes(directory: Path, content: bytes) -> None:
    (directory / "b.json").write_bytes(content)
    check_data_set(directory / "b.json")


@pytest.mark.parametrize(
    "name", ["timeml/storm-1.tml", "cat/1001_Flood.xml", "local_news.xml", "from_one.xml"]
)
def test_xml(name: str, directory: Path) -> None:
    source = CORPORA / name
    path = directory / source.name

    @given(damaged(source.read_bytes()))
    @fuzz(8)
    def check(content: bytes) -> None:
        path.write_bytes(content)
        check_data_set(path)

    check()


@given(
    damaged((CORPORA / "geowebnews" / "0.ann").read_bytes()),
    damaged((CORPORA / "geowebnews" / "0.txt").read_bytes()),
    damaged((CORPORA / "geowebnews" / "coordinates.tsv").read_bytes()),
)
@fuzz(8)
def test_brat(directory: Path, annotations: bytes, text: bytes, table: bytes) -> None:
    corpus = directory / "brat"
    corpus.mkdir(exist_ok=True)
    (corpus / "0.ann").write_bytes(annotations)
    (corpus / "0.txt").write_bytes(text)
    (corpus / "coordinates.tsv").write_bytes(table)
    check_data_set(corpus)


ROW = {"doc": "a", "body": SAMPLE["text"], "times": SAMPLE["ground_truth"]["temporal"]}
MAPPED = Mapped.model_validate(
    {
        "source": "x",
        "columns": {"id": "doc", "text": "body", "temporal": "times"},
        "types": {"DATE": "TIME"},
        "metadata": ["body"],
    }
)


@given(changed(ROW))
@fuzz(8)
def test_rows_of_a_table(row: Any) -> None:  # noqa: ANN401 (any JSON)
    if isinstance(row, dict):
        read_samples([("row 0", mapped_entry(0, row, MAPPED))])


@given(st.lists(changed(PREDICTION), max_size=3) | st.just([]))
@fuzz(8)
def test_predictions(directory: Path, entries: list[Any]) -> None:
    path = directory / "found.jsonl"
    text = "\n".join(map(json.dumps, entries))
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        open_predictions(path)
    except UserError as problem:
        assert "\n" not in str(problem)  # noqa: PT017 (both ways are right)


# --- values

VALUE_LIKE = st.text("0123456789-:TZWQHPXRYMDSFUBC/.,+_ REFNITEV", max_size=30)
REAL_VALUES = st.sampled_from(
    "2022-03-15 20220315 2022-074 2022-W11-2 2022-W11-WE 2022-Q1 FY2022-Q2 199X BC0044 2022-SU "
    "2022-03-15T14:30:05.2+02:00 T24:00 2022-03-15/20 2022/.. P1Y6M2W3DT4H5M6.5S P0003-06-04T12:30 "
    "R5/2022-01-03/P1W PXD XXXX-WXX-1 PRESENT_REF 2022-03-15--2022-03-20 +012022-03 -0043".split()
)


@st.composite
def spoiled_value(draw: st.DrawFn) -> str:
    value = draw(REAL_VALUES)
    at = draw(st.integers(0, len(value)))
    return value[:at] + draw(VALUE_LIKE) + value[at + draw(st.integers(0, 3)) :]


VALUES = st.text(max_size=40) | VALUE_LIKE | REAL_VALUES | spoiled_value()


@given(VALUES, VALUES)
@fuzz()
def test_values(a: str, b: str) -> None:
    assert isinstance(parse(a), TemporalValue)
    share = overlap(a, b)
    assert 0.0 <= share <= 1.0
    assert share == overlap(b, a)
    assert same_meaning(a, a)
    if same_meaning(a, b):
        assert share == 1.0


# --- answers

MODELS = st.sampled_from([Extraction, LocatedExtraction, Timex3Extraction, GivenExtraction])
REASONS: st.SearchStrategy[FinishReason] = st.sampled_from(["stop", "length", "error"])
PIECES = st.sampled_from(
    ["<think>", "</think>", "{", "}", "[", "]", '"', "\\", "```json\n", "\ud800", "NaN", "{}" * 9]
)
WRITTEN = st.one_of(
    st.text(max_size=80),
    st.lists(PIECES | st.text(max_size=5) | st.just(json.dumps(ANSWER)), max_size=12).map("".join),
    changed(ANSWER).map(json.dumps),
    damaged(json.dumps(ANSWER).encode()).map(lambda b: b.decode("utf-8", "surrogateescape")),
)


@given(WRITTEN, REASONS, MODELS, st.booleans())
@fuzz()
def test_answers(written: str, reason: FinishReason, model: Any, constrained: bool) -> None:  # noqa: ANN401
    parsed = parse_answer(written, reason, model, constrained=constrained)
    assert (parsed.value is not None) == (parsed.outcome is Outcome.OK)
    assert (parsed.reason == "") == (parsed.outcome is Outcome.OK)
