"""The native format: a JSON array or JSON lines of annotated texts ─▶ samples.

`load_dataset` gives samples or stops at what is wrong; `validate_dataset` lists every problem.
Gold without offsets is placed by the same alignment as predictions; a layer that is missing or
null was not annotated, an empty list was annotated and has nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stindex.errors import UserError
from stindex.postprocess import place_mentions
from stindex.schema import GoldLayer, LocationType, Sample, SpatialMention, TemporalMention
from stindex.schema import TemporalType as TemporalTypeField
from stindex.settings_files import known_keys, nearest


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one file, in file order, or a choice of them.

    Attributes:
        content_hash: SHA-256 of the file's bytes.
        total: how many samples the file holds.
    """

    path: Path
    samples: tuple[Sample, ...]
    content_hash: str
    total: int

    def chosen(self, limit: int | None, sample_ids: Sequence[str]) -> Dataset:
        """Return the first `limit` samples, or those with the given ids, in file order.

        Raises:
            UserError: there is no sample of such an id.
        """
        known = {sample.id for sample in self.samples}
        for sample_id in sample_ids:
            if sample_id not in known:
                hint = nearest(sample_id, sorted(known))
                raise UserError(f"--sample-id {sample_id}: {self.path} has no such sample{hint}.")
        if sample_ids:
            return replace(self, samples=tuple(s for s in self.samples if s.id in sample_ids))
        return replace(self, samples=self.samples[:limit])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a data set file.

    Attributes:
        where: line (JSON lines) or index (JSON array) of the sample, or line and column.
        sample_id: its id, where it has one.
        field: dotted path inside the sample.
    """

    where: str
    sample_id: str
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        sample = f" sample {self.sample_id!r}" if self.sample_id else ""
        field = f" `{self.field}`" if self.field else ""
        return f"{self.where}:{sample}{field} {self.message}; {self.remedy}."


class _GoldMention(BaseModel):
    # TIMEX3's mod, quant, freq and the like are kept in the file and not scored.
    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(min_length=1)]
    start_char: Annotated[int, Field(ge=0)] | None = None
    end_char: Annotated[int, Field(ge=0)] | None = None


class _GoldTemporal(_GoldMention):
    normalized: str
    temporal_type: TemporalTypeField | None = None

    def mention(self) -> TemporalMention:
        return TemporalMention(
            self.text, self.normalized, self.temporal_type, self.start_char, self.end_char
        )


class _GoldSpatial(_GoldMention):
    location_type: LocationType | None = None
    parent_region: str | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    def mention(self) -> SpatialMention:
        return SpatialMention(
            self.text,
            self.location_type,
            self.parent_region,
            self.latitude,
            self.longitude,
            self.start_char,
            self.end_char,
        )


class _GroundTruth(BaseModel):
    model_config = ConfigDict(extra="forbid")

    temporal: list[_GoldTemporal] | None = None
    spatial: list[_GoldSpatial] | None = None


class _Annotation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    temporal: Literal["full", "partial"] = "full"
    spatial: Literal["full", "partial"] = "full"


class _NativeSample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    reference_date: str | None = None
    document_id: str | None = None
    ground_truth: _GroundTruth
    annotation: _Annotation = _Annotation()
    metadata: dict[str, Any] = {}

    @field_validator("id", mode="before")
    @classmethod
    def _number_as_id(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("reference_date")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        if value is not None:
            _check_date(value)
        return value


def _check_date(value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is no ISO 8601 date") from None


def load_dataset(path: Path) -> Dataset:
    """Read a data set file in the native format.

    Raises:
        UserError: the file is missing, empty, broken, or a sample in it is not usable; the first
            problem is named, and how many more there are.
    """
    content = _read(path)
    samples, problems = _read_samples(path, content)
    if problems:
        more = len(problems) - 1
        rest = f" ({more} more; `stindex validate {path}` lists all)" if more else ""
        raise UserError(f"{path}: {problems[0]}{rest}")
    return Dataset(path, tuple(samples), hashlib.sha256(content).hexdigest(), len(samples))


def validate_dataset(path: Path) -> tuple[list[Sample], list[Problem]]:
    """Return the usable samples of a file and every problem in it, in file order.

    Raises:
        UserError: the file is missing or cannot be read.
    """
    return _read_samples(path, _read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such data set; check the path.") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a directory; name a .json or .jsonl file in it.") from None
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None


def _read_samples(path: Path, content: bytes) -> tuple[list[Sample], list[Problem]]:
    samples: list[Sample] = []
    problems: list[Problem] = []
    first_seen: dict[str, str] = {}
    for where, entry in _entries(path, content):
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        sample, found = _sample(where, entry)
        problems.extend(found)
        if sample is None:
            continue
        if sample.id in first_seen:
            message = f"has the id of another sample ({first_seen[sample.id]})"
            problems.append(Problem(where, sample.id, "id", message, "give each sample its own id"))
            continue
        first_seen[sample.id] = where
        samples.append(sample)
    if not samples and not problems:
        problems.append(Problem("line 1", "", "", "holds no samples", "add at least one"))
    return samples, problems


def _entries(path: Path, content: bytes) -> Iterator[tuple[str, object]]:
    """Yield (where, decoded object or Problem) for each sample of a file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        yield "", Problem(f"line {line}", "", "", "is not UTF-8", "save the file as UTF-8")
        return
    if text.lstrip()[:1] == "[" and path.suffix != ".jsonl":
        yield from _array_entries(text)
    else:
        yield from _line_entries(text)


