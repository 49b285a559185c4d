"""A small file that other processes read: it appears whole or not at all, and is never torn."""

from __future__ import annotations

import os
from pathlib import Path

from stindex.errors import UserError


def write_whole(path: Path, content: str) -> None:
    """Replace a file by `content`, making its directory if need be.

    Raises:
        UserError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    except OSError as problem:
        raise UserError(
            f"{path}: cannot be written ({problem.strerror}); make room or name another "
            f"--output-dir."
        ) from None
