"""An answer's key covers what may change the answer, a run's identity what makes it that run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stindex.config import resolve_settings
from stindex.llm.base import DecodingSettings
from stindex.prompts import load_prompt
from stindex.runs.identity import GenerationKeys, RunIdentity, differences, digest, schema_hash
from stindex.schema import Extraction, LocatedExtraction, Sample

IDENTITY = RunIdentity(
    model="qwen7b",
    weights="sha256:1",
    dtype="float32",
    quantization="none",
    prompt="iso v1, places",
    prompt_hash="a" * 64,
    answer_schema=schema_hash(Extraction),
    decoding=DecodingSettings(),
    dataset="mine.json",
    dataset_hash="b" * 64,
)
SAMPLE = Sample("s1", "Rain in Lyon.", {}, "2024-03-01")
MESSAGES = load_prompt("iso").messages(SAMPLE)


def _key(identity: RunIdentity) -> str:
    return GenerationKeys(identity).key(MESSAGES)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": "sha256:2"},
        {"dtype": "bfloat16"},
        {"quantization": "4bit"},
        {"answer_schema": schema_hash(LocatedExtraction)},
        {"decoding": DecodingSettings(seed=1)},
        {"decoding": DecodingSettings(max_tokens=7)},
        {"decoding": DecodingSettings(temperature=0.5)},
        {"decoding": DecodingSettings(sampling="model")},
        {"decoding": DecodingSettings(constrained=False)},
        {"decoding": DecodingSettings(thinking="on")},
        {"decoding": DecodingSettings(thinking_tokens=7)},
    ],
    ids=str,
)
def test_the_key_changes_with_all_that_may_change_an_answer(change: dict[str, object]) -> None:
    changed = replace(IDENTITY, **change)  # type: ignore[arg-type]  # checked by the cases above
    assert _key(changed) != _key(IDENTITY)
    assert changed.run_id != IDENTITY.run_id


@pytest.mark.parametrize(
    "change",
    [
        {"model": "/models/qwen"},
        {"dataset": "other.json"},
        {"dataset_hash": "c" * 64},
        {"run_name": "mine"},
    ],
    ids=str,
)
def test_the_key_does_not_depend_on_names_or_on_the_data_set(change: dict[str, str]) -> None:
    changed = replace(IDENTITY, **change)  # type: ignore[arg-type]  # all of them strings
    assert _key(changed) == _key(IDENTITY)
    assert changed.run_id != IDENTITY.run_id


@pytest.mark.parametrize(
    "messages",
    [
        load_prompt("timex3").messages(SAMPLE),
        load_prompt("iso", "coordinates").messages(SAMPLE),
        load_prompt("iso").messages(replace(SAMPLE, text="Rain in Lyon!")),
        load_prompt("iso").messages(replace(SAMPLE, reference_date="2024-03-02")),
    ],
    ids=["prompt", "answer", "text", "reference date"],
)
def test_the_key_changes_with_the_messages(messages: tuple[dict[str, str], ...]) -> None:
    assert GenerationKeys(IDENTITY).key(messages) != _key(IDENTITY)


def test_the_key_differs_between_repeats() -> None:
    keys = GenerationKeys(IDENTITY)
    assert keys.key(MESSAGES, repeat=1) != keys.key(MESSAGES)


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 3},
        {"device": "cpu"},
        {"thresholds": "other.yaml"},
        {"geocoder": "none"},
        {"exit_on": "both"},
        {"limit": 3},
        {"reference": False},
    ],
    ids=str,
)
def test_batch_size_device_geocoder_and_thresholds_are_not_part_of_decoding(
    change: dict[str, object], tmp_path: Path
) -> None:
    plain = resolve_settings({"model": "rules"}, tmp_path)
    assert resolve_settings({"model": "rules", **change}, tmp_path).decoding() == plain.decoding()


def test_gold_and_metadata_do_not_reach_the_messages() -> None:
    other = replace(SAMPLE, id="s2", metadata={"language": "en"}, document_id="d")
    assert load_prompt("iso").messages(other) == MESSAGES


@given(st.text(), st.text(), st.text())
def test_a_run_id_is_one_harmless_part_of_a_path(model: str, dataset: str, name: str) -> None:
    run_id = replace(IDENTITY, model=model, dataset=dataset, run_name=name).run_id
    assert PurePosixPath(run_id).parts == (run_id,)
    assert run_id not in {".", ".."}
    assert run_id.isascii()
    assert len(run_id) < 140


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "a/b\\c", "\x00", "..", "C:\\x", "\ud800"])
def test_hostile_model_names_stay_inside_the_output_directory(hostile: str, tmp_path: Path) -> None:
    run_id = replace(IDENTITY, model=hostile).run_id
    assert (tmp_path / run_id).resolve().parent == tmp_path.resolve()


def test_differences_say_what_changed() -> None:
    new = replace(IDENTITY, prompt="timex3 v1, places", decoding=DecodingSettings(seed=5))
    assert differences(IDENTITY.to_json(), new.to_json()) == [
        "prompt (iso v1, places ─▶ timex3 v1, places)",
        "seed (0 ─▶ 5)",
    ]


def test_differences_shorten_hashes_and_know_older_identities() -> None:
    new = replace(IDENTITY, dataset_hash="c" * 64)
    assert differences(IDENTITY.to_json(), new.to_json()) == [
        f"dataset_hash ({'b' * 8} ─▶ {'c' * 8})"
    ]
    older = {k: v for k, v in IDENTITY.to_json().items() if k != "seed"}
    assert differences(older, IDENTITY.to_json()) == ["seed (None ─▶ 0)"]


@given(st.dictionaries(st.text(), st.integers()))
def test_a_digest_does_not_depend_on_the_order_of_keys(value: dict[str, int]) -> None:
    assert digest(value) == digest(dict(reversed(list(value.items()))))
