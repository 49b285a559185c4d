"""stindex evaluates how well language models read time and place from text."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stindex.stored import StoredRun, load_run

__all__ = ["StoredRun", "load_run"]

try:
    __version__ = version("stindex")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0.0.0"


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever the name stands for)
    """Import what notebooks use when it is used: `import stindex` alone stays light."""
    if name in __all__:
        return getattr(import_module("stindex.stored"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