def _array_entries(text: str) -> Iterator[tuple[str, object]]:
    try:
        entries = _decode(text)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        yield "", _broken(error, None)
        return
    for index, entry in enumerate(cast("list[object]", entries)):
        yield f"index {index}", entry


def _line_entries(text: str) -> Iterator[tuple[str, object]]:
    # Not splitlines(): it would also split at U+2028 inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", _decode(line)
        except (json.JSONDecodeError, RecursionError, ValueError) as error:
            yield "", _broken(error, number)


def _decode(text: str) -> object:
    return json.loads(text, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _broken(error: Exception, line: int | None) -> Problem:
    if isinstance(error, json.JSONDecodeError):
        where = f"line {line or error.lineno}, column {error.colno}"
        return Problem(where, "", "", f"is not JSON ({error.msg})", "correct the syntax there")
    where = f"line {line or 1}"
    what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    return Problem(where, "", "", f"is not JSON ({what})", "correct it")


def _sample(where: str, entry: object) -> tuple[Sample | None, list[Problem]]:
    """Return the sample, or None and the problems that stand in its way."""
    if not isinstance(entry, dict):
        message = f"is a JSON {type(entry).__name__}, not an object"
        return None, [Problem(where, "", "", message, "write one object a sample")]
    sample_id = str(entry.get("id", ""))
    try:
        native = _NativeSample.model_validate(entry)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [_schema_problem(where, sample_id, cast("dict[str, Any]", e)) for e in found]
    problems = [
        problem
        for name, mentions in _layers(native)
        for index, mention in enumerate(mentions)
        if (problem := _offset_problem(where, native, name, index, mention)) is not None
    ]
    if problems:
        return None, problems
    return _placed(where, native)


def _schema_problem(where: str, sample_id: str, error: dict[str, Any]) -> Problem:
    location = [str(part) for part in error["loc"]]
    field = ".".join(location)
    if error["type"] == "extra_forbidden":
        hint = nearest(location[-1], known_keys(_NativeSample))
        return Problem(where, sample_id, field, f"is no known key{hint}", "rename or remove it")
    if error["type"] == "missing":
        return Problem(where, sample_id, field, "is missing", "add it")
    message = str(error["msg"]).removeprefix("Value error, ")
    return Problem(where, sample_id, field, f"is wrong ({message})", "correct it")


def _layers(native: _NativeSample) -> list[tuple[str, list[_GoldTemporal] | list[_GoldSpatial]]]:
    truth = native.ground_truth
    layers: list[tuple[str, list[_GoldTemporal] | list[_GoldSpatial]]] = []
    if truth.temporal is not None:
        layers.append(("temporal", truth.temporal))
    if truth.spatial is not None:
        layers.append(("spatial", truth.spatial))
    return layers


def _offset_problem(
    where: str, native: _NativeSample, name: str, index: int, mention: _GoldMention
) -> Problem | None:
    field = f"ground_truth.{name}.{index}"
    start, end = mention.start_char, mention.end_char
    if (start is None) != (end is None):
        message = "has only one of start_char and end_char"
        return Problem(where, native.id, field, message, "give both or neither")
    if start is None or end is None:
        return None
    found = native.text[start:end]
    if found != mention.text:
        message = f"says {mention.text!r} where the text has {found!r} at {start}:{end}"
        remedy = "correct the offsets (code points, end exclusive) or leave them out"
        return Problem(where, native.id, field, message, remedy)
    return None


def _placed(where: str, native: _NativeSample) -> tuple[Sample | None, list[Problem]]:
    gold: dict[str, GoldLayer] = {}
    problems: list[Problem] = []
    for name, mentions in _layers(native):
        placed = place_mentions([mention.mention() for mention in mentions], native.text)
        for index, mention in enumerate(placed):
            if mention.start_char is None:
                field = f"ground_truth.{name}.{index}"
                message = f"{mention.text!r} is not in the text (as often as it is annotated)"
                problems.append(
                    Problem(where, native.id, field, message, "correct the mention or the text")
                )
        gold[name] = GoldLayer(placed, getattr(native.annotation, name) == "full")
    if problems:
        return None, problems
    sample = Sample(
        native.id,
        native.text,
        gold,
        native.reference_date,
        native.document_id,
        native.metadata,
    )
    return sample, []
