"""The files of a model on this machine ─▶ a fingerprint of everything in them that may change an
answer: weights, config, tokenizer, chat template.

Reading 15 GB takes half a minute, so the SHA-256 of a file is kept in the user's cache under its
path, size and time of change, and costs nothing at the second start. Imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from stindex.llm.wheels import sha256_of

_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken", ".py"})


def directory_fingerprint(directory: Path, cache: Path | None = None) -> str:
    """Return `sha256:…` over the names and contents of a model directory's files."""
    files = sorted(
        (path for path in directory.rglob("*") if path.suffix in _SUFFIXES and path.is_file()),
        key=lambda path: path.relative_to(directory).as_posix(),
    )
    return _fingerprint([(path.relative_to(directory).as_posix(), path) for path in files], cache)


def file_fingerprint(path: Path, cache: Path | None = None) -> str:
    """Return `sha256:…` over the content of one GGUF file, whatever its name."""
    return _fingerprint([("gguf", path)], cache)


def _fingerprint(files: list[tuple[str, Path]], cache: Path | None) -> str:
    store = (cache or user_cache_path("stindex")) / "file_hashes.json"
    known = _read(store)
    digest = hashlib.sha256()
    fresh = {}
    for name, path in files:
        status = path.stat()
        key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
        content = known.get(key)
        if content is None:
            content = fresh[key] = sha256_of(path)
        digest.update(f"{name}\0{content}\n".encode("utf-8", "surrogateescape"))
    if fresh:
        _write(store, {**_read(store), **fresh})
    return f"sha256:{digest.hexdigest()}"


def _read(store: Path) -> dict[str, str]:
    try:
        content = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(store: Path, hashes: dict[str, str]) -> None:
    # A cache that cannot be written costs time, not the run.
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=store.parent, prefix=".file_hashes-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(hashes, file)
        Path(name).replace(store)
    except OSError:
        return
