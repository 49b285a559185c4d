"""Hooks of a `conftest.py` ─▶ the registries of the program, before the settings are read."""

from __future__ import annotations

import pytest

from stindex.errors import UserError
from stindex.extensions import ADD


def add_extensions(config: pytest.Config) -> None:
    """Add what the hooks bring along.

    Raises:
        pytest.UsageError: it cannot be used.
    """
    try:
        for name, add in ADD.items():
            for given in getattr(config.hook, name)():
                add(given)
    except UserError as problem:
        raise pytest.UsageError(str(problem)) from None
