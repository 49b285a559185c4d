"""GeoWebNews: brat's `.txt` and `.ann` with a place in the annotator's notes ─▶ native objects.

Places are annotated exhaustively, time is not annotated. All types of toponyms are mentions
(literal, associative, demonyms); `Non_Toponym` and the `…_Expression` types are none. A note is
`latitude, longitude`, or GeoNames' id, whose coordinates a `coordinates.tsv` in the directory may
give (id, latitude, longitude); without it these mentions have no coordinates.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from stindex.datasets.file_trees import content_hash, files_below, sample_name
from stindex.datasets.json_entries import Entry, read_bytes
from stindex.datasets.offsets import Document, fit
from stindex.datasets.problems import Problem, Repair
from stindex.datasets.reading import Reading

COORDINATES = "coordinates.tsv"
_TOPONYMS = frozenset(
    "Literal Literal_Modifier Mixed Embedded_Literal Coercion Embedded_Non_Lit Embedded_NonLit "
    "Non_Literal_Modifier Metonymic Demonym Language Homonym".split()
)
_NUMBER = r"[+-]?\d{1,3}(?:\.\d{1,20})?"
_POINT = re.compile(rf"\(?({_NUMBER})\s*[,;\s]\s*({_NUMBER})\)?")
_PIECE = re.compile(r"(\d{1,9}) (\d{1,9})")
_GEONAMES = re.compile(r"(?:\S*geonames\.org/)?(\d{1,12})(?:/\S*)?")

Point = tuple[float, float]


@dataclass(slots=True)
class _Annotations:
    """One `.ann` file: toponyms by their ids, notes, and what could not be read."""

    toponyms: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def brat_reading(path: Path) -> Reading:
    """Read the pairs of `.txt` and `.ann` in a directory, or the pair of one file.

    Raises:
        UserError: it is missing or cannot be read.
    """
    directory = path if path.is_dir() else path.parent
    files = files_below(path, (".ann",))
    table = directory / COORDINATES
    known = _coordinates(table) if table.is_file() else {}
    repairs: list[Repair] = []
    found = [_document(file, path, known, repairs) for file in files]
    documents = [document for document in found if isinstance(document, Document)]
    fitted, moved = fit(documents)
    entries: list[Entry] = [(p.where, p) for p in found if isinstance(p, Problem)]
    for document, mentions in zip(documents, fitted, strict=True):
        entries.append((document.where, _entry(document, mentions)))
    read = [f for file in files for f in (file, file.with_suffix(".txt")) if f.is_file()]
    read += [table] if table.is_file() and path.is_dir() else []
    return Reading(tuple(entries), (*repairs, *moved), content_hash(read, path))


def _entry(document: Document, mentions: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": document.sample_id,
        "text": document.text,
        "ground_truth": {"spatial": mentions},
    }


def _document(
    file: Path, path: Path, known: Mapping[str, Point], repairs: list[Repair]
) -> Document | Problem:
    where, name = file.name, sample_name(file, path)
    text_file = file.with_suffix(".txt")
    if not text_file.is_file():
        return Problem(where, name, "", f"has no {text_file.name} beside it", "add the text")
    try:
        # brat counts in the text as it is stored, line ends included.
        text = read_bytes(text_file).decode("utf-8-sig")
        lines = read_bytes(file).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return Problem(where, name, "", "is not UTF-8", "save it and its text as UTF-8")
    read = _Annotations()
    for number, line in enumerate(lines, start=1):
        _take(line, number, read)
    repairs.extend(Repair(where, name, doubt) for doubt in read.doubts)
    mentions = [_located(m, read.notes.get(key, ""), known) for key, m in read.toponyms.items()]
    mentions.sort(key=lambda mention: (mention["start_char"], mention["end_char"]))
    return Document(where, name, text, mentions)


def _take(line: str, number: int, read: _Annotations) -> None:
    fields = line.removesuffix("\r").split("\t")
    if line.startswith("#") and len(fields) >= 3:
        target = fields[1].split(" ")[-1]
        read.notes[target] = fields[2].strip()
    elif line.startswith("T") and len(fields) >= 3:
        kind, _, span = fields[1].partition(" ")
        if kind not in _TOPONYMS:
            return
        pieces = [(int(a), int(b)) for a, b in _PIECE.findall(span)]
        # Pieces on both sides of a line end are one; whether the words fit is seen later.
        whole = all(after - before == 1 for (_, before), (after, _) in pairwise(pieces))
        if fields[0] in read.toponyms:
            said = f"{fields[2]!r} has the id of another annotation, {fields[0]}, and was left out"
            read.doubts.append(f"line {number}: {said}")
            return
        if not pieces or not whole:
            read.doubts.append(f"line {number}: {fields[2]!r} is in pieces and was left out")
            return
        read.toponyms[fields[0]] = {
            "text": fields[2],
            "start_char": pieces[0][0],
            "end_char": pieces[-1][1],
            "toponym_type": kind,
        }


def _located(mention: dict[str, Any], note: str, known: Mapping[str, Point]) -> dict[str, Any]:
    point = _point(note)
    located: dict[str, Any] = {**mention}
    if point is None and (number := _GEONAMES.fullmatch(note)):
        located["geonameid"] = number[1]
        point = known.get(number[1])
    located["latitude"], located["longitude"] = point or (None, None)
    return located


def _point(note: str) -> Point | None:
    found = _POINT.fullmatch(note)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _coordinates(table: Path) -> dict[str, Point]:
    """Return id to point; lines that are no such row (a heading) are passed over."""
    rows = csv.reader(
        read_bytes(table).decode("utf-8", "replace").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    known: dict[str, Point] = {}
    for row in rows:
        point = _point(f"{row[1]},{row[2]}") if len(row) >= 3 else None
        if point is not None:
            known[row[0]] = point
    return known
