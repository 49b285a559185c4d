"""Corpora in their own formats: what is read of them, and what is said about what was repaired."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stindex.cli.convert import convert
from stindex.cli.validate import validate
from stindex.datasets import Dataset, load_dataset
from stindex.datasets.formats import format_of, read
from stindex.datasets.native import read_samples
from stindex.datasets.reading import Reading
from stindex.errors import UserError
from stindex.schema import Sample, SpatialMention, TemporalMention

CORPORA = Path(__file__).parent / "corpora"


def only(dataset: Dataset) -> Sample:
    (sample,) = dataset.samples
    return sample


def times(sample: Sample) -> list[tuple[str, str, str | None]]:
    found = sample.gold["temporal"].mentions
    return [
        (m.text, m.normalized, m.temporal_type) for m in found if isinstance(m, TemporalMention)
    ]


def places(sample: Sample) -> list[tuple[str, float | None, str | None]]:
    found = sample.gold["spatial"].mentions
    return [(m.text, m.latitude, m.location_type) for m in found if isinstance(m, SpatialMention)]


def repairs(dataset: Dataset) -> list[str]:
    return [str(repair) for repair in dataset.repairs]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("timeml", "TimeML"),
        ("timeml/storm-1.tml", "TimeML"),
        ("cat", "MEANTIME (CAT)"),
        ("cat/1001_Flood.xml", "MEANTIME (CAT)"),
        ("local_news.xml", "geoparsing XML (LGL, TR-News, GeoVirus)"),
        ("from_one.xml", "geoparsing XML (LGL, TR-News, GeoVirus)"),
        ("geowebnews", "GeoWebNews (brat)"),
        ("geowebnews/0.ann", "GeoWebNews (brat)"),
    ],
)
def test_the_format_is_seen_in_name_and_content(path: str, name: str) -> None:
    assert format_of(CORPORA / path).name == name


def test_xml_with_the_root_of_timeml_is_timeml_whatever_its_name(tmp_path: Path) -> None:
    shutil.copy(CORPORA / "timeml" / "storm-1.tml", tmp_path / "storm.xml")
    assert format_of(tmp_path).name == "TimeML"
    assert only(load_dataset(tmp_path / "storm.xml")).id == "storm"


def test_what_is_of_no_known_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.xml").write_text("<html/>")
    with pytest.raises(UserError, match=r"page\.xml: is XML of no known format; its root would be"):
        load_dataset(tmp_path / "page.xml")
    with pytest.raises(UserError, match=r"is a directory; name a \.json or \.jsonl file"):
        load_dataset(_empty(tmp_path))


def _empty(directory: Path) -> Path:
    (directory / "empty").mkdir()
    return directory / "empty"


# --- TimeML


def test_timeml_has_the_text_the_times_in_it_and_the_creation_time() -> None:
    dataset = load_dataset(CORPORA / "timeml")
    sample = only(dataset)
    assert sample.id == "storm-1"
    assert sample.reference_date == "2024-05-06"
    assert sample.text.startswith("\nThe storm broke about yesterday & lasted\ntwo days. It rains")
    assert times(sample) == [
        ("about yesterday", "2024-05-05", "DATE"),
        ("two days", "P2D", "DURATION"),
        ("every week", "P1W", "SET"),
        ("summer", "2024-SU", None),
    ]
    assert "spatial" not in sample.gold
    assert sample.gold["temporal"].exhaustive


def test_timeml_says_which_times_are_no_mentions_or_have_no_type() -> None:
    empty, untyped = repairs(load_dataset(CORPORA / "timeml"))
    assert "TIMEX3 't3' has no words and is no mention" in empty
    assert "'summer' has the type 'SEASON', which is none of TIMEX3's" in untyped


def test_a_creation_time_that_is_no_date_is_left_out_and_said(tmp_path: Path) -> None:
    text = (CORPORA / "timeml" / "storm-1.tml").read_text(encoding="utf-8")
    (tmp_path / "a.tml").write_text(text.replace('"2024-05-06"', '"yesterday"'), encoding="utf-8")
    dataset = load_dataset(tmp_path / "a.tml")
    assert only(dataset).reference_date is None
    assert any("its creation time 'yesterday' is no date" in said for said in repairs(dataset))


def test_attributes_that_are_not_scored_are_kept_in_the_converted_file(tmp_path: Path) -> None:
    (entry,) = converted(CORPORA / "timeml", tmp_path)
    assert entry["ground_truth"]["temporal"][0]["mod"] == "APPROX"
    assert entry["ground_truth"]["temporal"][2]["quant"] == "EVERY"


def test_a_broken_document_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    shutil.copytree(CORPORA / "timeml", tmp_path / "corpus")
    (tmp_path / "corpus" / "bad.tml").write_text("<TimeML><TEXT>x</TimeML>", encoding="utf-8")
    with pytest.raises(UserError, match=r"bad\.tml: sample 'bad' line 1, column 17 is not XML"):
        load_dataset(tmp_path / "corpus")


# --- CAT


def test_cat_is_rebuilt_from_its_tokens_up_to_the_last_annotated_sentence() -> None:
    sample = only(load_dataset(CORPORA / "cat"))
    assert sample.id == "1001_Flood"
    assert sample.reference_date == "2024-05-06"
    assert sample.text == "Flood in Lyon\nMay 6 , 2024\nThe city was flooded last week ."
    assert times(sample) == [
        ("May 6 , 2024", "2024-05-06", "DATE"),
        ("last week", "2024-W18", "DATE"),
    ]
    assert sample.metadata["url"] == "http://example.org/flood"


def test_cat_has_named_places_without_coordinates_and_not_all_of_them() -> None:
    sample = only(load_dataset(CORPORA / "cat"))
    assert places(sample) == [("Lyon", None, None)]
    assert not sample.gold["spatial"].exhaustive
    assert sample.gold["temporal"].exhaustive


def test_cat_says_which_markables_are_in_pieces() -> None:
    (said,) = repairs(load_dataset(CORPORA / "cat"))
    assert said.endswith("TIMEX3 32 is in several pieces and was left out.")


# --- geoparsing XML


def test_toponyms_have_coordinates_and_types_of_geonames_classes() -> None:
    sample = only(load_dataset(CORPORA / "local_news.xml"))
    assert sample.id == "38"
    assert "temporal" not in sample.gold
    assert places(sample) == [
        ("LYON", 45.74846, "city"),
        ("Lyon", 45.74846, "city"),
        ("Georgia", 32.75042, "region"),
        ("Paris,\nTexas", None, None),
        ("France", 46.0, "country"),
    ]


def test_a_position_is_put_right_only_where_that_is_certain() -> None:
    lines, moved, out = repairs(load_dataset(CORPORA / "local_news.xml"))
    assert "'Paris, Texas' at 57:69 is written 'Paris,\\nTexas' in the text" in lines
    assert "'France' at 66:72 stands at 6:12" in moved
    assert "'Paris' at 80:85 was left out: the text has" in out


def test_positions_that_count_from_one_are_put_right() -> None:
    dataset = load_dataset(CORPORA / "from_one.xml")
    assert [sample.id for sample in dataset.samples] == ["from_one-1", "from_one-2"]
    assert {sample.document_id for sample in dataset.samples} == {"https://example.org/wiki/Flood"}
    spans = [[(m.start_char, m.text) for m in s.gold["spatial"].mentions] for s in dataset.samples]
    assert spans == [[(0, "Lyon"), (14, "Lyon"), (35, "Paris")], [(6, "Nice")]]
    assert len(dataset.repairs) == 4


def test_numbers_that_are_none_cost_their_toponym_only(tmp_path: Path) -> None:
    text = (CORPORA / "from_one.xml").read_text(encoding="utf-8")
    for wrong in ("<lat>north</lat>", "<lat></lat>"):
        (tmp_path / "a.xml").write_text(text.replace("<lat>48.85</lat>", wrong), encoding="utf-8")
        dataset = load_dataset(tmp_path / "a.xml")
        assert len(dataset.samples[0].gold["spatial"].mentions) == 2
        assert any(
            "'Paris' has positions or coordinates that are no numbers" in s
            for s in repairs(dataset)
        )


# --- GeoWebNews


def test_brat_has_the_toponyms_with_the_coordinates_of_notes_and_table() -> None:
    dataset = load_dataset(CORPORA / "geowebnews")
    assert places(only(dataset)) == [
        ("Russian", 60.0, None),
        ("New\nYork", 40.71, None),
        ("Paris", 48.85341, None),
        ("Kenya", None, None),
        ("Oslo", None, None),
    ]
    assert any("'Russian Kenya' is in pieces and was left out" in said for said in repairs(dataset))


def test_an_annotation_file_without_its_text_is_a_problem(tmp_path: Path) -> None:
    shutil.copy(CORPORA / "geowebnews" / "0.ann", tmp_path / "0.ann")
    with pytest.raises(
        UserError, match=r"0\.ann: sample '0' has no 0\.txt beside it; add the text"
    ):
        load_dataset(tmp_path)


# --- all of them


@pytest.mark.parametrize("name", ["timeml", "cat", "local_news.xml", "from_one.xml", "geowebnews"])
def test_every_mention_stands_where_it_says(name: str) -> None:
    for sample in load_dataset(CORPORA / name).samples:
        for layer in sample.gold.values():
            for mention in layer.mentions:
                assert sample.text[mention.start_char : mention.end_char] == mention.text


@pytest.mark.parametrize("name", ["timeml", "cat", "local_news.xml", "from_one.xml", "geowebnews"])
def test_a_converted_data_set_is_the_same_data_set(name: str, tmp_path: Path) -> None:
    converted(CORPORA / name, tmp_path)
    assert load_dataset(tmp_path / "out.jsonl").samples == load_dataset(CORPORA / name).samples


def test_the_hash_of_a_directory_changes_with_any_file_in_it(tmp_path: Path) -> None:
    shutil.copytree(CORPORA / "geowebnews", tmp_path / "a")
    before = load_dataset(tmp_path / "a").content_hash
    assert before == load_dataset(CORPORA / "geowebnews").content_hash
    (tmp_path / "a" / "coordinates.tsv").write_text("192950\t1\t38\n", encoding="utf-8")
    assert load_dataset(tmp_path / "a").content_hash != before


@pytest.mark.parametrize(
    "bomb",
    [
        '<!DOCTYPE a [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><articles>&b;</articles>',
        '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><articles>&a;</articles>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><articles><article/></articles>',
    ],
)
def test_entities_are_refused_and_nothing_outside_is_read(bomb: str, tmp_path: Path) -> None:
    (tmp_path / "bomb.xml").write_text(bomb, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_dataset(tmp_path / "bomb.xml")
    assert "root:" not in str(caught.value)


def test_deep_nesting_is_read_or_refused_without_a_crash(tmp_path: Path) -> None:
    deep = "<TimeML><TEXT>" + "<s>" * 50_000 + "x" + "</s>" * 50_000 + "</TEXT></TimeML>"
    (tmp_path / "deep.tml").write_text(deep, encoding="utf-8")
    assert only(load_dataset(tmp_path / "deep.tml")).text == "x"


# --- the commands


def converted(source: Path, directory: Path, *options: str) -> list[dict[str, Any]]:
    target = directory / "out.jsonl"
    done = CliRunner().invoke(convert, [str(source), str(target), *options])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_convert_lists_what_it_put_right(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    done = CliRunner().invoke(convert, [str(CORPORA / "local_news.xml"), str(target)])
    assert done.stderr.count("local_news.xml: article 1: sample '38'") == 3
    assert "1 samples, 5 gold mentions" in done.stdout
    assert "3 annotations put right or left out" in done.stdout


def test_convert_writes_nothing_where_a_sample_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    arguments = [str(tmp_path / "bad.jsonl"), str(tmp_path / "out.jsonl")]
    done = CliRunner().invoke(convert, arguments)
    assert done.exit_code == 1
    assert "`text` is missing" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_validate_lists_repairs_beside_problems() -> None:
    done = CliRunner().invoke(validate, [str(CORPORA / "local_news.xml")])
    assert done.exit_code == 0
    assert done.stdout.count("repaired:") == 3


def test_datelines_can_be_left_out(tmp_path: Path) -> None:
    (report,) = converted(CORPORA / "local_news.xml", tmp_path, "--without-datelines")
    assert report["text"].startswith("Rain & wind hit Lyon")
    assert [m["text"] for m in report["ground_truth"]["spatial"]][:2] == ["Lyon", "Georgia"]
    (flood,) = converted(CORPORA / "cat", tmp_path, "--without-datelines")
    assert flood["text"].startswith("Flood in Lyon\nThe city")
    assert [m["text"] for m in flood["ground_truth"]["temporal"]] == ["last week"]


def test_a_text_without_dateline_stays_as_it_is(tmp_path: Path) -> None:
    (entry,) = converted(CORPORA / "timeml", tmp_path, "--without-datelines")
    assert entry["text"] == only(load_dataset(CORPORA / "timeml")).text


# ── Odd, and allowed ─────────────────────────────────────────────────────────────────────────

COUNTED = "\U0001f600 in Paris,\nand \U0001f600 Lyon\nor Paris"


def toponyms(count: Callable[[str], int], text: str = COUNTED) -> list[tuple[str, int, int]]:
    """Return where the names of the text stand, as someone counts who counts like `count`."""
    found = [match.span() for match in re.finditer("Paris|Lyon", text)]
    return [(text[a:b], count(text[:a]), count(text[:b])) for a, b in found]


def article(places: list[tuple[str, int, int]]) -> str:
    marked = "".join(
        f"<toponym><start>{a}</start><end>{b}</end><phrase>{words}</phrase></toponym>"
        for words, a, b in places
    )
    return f"<articles><article><text>{COUNTED}</text>{marked}</article></articles>"


@pytest.mark.parametrize(
    "count",
    [
        lambda before: len(before.encode("utf-16-le")) // 2,
        lambda before: len(before.encode()),
        lambda before: len(before) + before.count("\n"),
    ],
    ids=["UTF-16 units", "bytes", "line ends of two characters"],
)
def test_positions_counted_another_way_are_put_right_where_all_of_them_fit(
    count: Callable[[str], int], tmp_path: Path
) -> None:
    path = tmp_path / "counted.xml"
    path.write_text(article(toponyms(count)), encoding="utf-8")
    reading = read(path)
    assert toponyms(len) == mentions_of(reading)
    assert len(reading.repairs) == len([m for m in toponyms(count) if m not in toponyms(len)])
    # With one that fits no way at all nothing is certain but what stood or can be told by itself.
    path.write_text(article([*toponyms(count), ("Paris", 1, 6)]), encoding="utf-8")
    assert len(mentions_of(read(path))) == 2


def mentions_of(reading: Reading) -> list[tuple[Any, ...]]:
    samples, problems = read_samples(reading.entries)
    assert not problems
    return [
        (mention.text, mention.start_char, mention.end_char)
        for sample in samples
        for layer in sample.gold.values()
        for mention in layer.mentions
    ]


def inline(text: str, root: str = "<TimeML>") -> str:
    return f"{root}<TEXT>{text}</TEXT></TimeML>"


TODAY = '<TIMEX3 tid="t1" type="DATE" value="2013-03-22">{}</TIMEX3>'


@pytest.mark.parametrize(
    ("text", "root", "found", "repairs"),
    [
        ("x " + TODAY.format(" last\nweek "), "<TimeML>", [("last\nweek", 3, 12)], 1),
        (TODAY.format(TODAY.format("now")), "<TimeML>", [("now", 0, 3)], 1),
        ("x " + TODAY.format("now"), '<TimeML xmlns="http://timeml.org">', [("now", 2, 5)], 0),
        ("AT&amp;T &#128512; " + TODAY.format("to<!-- -->day"), "<TimeML>", [("today", 7, 12)], 0),
    ],
    ids=["white space inside", "twice", "a namespace", "entities and comments"],
)
def test_odd_timeml_is_read_and_every_repair_is_listed(
    text: str, root: str, found: list[tuple[str, int, int]], repairs: int, tmp_path: Path
) -> None:
    path = tmp_path / "odd.tml"
    path.write_bytes(b"\xef\xbb\xbf" + inline(text, root).replace("\n", "\r\n").encode())
    reading = read(path)
    assert mentions_of(reading) == found
    assert len(reading.repairs) == repairs


@pytest.mark.parametrize(
    ("text", "annotations", "found", "repairs"),
    [
        ("in Paris", "\ufeffT1\tLiteral 3 8\tParis", [("Paris", 3, 8)], 0),
        ("\ufeffin Paris", "T1\tLiteral 4 9\tParis", [("Paris", 3, 8)], 1),
        ("New\x85York", "T1\tLiteral 0 8\tNew\x85York\r\n", [("New\x85York", 0, 8)], 0),
        ("a\r\nParis\r\nParis", "T1\tLiteral 2 7\tParis\nT2\tLiteral 8 13\tParis",
         [("Paris", 3, 8), ("Paris", 10, 15)], 2),
        ("Rome, Oslo", "T1\tLiteral 0 4\tRome\nT1\tLiteral 6 10\tOslo", [("Rome", 0, 4)], 1),
    ],
    ids=["a mark in .ann", "a mark in .txt", "a control character", "line ends", "one id twice"],
)  # fmt: skip
def test_odd_brat_is_read_and_every_repair_is_listed(
    text: str, annotations: str, found: list[tuple[str, int, int]], repairs: int, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode())
    (tmp_path / "a.ann").write_bytes(annotations.encode())
    reading = read(tmp_path)
    assert mentions_of(reading) == found
    assert len(reading.repairs) == repairs
