"""What several rooms' tests need, and what each room may cost.

At the end of a session stands the CPU time of each room beside its budget: `make test` may take
15 minutes on two cores, `pytest tests -m "not slow"` two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import pytest
from hypothesis import HealthCheck, settings

from stindex.geocoding.embedded import open_gazetteer
from stindex.geocoding.gazetteer import Gazetteer

pytest_plugins = ["pytester"]

# Shared machines are noisy: how long an example takes says nothing about the code.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

TESTS = Path(__file__).parent
# CPU seconds of a room's tests and of the processes that they start: all tests, the quick ones.
BUDGETS = {
    "chaos": (60, 0),
    "cli": (60, 13),
    "comparison": (30, 5),
    "data": (4, 3),
    "datasets": (12, 3),
    "docs": (90, 5),
    "fuzz": (10, 0),
    "gates": (3, 2),
    "geocoding": (25, 14),
    "llm": (270, 14),
    "package": (50, 3),
    "pytest_plugin": (100, 15),
    "reporting": (110, 11),
    "rules": (8, 6),
    "runs": (8, 6),
    "scoring": (16, 12),
    "temporal": (6, 1),
    "single files": (6, 5),
}
SPENT = pytest.StashKey[Counter[str]]()


def room_of(path: Path) -> str:
    """Return the folder of `tests/` that a file lies in."""
    first, *rest = path.relative_to(TESTS).parts
    return first if rest else "single files"


def _cpu_seconds() -> float:
    """Return what this process and its ended children have used so far."""
    used = map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(of_one.ru_utime + of_one.ru_stime for of_one in used)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count what a test costs, its fixtures included."""
    before = _cpu_seconds()
    result = yield
    spent = item.config.stash.setdefault(SPENT, Counter())
    spent[room_of(item.path)] += _cpu_seconds() - before  # type: ignore[assignment]  # no int
    return result


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show each room's CPU time beside its budget."""
    column = 1 if "not slow" in config.option.markexpr else 0
    terminalreporter.section("CPU seconds of each room, of its budget")
    for room, seconds in sorted(config.stash.get(SPENT, Counter()).items()):
        budget = BUDGETS[room][column]
        over = seconds > budget
        line = f"{room:16} {seconds:6.1f} of {budget:4}{'  over its budget' if over else ''}"
        terminalreporter.write_line(line, red=over)


@pytest.fixture(scope="session")
def index_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the gazetteer's index is built."""
    return tmp_path_factory.mktemp("gazetteer")


@pytest.fixture(scope="session")
def gazetteer(index_directory: Path) -> Iterator[Gazetteer]:
    """Return the embedded gazetteer, its index built once a session."""
    opened = open_gazetteer(index_directory)
    yield opened
    opened.close()
