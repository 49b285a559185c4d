"""What may stand after `--model`, and the one sentence for what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.llm.registry import hub_aliases, models_file_path, resolve_model


def test_the_aliases_of_the_project_resolve() -> None:
    assert resolve_model("rules").kind == "rules"
    small = resolve_model("smollm2")
    assert (small.kind, small.dtype, small.max_tokens) == ("wheel", "float32", 384)
    seven = resolve_model("qwen7b")
    assert (seven.kind, seven.repository) == ("hub", "Qwen/Qwen2.5-7B-Instruct")
    assert seven.dtype == "bfloat16"
    assert resolve_model("gemma3-270m").wheels[3].member.endswith(".part03")
    names = {spec.name for spec in hub_aliases()}
    assert {"qwen3-8b", "llama8b", "gemma3-4b", "qwen0.5b", "qwen1.5b"} <= names


def test_dtype_and_revision_of_the_command_line_override_the_alias() -> None:
    spec = resolve_model("qwen7b", revision="abc", dtype="float16")
    assert (spec.revision, spec.dtype) == ("abc", "float16")
    assert resolve_model("smollm2", dtype="bfloat16").dtype == "bfloat16"


def test_a_hub_id_with_an_alias_knows_its_size() -> None:
    assert resolve_model("Qwen/Qwen3-8B").download_bytes == resolve_model("qwen3-8b").download_bytes
    assert resolve_model("some/other").download_bytes is None


def test_directories_and_gguf_files_resolve_to_their_paths(tmp_path: Path) -> None:
    gguf = tmp_path / "m.GGUF"
    gguf.touch()
    assert resolve_model(str(tmp_path)).path == tmp_path.resolve()
    spec = resolve_model(str(gguf))
    assert (spec.kind, spec.path) == ("gguf", gguf.resolve())


def test_a_directory_that_looks_like_a_hub_id_is_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert resolve_model("own/model").kind == "directory"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("smolm2", "did you mean `smollm2`"),
        ("qwen8b", "`qwen7b`"),
        ("ruls", "`rules`"),
        ("zzzzzzzz", "known: smollm2, "),
        ("./no/such/directory", "no such directory"),
        ("missing.gguf", "no such directory or file"),
        ("a/b/c", "no such directory"),
    ],
)
def test_an_unknown_name_is_one_sentence_with_the_nearest(name: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_model(name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_revision_of_what_has_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="pinned wheel"):
        resolve_model("smollm2", revision="main")
    with pytest.raises(UserError, match="local path"):
        resolve_model(str(tmp_path), revision="main")


def test_the_users_own_file_of_aliases_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "cfg" / "models.yaml"
    own.parent.mkdir()
    own.write_text("models: {mine: {repository: me/mine, dtype: float16, max_tokens: 7}}")
    monkeypatch.chdir(tmp_path)
    assert models_file_path() == own
    spec = resolve_model("mine")
    assert (spec.repository, spec.dtype, spec.max_tokens) == ("me/mine", "float16", 7)
    with pytest.raises(UserError, match="neither an alias"):
        resolve_model("smollm2")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("models: {m: {repository: a/b, dtyp: float32}}", "did you mean `dtype`"),
        ("models: {m: {repository: a/b, dtype: int3}}", "models.m.dtype"),
        ("models: {m: {dtype: float32}}", "models.m.repository"),
        ("models: [", "not valid YAML"),
        ("models: {m: {repository: !!python/name:os.system }}", "not valid YAML"),
    ],
)
def test_a_broken_file_of_aliases_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        resolve_model("m", models_file=file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
