"""Hugging Face `datasets`, described by a small YAML file ─▶ native objects.

The file names a local directory (saved by `datasets`, or with parquet, arrow or JSON lines in it)
or a data set of the hub, and which column is what. Only here, and only when such a file is read,
`datasets` is imported and, for a hub id, the network used. What the corpus annotates is what the
file maps: a layer without a column was not annotated.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stindex.datasets.json_entries import Entry, json_entries, read_bytes
from stindex.datasets.problems import Problem
from stindex.datasets.reading import Reading
from stindex.errors import UserError
from stindex.settings_files import nearest, read_settings_file

_LOCAL_KINDS = {".parquet": "parquet", ".arrow": "arrow"}
_JSON = (".jsonl", ".json")
_REMEDY = "correct `columns` in the mapping"


class _Columns(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    id: str | None = None
    reference_date: str | None = None
    document_id: str | None = None
    temporal: str | None = None
    spatial: str | None = None


class _TemporalFields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = "text"
    start_char: str | None = "start_char"
    end_char: str | None = "end_char"
    normalized: str = "normalized"
    temporal_type: str | None = "temporal_type"


class _SpatialFields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = "text"
    start_char: str | None = "start_char"
    end_char: str | None = "end_char"
    latitude: str | None = "latitude"
    longitude: str | None = "longitude"
    location_type: str | None = "location_type"


class Mapped(BaseModel):
    """The content of a mapping file; `docs/own-data.md` explains its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    columns: _Columns
    split: str | None = None
    subset: str | None = None
    revision: str | None = None
    temporal: _TemporalFields = _TemporalFields()
    spatial: _SpatialFields = _SpatialFields()
    types: dict[str, str | None] = {}
    annotation: dict[Literal["temporal", "spatial"], Literal["full", "partial"]] = {}
    metadata: tuple[str, ...] = ()


Rows = Iterable[Mapping[str, Any]]


def mapped_reading(path: Path) -> Reading:
    """Read the data set that a mapping file describes.

    Raises:
        UserError: the mapping is broken, `datasets` is missing or cannot read what it names, or a
            column that it names does not exist.
    """
    mapped = read_settings_file(path, Mapped)
    rows, columns = _rows(path, mapped)
    _refuse_unknown_columns(path, mapped, columns)
    entries = tuple((f"row {n}", mapped_entry(n, row, mapped)) for n, row in enumerate(rows))
    return Reading(entries, (), _content_hash(path, entries))


def _content_hash(path: Path, entries: tuple[Entry, ...]) -> str:
    """Return a hash of the mapping and of the rows, whatever file they are stored in."""
    whole = hashlib.sha256(path.read_bytes())
    for _, entry in entries:
        text = str(entry) if isinstance(entry, Problem) else json.dumps(entry, default=str)
        whole.update(text.encode("utf-8", "surrogatepass") + b"\n")
    return whole.hexdigest()


def _rows(path: Path, mapped: Mapped) -> tuple[Rows, list[str]]:
    """Return the rows, and the names of the columns."""
    try:
        import datasets  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra, and slow)
    except ImportError:
        raise UserError(
            f"{path}: needs the package `datasets`; pip install 'stindex[datasets]'."
        ) from None
    local = path.parent / mapped.source
    with tempfile.TemporaryDirectory(prefix="stindex-") as cache:
        open_source: Callable[..., Any] = _open_local if local.exists() else _open_hub
        try:
            datasets.disable_progress_bars()
            found = _one_split(path, mapped, open_source(datasets, local, mapped, cache))
            rows = list(found)
            return rows, getattr(found, "column_names", None) or sorted(
                {k for r in rows for k in r}
            )
        except UserError:
            raise
        except Exception as problem:  # noqa: BLE001 (it raises what its many backends raise)
            lines = str(problem).strip().splitlines()
            what = lines[0][:200].rstrip(".") if lines else type(problem).__name__
            raise UserError(
                f"{path}: `datasets` cannot read {mapped.source!r} ({what}); check `source`, "
                "`subset` and `split`."
            ) from None


def _one_split(path: Path, mapped: Mapped, found: Any) -> Any:  # noqa: ANN401 (no types)
    if not isinstance(found, Mapping):
        return found
    splits = ", ".join(map(str, found))
    raise UserError(f"{path}: {mapped.source!r} has the splits {splits}; name one as `split`.")


