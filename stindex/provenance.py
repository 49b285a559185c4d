"""Under what circumstances a run was made: command, code, versions, machine.

The working directory goes in; a JSON-ready mapping for `run.json` comes out. What cannot be found
out (no git, no package) is None, never an error.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "stindex",
    "accelerate",
    "pydantic",
    "pytest",
    "tokenizers",
    "torch",
    "transformers",
    "xgrammar",
)


def provenance(root: Path) -> dict[str, Any]:
    """Return JSON-ready facts about this process; nothing of the environment's variables."""
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "git": git_state(root),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def git_state(root: Path) -> dict[str, Any] | None:
    """Return commit and dirty flag of the work tree around `root`; None outside of one."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git(root, "status", "--porcelain"))}


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
