"""The JUnit file of an earlier run does not survive a run that dies early."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest


def remove_old_junit_file(config: pytest.Config) -> None:
    """Remove the file that `--junitxml` names, if it is there."""
    named = getattr(config.option, "xmlpath", None)
    if named and not config.option.collectonly:
        with suppress(OSError):
            Path(os.path.expandvars(named)).expanduser().unlink()
