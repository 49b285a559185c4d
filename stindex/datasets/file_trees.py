"""Corpora of many files: which files belong to a path, their names as ids, a hash of them all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stindex.datasets.json_entries import read_bytes
from stindex.errors import UserError


def files_below(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the path itself if it is a file, else the files of some suffixes below it, sorted.

    Hidden files and directories are passed over.

    Raises:
        UserError: there is no such path, or it cannot be read.
    """
    if path.is_file():
        return [path]
    try:
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes)
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None
    return [
        file
        for file in found
        if file.is_file() and not any(p.startswith(".") for p in file.relative_to(path).parts)
    ]


def sample_name(file: Path, path: Path) -> str:
    """Return the id of the sample of a file: its name without suffix, below `path`."""
    below = file.relative_to(path) if path.is_dir() else Path(file.name)
    return below.with_suffix("").as_posix()


def content_hash(files: Sequence[Path], path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of several."""
    if path.is_file():
        return hashlib.sha256(read_bytes(path)).hexdigest()
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(path).as_posix()}\0".encode("utf-8", "surrogateescape"))
        whole.update(hashlib.sha256(read_bytes(file)).digest())
    return whole.hexdigest()
