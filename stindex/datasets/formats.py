"""The formats that data sets come in: which one a file or directory is, and who reads it.

A format is recognised by its file extension and, where that leaves a doubt, by its first element.
A further format is one module and one line in `FORMATS`.
"""

from __future__ import annotations

from pathlib import Path

from stindex.datasets.native import native_reading
from stindex.datasets.reading import Reading


def read(path: Path) -> Reading:
    """Return the samples of a data set as objects of the native format.

    Raises:
        UserError: it is missing or cannot be read.
    """
    return native_reading(path)
