"""Text ─▶ a file that is there whole or not at all.

A writer gives its text piece by piece; the file takes its name when the last piece is on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from stindex.errors import UserError


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    r"""Write a UTF-8 file under a temporary name beside it, then give it its own name.

    A lone surrogate, which UTF-8 does not have, is written as `\udXXX`. Whatever goes wrong, an
    older file of that name stays as it was; what `pieces` raises passes through.

    Raises:
        UserError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _explained(path):
            handle = temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        try:
            _write(handle, pieces, path)
        finally:
            with _explained(path):
                handle.close()
        with _explained(path):
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _write(handle: TextIO, pieces: Iterable[str], path: Path) -> None:
    # The pieces are drawn outside of the explanation: an error of theirs is not this file's.
    for piece in pieces:
        with _explained(path):
            handle.write(piece)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UserError(
            f"{path}: the file cannot be written ({problem.strerror or problem}); free some space,"
            " or choose another directory with --output-dir."
        ) from problem
