"""The rooms know each other in one direction: the contracts in `pyproject.toml` hold.

Beside them the linter itself is tried: a program that breaks a contract is found out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter")

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports({}))"


def _lint(directory: Path, *settings: str) -> subprocess.CompletedProcess[str]:
    code = LINT.format(", ".join([*settings, "no_cache=True"]))
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_imports_go_one_way() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("scoring/rates.py", "from stindex.runs import record", "Scoring knows no run"),
        ("runs/plan.py", "import pytest", "Nothing but the plugin knows pytest"),
        (
            "reporting/readings.py",
            "def late():\n    import torch",
            "Nothing but llm/ imports torch",
        ),
        ("errors.py", "import stindex.pytest_plugin", "Nothing imports the plugin"),
        ("schema.py", "import stindex.scoring", "Imports go one way"),
    ],
)
def test_an_import_against_the_direction_is_found(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    for path in (ROOT / "stindex").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    with (tmp_path / "stindex" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode == 1, done.stdout
    broken = next(row for row in done.stdout.splitlines() if row.startswith(contract))
    assert "BROKEN" in broken
