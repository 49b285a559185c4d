"""The native format: objects of annotated texts ─▶ samples.

Every reader of another format makes these objects as well, so that all gold is checked alike. Gold
without offsets is placed by the same alignment as predictions; a layer that is missing or null was
not annotated, an empty list was annotated and has nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
)

from stindex.datasets.json_entries import Entry, json_entries, read_bytes
from stindex.datasets.problems import Problem, Repair
from stindex.datasets.reading import Reading
from stindex.postprocess import place_mentions
from stindex.schema import (
    EntityMention,
    GoldLayer,
    LocationType,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.schema import TemporalType as TemporalTypeField
from stindex.scoring.registry import entity_names
from stindex.settings_files import known_keys, nearest

_DOUBTFUL = re.compile(r"(0?[1-9]|1[0-2])[-./](0?[1-9]|1[0-2])[-./][0-9]{4}")
# What named entity corpora call a place of any kind: such a mention has no type of ours.
_UNTYPED = frozenset({"LOC", "LOCATION", "GPE", "PLACE", "TOPONYM"})


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


def _no_type_for_any_place(value: object) -> object:
    return None if isinstance(value, str) and value.strip().upper() in _UNTYPED else value


class _GoldSpatial(_GoldMention):
    location_type: Annotated[LocationType | None, BeforeValidator(_no_type_for_any_place)] = None
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


class _GoldEntity(_GoldMention):
    normalized: str = ""
    entity_type: str | None = None

    def mention(self) -> EntityMention:
        return EntityMention(
            self.text, self.normalized, self.entity_type, self.start_char, self.end_char
        )


class _GroundTruth(BaseModel):
    model_config = ConfigDict(extra="forbid")

    temporal: list[_GoldTemporal] | None = None
    spatial: list[_GoldSpatial] | None = None


_Gold = _GoldTemporal | _GoldSpatial | _GoldEntity


class _Annotation(BaseModel):
    # Frozen, as a default that can change would be copied for each sample.
    model_config = ConfigDict(extra="forbid", frozen=True)

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
    metadata: dict[str, Any] = Field(default_factory=dict)

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


@cache
def _native_model(entities: tuple[str, ...]) -> type[_NativeSample]:
    """Return the model of a sample that may be annotated in further dimensions too."""
    if not entities:
        return _NativeSample
    layer: Any = (list[_GoldEntity] | None, None)
    extent: Any = (Literal["full", "partial"], "full")
    truth = create_model("_GroundTruth", __base__=_GroundTruth, **dict.fromkeys(entities, layer))
    annotation = create_model(
        "_Annotation", __base__=_Annotation, **dict.fromkeys(entities, extent)
    )
    return create_model(
        "_NativeSample",
        __base__=_NativeSample,
        ground_truth=(truth, ...),
        annotation=(annotation, annotation()),
    )


def _check_date(value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is no ISO 8601 date") from None


def native_reading(path: Path) -> Reading:
    """Return the objects of a file in the native format, as they are.

    Raises:
        UserError: the file is missing or cannot be read.
    """
    content = read_bytes(path)
    entries: list[Entry] = []
    repairs: list[Repair] = []
    for where, entry in json_entries(path, content):
        dated, repair = _without_doubtful_date(where, entry)
        entries.append((where, dated))
        repairs += [repair] if repair else []
    return Reading(tuple(entries), tuple(repairs), hashlib.sha256(content).hexdigest())


def _without_doubtful_date(where: str, entry: object) -> tuple[object, Repair | None]:
    """Leave out a reference date of which nobody knows what is its day and what its month."""
    given = entry.get("reference_date") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not (isinstance(given, str) and _DOUBTFUL.fullmatch(given)):
        return entry, None
    done = f"reference date {given!r} was left out: its day and month cannot be told apart"
    return {**entry, "reference_date": None}, Repair(where, str(entry.get("id", "")), done)


def read_samples(entries: Iterable[Entry]) -> tuple[list[Sample], list[Problem]]:
    """Return the usable samples among decoded objects, and every problem, in their order."""
    samples: list[Sample] = []
    problems: list[Problem] = []
    first_seen: dict[str, str] = {}
    for where, entry in entries:
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


def _sample(where: str, entry: object) -> tuple[Sample | None, list[Problem]]:
    """Return the sample, or None and the problems that stand in its way."""
    if not isinstance(entry, dict):
        message = f"is a JSON {type(entry).__name__}, not an object"
        return None, [Problem(where, "", "", message, "write one object a sample")]
    sample_id = str(entry.get("id", ""))
    try:
        native = _native_model(entity_names()).model_validate(entry)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return None, [_schema_problem(where, sample_id, cast("dict[str, Any]", e)) for e in found]
    problems = [
        problem
        for name, mentions in _layers(native)
        for index, mention in enumerate(mentions)
        for find in (_offset_problem, _point_problem)
        if (problem := find(where, native, name, index, mention)) is not None
    ]
    if problems:
        return None, problems
    return _placed(where, native)


def _schema_problem(where: str, sample_id: str, error: dict[str, Any]) -> Problem:
    location = [str(part) for part in error["loc"]]
    field = ".".join(location)
    if error["type"] == "extra_forbidden":
        hint = nearest(location[-1], known_keys(_native_model(entity_names())))
        return Problem(where, sample_id, field, f"is no known key{hint}", "rename or remove it")
    if error["type"] == "missing":
        return Problem(where, sample_id, field, "is missing", "add it")
    message = str(error["msg"]).removeprefix("Value error, ")
    return Problem(where, sample_id, field, f"is wrong ({message})", "correct it")


def _layers(native: _NativeSample) -> list[tuple[str, Sequence[_Gold]]]:
    """Return the annotated layers by the name of their dimension."""
    truth = native.ground_truth
    layers = ((name, getattr(truth, name)) for name in type(truth).model_fields)
    return [(name, mentions) for name, mentions in layers if mentions is not None]


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


def _point_problem(
    where: str, native: _NativeSample, name: str, index: int, mention: _GoldMention
) -> Problem | None:
    if isinstance(mention, _GoldSpatial) and (
        (mention.latitude is None) != (mention.longitude is None)
    ):
        field = f"ground_truth.{name}.{index}"
        message = "has only one of latitude and longitude"
        return Problem(where, native.id, field, message, "give both or neither")
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
