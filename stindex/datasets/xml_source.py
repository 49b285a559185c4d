"""XML of data sets, read without entities, external references or network.

A path goes in, the root element comes out, or a sentence about what is wrong with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it has no types
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from stindex.datasets.file_trees import content_hash, files_below, sample_name
from stindex.datasets.json_entries import Entry, read_bytes
from stindex.datasets.problems import Problem, Repair
from stindex.datasets.reading import Reading
from stindex.errors import UserError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse_xml(path: Path) -> Element:
    """Return the root element of a file; its tags are bare of namespaces.

    Raises:
        UserError: it is missing, not XML, or defines entities.
    """
    content = read_bytes(path)
    try:
        root: Element = fromstring(content)
    except ParseError as problem:
        line, column = problem.position
        what = str(problem).partition(":")[0]
        raise UserError(
            f"{path}: line {line}, column {column} is not XML ({what}); correct it."
        ) from None
    except DefusedXmlException:
        raise UserError(
            f"{path}: defines entities, which are not read; replace them by their text."
        ) from None
    except (LookupError, ValueError, RecursionError) as problem:
        raise UserError(f"{path}: is not XML ({problem}); save it as UTF-8.") from None
    for element in root.iter():
        element.tag = local_name(element)
    return root


def parse_document(file: Path, where: str, sample_id: str) -> Element | Problem:
    """Return the root element of one of many files, or what is wrong with that one."""
    try:
        return parse_xml(file)
    except UserError as problem:
        sentence = str(problem).removeprefix(f"{file}: ").rstrip(".")
        what, _, remedy = sentence.rpartition("; ")
        return Problem(where, sample_id, "", what, remedy)


def reading_of_files(
    path: Path,
    suffixes: Sequence[str],
    read: Callable[[str, Path, str], tuple[object, list[Repair]]],
) -> Reading:
    """Read a file, or all below a directory, one sample each; its id is the file's name.

    Args:
        read: called with what a problem names the file by, its path, and the sample's id.

    Raises:
        UserError: the path is missing or cannot be read.
    """
    files = files_below(path, tuple(suffixes))
    entries: list[Entry] = []
    repairs: list[Repair] = []
    for file in files:
        where = str(file.relative_to(path)) if path.is_dir() else file.name
        entry, done = read(where, file, sample_name(file, path))
        entries.append((where, entry))
        repairs.extend(done)
    return Reading(tuple(entries), tuple(repairs), content_hash(files, path))


def local_name(element: Element) -> str:
    """Return the tag of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def child_text(element: Element, *names: str) -> str:
    """Return the text of the first child that has one of the names; empty if there is none."""
    for name in names:
        found = element.find(name)
        if found is not None and found.text and found.text.strip():
            return found.text.strip()
    return ""
