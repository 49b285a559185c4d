"""Where each setting comes from, and what is said about settings that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stindex.config import DEFAULT_DATASET, Settings, dataset_path, resolve_settings
from stindex.errors import UserError
from stindex.resources import bundled


def _root(directory: Path, eval_yaml: str = "") -> Path:
    if eval_yaml:
        (directory / "cfg").mkdir()
        (directory / "cfg" / "eval.yaml").write_text(eval_yaml, encoding="utf-8")
    return directory


def test_defaults_are_those_of_the_older_command(tmp_path: Path) -> None:
    resolved = resolve_settings({}, _root(tmp_path))
    values = resolved.values
    assert (values.model, values.batch_size, values.output_dir) == ("qwen7b", 8, "reports")
    assert (values.device, values.torch_dtype) == ("auto", "bfloat16")
    assert resolved.sources["model"] == "default"
    assert not resolved.explicit_model


def test_a_batch_size_is_a_number_or_auto(tmp_path: Path) -> None:
    auto = resolve_settings({"batch_size": "auto"}, _root(tmp_path)).values
    assert auto.batch_size == "auto"
    assert auto.samples_together == 16
    twelve = resolve_settings({"batch_size": "12"}, _root(tmp_path)).values
    assert twelve.batch_size == twelve.samples_together == 12


def test_the_command_line_goes_before_the_file_the_alias_and_the_default(tmp_path: Path) -> None:
    root = _root(tmp_path, "model: smollm2\nbatch_size: 3\nseed: 5\n")
    resolved = resolve_settings({"seed": 9}, root)
    expected: dict[str, tuple[Any, str]] = {
        "seed": (9, "command line"),
        "batch_size": (3, "cfg/eval.yaml"),
        "model": ("smollm2", "cfg/eval.yaml"),
        "max_tokens": (384, "alias smollm2"),
        "torch_dtype": ("float32", "alias smollm2"),
        "geocoder": ("embedded", "default"),
    }
    described = resolved.described()
    for name, (value, source) in expected.items():
        assert described[name] == {"value": value, "source": source}
    assert resolved.explicit_model


@pytest.mark.parametrize("where", ["command line", "cfg/eval.yaml"])
def test_what_the_user_says_goes_before_the_alias(tmp_path: Path, where: str) -> None:
    given = {"model": "smollm2", "max_tokens": 64, "torch_dtype": "float16"}
    in_file = where != "command line"
    text = "".join(f"{key}: {value}\n" for key, value in given.items()) if in_file else ""
    resolved = resolve_settings({} if in_file else given, _root(tmp_path, text))
    assert (resolved.values.max_tokens, resolved.values.torch_dtype) == (64, "float16")
    assert resolved.sources["max_tokens"] == resolved.sources["torch_dtype"] == where
    assert resolved.spec.dtype == "float16"


def test_every_setting_has_a_source_and_a_description() -> None:
    resolved = resolve_settings({"model": "rules"}, Path("/nonexistent"))
    assert set(resolved.sources) == set(Settings.model_fields)
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"limit": 0}, "--limit: .*greater than or equal to 1 .*0"),
        ({"batch_size": -1}, "--batch-size: .*greater than or equal to 1 .*-1"),
        ({"max_tokens": 0}, "--max-tokens: "),
        ({"temperature": -0.5}, "--temperature: .*greater than or equal to 0"),
        ({"temperature": float("nan")}, "--temperature: "),
        ({"torch_dtype": "int8"}, "--torch-dtype: .*'bfloat16'"),
        ({"run_name": "../up"}, "--run-name: "),
        ({"fresh": True, "retry_errors": True}, "--fresh .*--retry-errors .*one of the two"),
        ({"limit": 1, "sample_id": ["a"]}, "--limit and --sample-id .*one of the two"),
        ({"model": "rules", "quantization": "4bit"}, "--model rules has no weights"),
        ({"sampling": "model", "temperature": 0.7}, "--sampling model .*leave --temperature out"),
        ({"sampling": "model", "model": "rules"}, "--sampling model needs a model"),
        ({"sampling": "model", "backend": "vllm"}, "needs a model of --backend hf"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_one_sentence(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said) as raised:
        resolve_settings(given, _root(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bach_size: 3\n", r"eval\.yaml: `bach_size` is no known key \(did you mean `batch_size`"),
        ("batch_size: -1\n", r"eval\.yaml: `batch_size`: .*greater than or equal to 1"),
        ("batch_size: [\n", r"eval\.yaml:2:1: not valid YAML"),
        ("- model\n", r"eval\.yaml: holds a list; write"),
        ("model: !!python/object/apply:os.system [ls]\n", r"eval\.yaml.*not valid YAML"),
    ],
)
def test_a_broken_settings_file_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        resolve_settings({}, _root(tmp_path, text))


def test_two_settings_that_exclude_each_other_are_found_across_file_and_command_line(
    tmp_path: Path,
) -> None:
    with pytest.raises(UserError, match="--retry-errors"):
        resolve_settings({"fresh": True}, _root(tmp_path, "retry_errors: true\n"))


def test_an_empty_settings_file_is_no_settings(tmp_path: Path) -> None:
    assert resolve_settings({}, _root(tmp_path, "# nothing\n")).sources["seed"] == "default"


def test_an_unknown_model_lists_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="smollm2"):
        resolve_settings({"model": "smolm2"}, _root(tmp_path))


@pytest.mark.parametrize(("copies", "limit"), [(3, 3), (1, 1), (0, None)])
def test_lists_end_after_so_many_copies_or_never(
    tmp_path: Path, copies: int, limit: int | None
) -> None:
    assert resolve_settings({"copies": copies}, _root(tmp_path)).decoding().copies == limit


def test_the_data_set_of_the_package_stands_in_for_the_default_alone(tmp_path: Path) -> None:
    assert dataset_path(DEFAULT_DATASET, tmp_path) == bundled(DEFAULT_DATASET)
    assert dataset_path("mine.json", tmp_path) == tmp_path / "mine.json"
    own = tmp_path / DEFAULT_DATASET
    own.parent.mkdir(parents=True)
    own.write_text("[]", encoding="utf-8")
    assert dataset_path(DEFAULT_DATASET, tmp_path) == own
