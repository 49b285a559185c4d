"""What is refused as not comparable, and what is only said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stindex.comparison.comparability import refuse_incomparable, warnings
from stindex.comparison.content import content_hash, gold_hash
from stindex.comparison.stored_scores import StoredScores
from stindex.errors import UserError
from stindex.schema import Sample

from .building import IDENTITY, score, stored

RUN = stored([score("a", 1, 0), score("b", 1, 1)])


def _changed(run: StoredScores, sample_id: str, **hashes: str) -> StoredScores:
    samples = dict(run.samples)
    samples[sample_id] = replace(samples[sample_id], **hashes)  # type: ignore[arg-type]
    return replace(run, samples=samples)


def _refuse(baseline: StoredScores, **identity: str) -> None:
    refuse_incomparable("baseline", baseline, RUN.samples, {**IDENTITY, **identity})


def test_a_run_over_the_same_data_is_comparable() -> None:
    _refuse(RUN)
    _refuse(stored([score("b", 0, 2)]), dataset_hash="another file with the same texts")


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (_changed(RUN, "b", content="other"), "other data set content in 'b'"),
        (_changed(RUN, "a", gold="other"), "held against other gold in 'a'.*--rescore"),
        (stored([score("z", 1, 0)]), "another data set .mine.json.: not one sample id"),
        (replace(RUN, run={**RUN.run, "identity": {"answer_schema": "b"}}), "answer schema"),
    ],
)
def test_what_says_nothing_about_the_model_is_refused_by_name(
    baseline: StoredScores, said: str
) -> None:
    with pytest.raises(UserError, match=f"baseline run: .*{said}"):
        _refuse(baseline)


def test_predictions_of_another_system_are_comparable_with_any_model() -> None:
    _refuse(RUN, answer_schema="none", prompt="none v1, places")
    theirs = {**IDENTITY, "answer_schema": "none", "prompt": "none v1, places"}
    _refuse(replace(RUN, run={**RUN.run, "identity": theirs}))


def test_without_hashes_of_texts_only_the_same_file_will_do() -> None:
    old = _changed(_changed(RUN, "a", content=""), "b", content="")
    _refuse(old)
    with pytest.raises(UserError, match="does not say what its texts were"):
        _refuse(old, dataset_hash="other")


def _with_run(**changed: Any) -> StoredScores:  # noqa: ANN401 (parts of run.json)
    return replace(RUN, run={**RUN.run, **changed})


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"identity": {"prompt": "iso"}}, {"identity": {"prompt": "mine"}}, "prompt: iso ─▶ mine"),
        ({"identity": {"prompt_hash": "1"}}, {"identity": {"prompt_hash": "2"}}, "text of the"),
        ({"identity": {"temperature": None}}, {"identity": {"temperature": 1.0}}, "temperature"),
        ({"identity": {"dtype": "float32"}}, {"identity": {"dtype": "bfloat16"}}, "dtype: float32"),
        ({"settings": {"batch_size": 8}}, {"settings": {"batch_size": 1}}, "batch size: 8 ─▶ 1"),
        ({"provenance": {"cpus": 2}}, {"provenance": {"cpus": 64}}, "cpus: 2 ─▶ 64"),
        (
            {"provenance": {"versions": {"torch": "2.6"}}},
            {"provenance": {"versions": {"torch": "2.7"}}},
            "version of torch: 2.6 ─▶ 2.7",
        ),
        (
            {"provenance": {"geocoder": {"name": "none"}}},
            {"provenance": {"geocoder": {"name": "embedded"}}},
            "geocoder, name: none ─▶ embedded",
        ),
        (
            {"provenance": {"source": {"device": "cpu"}}},
            {"provenance": {"source": {"device": "cuda"}}},
            "model, device: cpu ─▶ cuda",
        ),
    ],
)
def test_what_may_explain_a_difference_is_said(
    before: dict[str, object], now: dict[str, object], said: str
) -> None:
    sentences = warnings(_with_run(**before), _with_run(**now))
    (sentence,) = [one for one in sentences if "half precision" not in one]
    assert said in sentence


@pytest.mark.parametrize(
    ("dtype", "sizes", "said"),
    [
        ("bfloat16", (8, 1), True),
        ("float16", (8, "auto"), True),
        ("float32", (8, 1), False),
        ("bfloat16", (8, 8), True),
        ("float32", (8, 8), False),
    ],
)
def test_half_precision_is_said_to_change_answers_at_any_batch_size(
    dtype: str, sizes: tuple[object, object], said: bool
) -> None:
    before, now = (
        _with_run(identity={"dtype": dtype}, settings={"batch_size": size}) for size in sizes
    )
    assert sum("half precision" in sentence for sentence in warnings(before, now)) == said


def test_a_kernel_that_does_not_depend_on_the_batch_rounds_the_same() -> None:
    source = {"source": {"batch_invariant": True}}
    run = _with_run(identity={"dtype": "bfloat16"}, provenance=source)
    assert warnings(run, run) == []


def test_another_model_is_what_is_compared_and_no_warning() -> None:
    before = _with_run(identity={"model": "a", "weights": "1", "run_name": "x"})
    assert warnings(before, _with_run(identity={"model": "b", "weights": "2"})) == []


def test_what_was_measured_of_a_model_explains_no_difference() -> None:
    before = _with_run(provenance={"source": {"device": "cpu", "load_seconds": 1.0}})
    now = _with_run(provenance={"source": {"device": "cpu", "peak_memory_bytes": 5}})
    assert warnings(before, now) == []


def test_a_model_that_was_not_asked_says_nothing_about_its_device() -> None:
    asked = _with_run(provenance={"source": {"device": "cuda"}})
    assert warnings(asked, _with_run(provenance={"source": {}})) == []


def test_samples_that_only_one_run_has_are_counted() -> None:
    (sentence,) = warnings(stored([score("a", 1, 0), score("c", 1, 0)]), RUN)
    assert sentence == ("1 samples are compared; 1 are only in this run, 1 only in the baseline")


def test_hashes_see_what_matters_and_nothing_else() -> None:
    sample = Sample("a", "text", {}, "2024-05-06", metadata={"language": "en"})
    assert content_hash(sample) == content_hash(replace(sample, id="b", metadata={}))
    assert content_hash(sample) != content_hash(replace(sample, text="texts"))
    assert content_hash(sample) != content_hash(replace(sample, reference_date=None))
    gold = {"spatial_mentions": [{"text": "Lyon", "latitude": 45.76, "longitude": 4.84}]}
    more = {"spatial_mentions": [{**gold["spatial_mentions"][0], "parent_region": "France"}]}
    assert gold_hash(gold) == gold_hash(more)
    assert gold_hash(gold) != gold_hash({"spatial_mentions": []})
    assert gold_hash({}) != gold_hash({"spatial_mentions": []})
    assert gold_hash(gold) != gold_hash({**gold, "annotation": {"spatial": "partial"}})


@pytest.mark.parametrize(
    "reader", [{"weights": "rules-1-2"}, {"weights": "0f" * 32, "prompt": "none v1, places"}]
)
def test_rules_and_predictions_have_neither_prompt_nor_decoding_that_could_differ(
    reader: dict[str, str],
) -> None:
    model = {"prompt": "iso v1", "prompt_hash": "1", "dtype": "bfloat16", "max_tokens": 96}
    theirs = {"prompt": "iso v1", "prompt_hash": "2", "dtype": "float32", **reader}
    before, now = _with_run(identity=model), _with_run(identity=theirs)
    assert warnings(before, now) == warnings(now, before) == []


def test_the_number_format_of_a_server_is_not_known_and_not_compared() -> None:
    here = {"weights": "0f" * 32, "dtype": "float32", "prompt": "iso v1"}
    there = {"weights": "server-1", "dtype": "bfloat16", "prompt": "mine v1"}
    (sentence,) = warnings(_with_run(identity=here), _with_run(identity=there))
    assert sentence == "prompt: iso v1 ─▶ mine v1"