def _open_local(datasets: Any, local: Path, mapped: Mapped, cache: str) -> Any:  # noqa: ANN401 (no types)
    if local.is_dir() and _saved_by_datasets(local):
        found = datasets.load_from_disk(str(local))
        chosen = mapped.split is not None and isinstance(found, Mapping)
        return found[mapped.split] if chosen else found
    found = [local] if local.is_file() else sorted(f for f in local.rglob("*") if f.is_file())
    files = [f for f in found if mapped.split is None or mapped.split in f.stem]
    for suffix, kind in _LOCAL_KINDS.items():
        of_kind = [str(file) for file in files if file.suffix == suffix]
        if of_kind:
            return datasets.load_dataset(
                kind, data_files=of_kind, split="train", cache_dir=cache, keep_in_memory=True
            )
    if in_json := [file for file in files if file.suffix in _JSON]:
        # Not through `datasets`, which makes points in time of strings that look like dates.
        return [_row(file, *entry) for file in in_json for entry in _json_of(file)]
    split = f" of split {mapped.split!r}" if mapped.split else ""
    raise UserError(
        f"{local}: holds no parquet, JSON or arrow file{split}; name the directory that does."
    )


def _json_of(file: Path) -> Iterable[Entry]:
    return json_entries(file, read_bytes(file))


def _row(file: Path, where: str, entry: object) -> Mapping[str, Any]:
    if isinstance(entry, dict):
        return entry
    what = entry if isinstance(entry, Problem) else f"{where}: is no JSON object; correct it."
    raise UserError(f"{file}: {what}")


def _saved_by_datasets(local: Path) -> bool:
    return (local / "state.json").is_file() or (local / "dataset_dict.json").is_file()


def _open_hub(datasets: Any, local: Path, mapped: Mapped, cache: str) -> Any:  # noqa: ANN401, ARG001
    return datasets.load_dataset(
        mapped.source, mapped.subset, split=mapped.split, revision=mapped.revision
    )


def _refuse_unknown_columns(path: Path, mapped: Mapped, columns: list[str]) -> None:
    named = [*mapped.columns.model_dump(exclude_none=True).values(), *mapped.metadata]
    for name in named:
        if name not in columns:
            known = ", ".join(columns)
            raise UserError(
                f"{path}: {mapped.source!r} has no column {name!r}{nearest(name, columns)}; "
                f"name one of {known}."
            )


def mapped_entry(number: int, row: Mapping[str, Any], mapped: Mapped) -> object:
    """Return a row as an object of the native format, or what is wrong with it."""
    columns = mapped.columns
    truth: dict[str, Any] = {}
    for layer in ("temporal", "spatial"):
        column = getattr(columns, layer)
        if column is None:
            continue
        found = _mentions(row.get(column))
        if found is None:
            message = f"is no list of objects in the column {column!r}"
            return Problem(f"row {number}", "", f"ground_truth.{layer}", message, _REMEDY)
        fields = getattr(mapped, layer).model_dump(exclude_none=True)
        truth[layer] = [_mention(m, fields, row.get(columns.text), mapped.types) for m in found]
    named = {
        name: _as_text(row.get(column))
        for name in ("reference_date", "document_id")
        if (column := getattr(columns, name)) is not None and row.get(column) is not None
    }
    return {
        "id": str(row.get(columns.id)) if columns.id else f"row-{number}",
        "text": row.get(columns.text),
        **named,
        "ground_truth": truth,
        "annotation": dict(mapped.annotation),
        "metadata": {name: _as_json(row.get(name)) for name in mapped.metadata},
    }


def _mentions(value: object) -> list[Mapping[str, Any]] | None:
    """Return a list of objects: as such, as JSON text, or as an object of lists."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if value is None:
        return []
    if isinstance(value, Mapping) and all(isinstance(v, list) for v in value.values()):
        lists = {str(name): list(items) for name, items in value.items()}
        if len({len(items) for items in lists.values()}) > 1:
            return None
        return [dict(zip(lists, items, strict=True)) for items in zip(*lists.values(), strict=True)]
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _mention(
    found: Mapping[str, Any],
    fields: Mapping[str, str],
    text: object,
    types: Mapping[str, str | None],
) -> dict[str, Any]:
    mention = {name: found[field] for name, field in fields.items() if field in found}
    if hasattr(mention.get("normalized"), "isoformat"):
        mention["normalized"] = _as_text(mention["normalized"])
    for degrees in ("latitude", "longitude"):
        if isinstance(mention.get(degrees), float) and math.isnan(mention[degrees]):
            mention[degrees] = None  # pandas' way of saying that there is none
    for kind in ("temporal_type", "location_type"):
        said = mention.get(kind)
        if isinstance(said, str) and said in types:
            mention[kind] = types[said]
    start, end = mention.get("start_char"), mention.get("end_char")
    if "text" not in mention and isinstance(text, str) and isinstance(start, int):
        mention["text"] = text[start:end]
    return mention


def _as_text(value: Any) -> str:  # noqa: ANN401 (a date, a time, a string)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _as_json(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return _as_text(value)
