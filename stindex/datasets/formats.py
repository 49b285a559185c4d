"""The formats that data sets come in: which one a file or directory is, and who reads it.

A format is recognised by its extension and, for XML, by the root element; a directory by the files
in it. A further format is one module and one entry in `FORMATS`; a user's own is added to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stindex.datasets.native import native_reading
from stindex.datasets.reading import Reading
from stindex.errors import UserError

# How much of an XML file is looked at for its root element, in bytes.
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Format:
    """A format of data sets.

    Attributes:
        name: as the documentation has it.
        suffixes: of the files that may be in it.
        root: an element that marks it among other XML; empty where the suffix is enough.
        directories: whether a directory of such files is one data set.
        read: what reads it.
    """

    name: str
    suffixes: tuple[str, ...]
    root: str
    directories: bool
    read: Callable[[Path], Reading]


# The readers are imported when a file is read: XML and YAML cost time that JSON need not.
def _timeml(path: Path) -> Reading:
    from stindex.datasets.timeml import timeml_reading  # noqa: PLC0415

    return timeml_reading(path)


def _cat(path: Path) -> Reading:
    from stindex.datasets.cat import cat_reading  # noqa: PLC0415

    return cat_reading(path)


def _geoparsing(path: Path) -> Reading:
    from stindex.datasets.geoparsing_xml import geoparsing_reading  # noqa: PLC0415

    return geoparsing_reading(path)


def _brat(path: Path) -> Reading:
    from stindex.datasets.brat import brat_reading  # noqa: PLC0415

    return brat_reading(path)


def _mapped(path: Path) -> Reading:
    from stindex.datasets.hugging_face import mapped_reading  # noqa: PLC0415

    return mapped_reading(path)


NATIVE = Format("native", (".json", ".jsonl"), "", directories=False, read=native_reading)
FORMATS: list[Format] = [
    NATIVE,
    Format(
        "TimeML",
        (".tml", ".xml"),
        "TimeML",
        directories=True,
        read=_timeml,
    ),
    Format(
        "MEANTIME (CAT)",
        (".xml",),
        "Document",
        directories=True,
        read=_cat,
    ),
    Format(
        "geoparsing XML (LGL, TR-News, GeoVirus)",
        (".xml",),
        "articles",
        directories=False,
        read=_geoparsing,
    ),
    Format(
        "GeoWebNews (brat)",
        (".ann",),
        "",
        directories=True,
        read=_brat,
    ),
    Format(
        "Hugging Face datasets, through a mapping",
        (".yaml", ".yml"),
        "",
        directories=False,
        read=_mapped,
    ),
]


def read(path: Path) -> Reading:
    """Return the samples of a data set as objects of the native format.

    Raises:
        UserError: it is missing, cannot be read, or is of no known format.
    """
    return format_of(path).read(path)


def format_of(path: Path) -> Format:
    """Return the format of a file or directory; a file without a known suffix is taken as native.

    Raises:
        UserError: an XML file or a directory is of no known format.
    """
    if not path.is_dir():
        return _format_of_file(path)
    known = [f for f in FORMATS if f.directories]
    for found in sorted(path.rglob("*")):
        suffix = found.suffix.lower()
        if not found.is_file() or found.name.startswith("."):
            continue
        if any(suffix in f.suffixes for f in known):
            form = _format_of_file(found)
            if form in known:
                return form
    suffixes = sorted({suffix for f in known for suffix in f.suffixes})
    raise UserError(
        f"{path}: is a directory; name a .json or .jsonl file in it, or a directory with "
        f"{', '.join(suffixes)} files of a known corpus, or the YAML mapping of a directory of "
        "Hugging Face `datasets`."
    )


def _format_of_file(path: Path) -> Format:
    suffix = path.suffix.lower()
    fitting = [f for f in FORMATS if suffix in f.suffixes]
    if suffix == ".xml" and path.is_file():
        return _format_of_xml(path)
    return fitting[0] if fitting else NATIVE


def _format_of_xml(path: Path) -> Format:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).replace(b"\0", b"")
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None
    for form in FORMATS:
        if form.root and f"<{form.root}".encode() in head:
            return form
    roots = ", ".join(f"<{f.root}>" for f in FORMATS if f.root)
    raise UserError(f"{path}: is XML of no known format; its root would be one of {roots}.")
