"""What a model's generation_config.json asks for, and what is said where it is no good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.llm.own_sampling import (
    OwnSampling,
    Sampling,
    own_sampling,
    read_generation_config,
    refuse_equal_answers,
)
from stindex.llm.registry import ModelSpec
from stindex.llm.storage import LocalModel


def model_with(tmp_path: Path, content: object, gguf_file: str | None = None) -> LocalModel:
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "generation_config.json").write_text(text, encoding="utf-8")
    return LocalModel(ModelSpec("m", "directory"), tmp_path, gguf_file, "sha256:0")


def test_all_that_is_followed_is_read(tmp_path: Path) -> None:
    content = {
        "do_sample": True,
        "temperature": 0.6,
        "top_k": 20,
        "top_p": 0.95,
        "min_p": 0.1,
        "top_h": 0.5,
        "typical_p": 0.9,
        "epsilon_cutoff": 0.0001,
        "eta_cutoff": 0.0002,
        "repetition_penalty": 1.1,
        "no_repeat_ngram_size": 3,
        "bad_words_ids": [[5], [6, 7]],
        "suppress_tokens": [9],
    }
    found = own_sampling(model_with(tmp_path, content))
    expected = Sampling(0.6, 20, 0.95, 0.1, 0.5, 0.9, 0.0001, 0.0002, 1.1, 3, ((5,), (6, 7)), (9,))
    assert found == OwnSampling(expected)
    assert found.remarks == []


@pytest.mark.parametrize("asked", [{}, {"do_sample": False}, {"do_sample": None}])
def test_without_do_sample_the_likeliest_token_is_taken_as_generate_does(
    tmp_path: Path, asked: dict[str, object]
) -> None:
    content = {**asked, "temperature": 0, "top_p": 2, "repetition_penalty": 1.2}
    found = own_sampling(model_with(tmp_path, content))
    assert found == OwnSampling(Sampling(repetition_penalty=1.2))
    assert [line.count("no sampling (do_sample is not true)") for line in found.remarks] == [1]


def test_do_sample_alone_draws_from_all_tokens(tmp_path: Path) -> None:
    assert own_sampling(model_with(tmp_path, {"do_sample": True})).sampling == Sampling(1.0)
    all_tokens = {"do_sample": True, "top_k": -1}
    assert own_sampling(model_with(tmp_path, all_tokens)).sampling == Sampling(1.0)


def test_what_would_change_tokens_and_is_not_followed_is_named_once(tmp_path: Path) -> None:
    content = {
        "do_sample": True,
        "num_beams": 4,
        "guidance_scale": 1.5,
        "presence_penalty": 1.5,
        "tempreature": 0.7,
        "min_new_tokens": 5,
    }
    found = own_sampling(model_with(tmp_path, content))
    assert found.remarks == [
        "--sampling model ignores guidance_scale, min_new_tokens, num_beams, presence_penalty, "
        "tempreature in the model's generation_config.json."
    ]


def test_what_changes_no_token_is_not_named(tmp_path: Path) -> None:
    content = {
        "_from_model_config": True,
        "do_sample": True,
        "eos_token_id": [1, 2],
        "use_cache": True,
        "num_beams": 1,
        "length_penalty": 1.0,
        "min_length": 0,
        "forced_eos_token_id": None,
        "remove_invalid_values": False,
        "transformers_version": "5.0",
    }
    assert own_sampling(model_with(tmp_path, content)).ignored == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"do_sample": True, "temperature": 0}, "`temperature`: should be greater than 0"),
        ({"do_sample": True, "temperature": -1.0}, "`temperature`: should be greater than 0"),
        ({"do_sample": True, "temperature": "0.7"}, "`temperature`: should be a valid number"),
        ({"do_sample": True, "temperature": True}, "`temperature`: should be a valid number"),
        ('{"do_sample": true, "temperature": NaN}', "`temperature`: should be a finite number"),
        ({"do_sample": True, "top_p": 2}, "`top_p`: should be less than or equal to 1"),
        ({"do_sample": True, "top_k": 2.5}, "`top_k`: should be a valid integer"),
        ({"do_sample": True, "min_p": -0.1}, "`min_p`: should be greater than or equal to 0"),
        ({"do_sample": "yes"}, "`do_sample`: should be a valid boolean"),
        ({"repetition_penalty": 0.0}, "`repetition_penalty`: should be greater than 0"),
        ({"bad_words_ids": [[]]}, "`bad_words_ids.0`: list should have at least 1 item"),
        ({"suppress_tokens": [-1]}, "`suppress_tokens.0`: should be greater than or equal to 0"),
    ],
)
def test_a_value_that_is_none_is_one_sentence(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(UserError) as told:
        own_sampling(model_with(tmp_path, content))
    assert f"generation_config.json: {said}" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", ['{"do_sample": tr', "", "[1]", "3"])
def test_a_damaged_file_is_refused_whether_it_is_asked_for_or_not(
    tmp_path: Path, content: str
) -> None:
    with pytest.raises(UserError, match=r"generation_config\.json: .*; fetch the model again\."):
        read_generation_config(model_with(tmp_path, content))


def test_a_model_without_the_file_is_told(tmp_path: Path) -> None:
    bare = LocalModel(ModelSpec("m", "directory"), tmp_path, None, "sha256:0")
    assert read_generation_config(bare) is None
    with pytest.raises(UserError, match=r"has no generation_config\.json; give --temperature"):
        own_sampling(bare)


def test_a_file_beside_a_gguf_file_is_not_the_models(tmp_path: Path) -> None:
    beside = model_with(tmp_path, {"do_sample": True}, "m.gguf")
    with pytest.raises(UserError, match=r"has no generation_config\.json"):
        own_sampling(beside)


def test_repeats_of_a_model_that_does_not_sample_are_refused() -> None:
    refuse_equal_answers(OwnSampling(Sampling(0.7)), 3)
    refuse_equal_answers(OwnSampling(Sampling()), 1)
    with pytest.raises(UserError, match="asks for none"):
        refuse_equal_answers(OwnSampling(Sampling(repetition_penalty=1.1)), 3)


def test_bad_words_have_to_be_the_models_and_never_keep_an_answer_from_ending() -> None:
    own = OwnSampling(Sampling(bad_words_ids=((2,), (2, 5), (7,))))
    assert own.within(8, frozenset({2})).sampling.bad_words_ids == ((2, 5), (7,))
    with pytest.raises(UserError, match="names token 7, and the model has 7"):
        own.within(7, frozenset({2}))
