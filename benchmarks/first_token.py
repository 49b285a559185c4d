"""Says when a local model writes its first token; a plugin of the start-up benchmark."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.startup import STAMP


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Any:  # noqa: ANN401  # pytest's
    """Let the first token that any row takes leave its time in a file."""
    from stindex.llm.decoding.row import Row  # noqa: PLC0415  # imports torch, as the run does next

    advance = Row.advance

    def first(row: Row, choice: int, scores: Any) -> int:  # noqa: ANN401
        token = advance(row, choice, scores)
        Path(os.environ[STAMP]).write_text(str(time.time()), encoding="utf-8")
        Row.advance = advance  # type: ignore[method-assign]
        return token

    Row.advance = first  # type: ignore[assignment,method-assign]
    return (yield)
