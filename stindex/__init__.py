"""stindex evaluates how well language models read time and place from text."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("stindex")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0.0.0"
