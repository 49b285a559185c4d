"""Text ─▶ a file that is there whole or not at all, whoever reads it and whatever happens.

The text may come piece by piece; the file takes its name when the last piece is on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from stindex.errors import UserError

REMEDY = "make room or name another --output-dir"


def write_whole(path: Path, pieces: str | Iterable[str], *, remedy: str = REMEDY) -> None:
    r"""Write a UTF-8 file under a temporary name beside it, then give it its own name.

    Its directory is made if need be. A lone surrogate, which UTF-8 does not have, is written as
    `\udXXX`. Whatever goes wrong, an older file of that name stays as it was; what `pieces` raises
    passes through.

    Args:
        remedy: what to do where it cannot be written.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with _explained(path, remedy):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        try:
            _write(handle, [pieces] if isinstance(pieces, str) else pieces, path, remedy)
        finally:
            with _explained(path, remedy):
                handle.close()
        with _explained(path, remedy):
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _write(handle: TextIO, pieces: Iterable[str], path: Path, remedy: str) -> None:
    # The pieces are drawn outside of the explanation: an error of theirs is not this file's.
    for piece in pieces:
        with _explained(path, remedy):
            handle.write(piece)


@contextmanager
def _explained(path: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be written ({problem.strerror or problem}); {remedy}."
        ) from None
