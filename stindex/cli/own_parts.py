"""What the `conftest.py` of an evaluation brings along holds for the commands too."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_FILES = ("conftest.py", "eval_tests/conftest.py")
_HOOK = b"def pytest_stindex_"


def add_own_parts(directory: Path) -> None:
    """Add what the hooks of an evaluation in a directory bring along.

    The files are those that pytest runs there. One without such a hook is not run.

    Raises:
        UserError: what they bring along cannot be used.
    """
    for path in (directory / name for name in _FILES):
        if not path.is_file() or _HOOK not in path.read_bytes():
            continue
        from stindex.extensions import add_from_module  # noqa: PLC0415 (imports half the program)

        spec = spec_from_file_location(f"stindex_{path.stem}", path)
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            add_from_module(module)
