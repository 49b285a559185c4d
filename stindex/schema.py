"""What a model must return, and the entities made of it.

The pydantic classes are the answer schemas: they steer decoding and validate what was written.
The frozen dataclasses are what the rest of the program passes along: samples, mentions,
generations and predictions. Character positions are Unicode code points, ends exclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
    model_validator,
)

TEMPORAL_TYPES = ("DATE", "TIME", "DATETIME", "DURATION", "SET", "INTERVAL")
TIMEX3_TYPES = ("DATE", "TIME", "DURATION", "SET")
LOCATION_TYPES = ("country", "region", "city", "landmark", "feature", "other")


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


TemporalType = Annotated[
    Literal["DATE", "TIME", "DATETIME", "DURATION", "SET", "INTERVAL"], BeforeValidator(_upper)
]
Timex3Type = Annotated[Literal["DATE", "TIME", "DURATION", "SET"], BeforeValidator(_upper)]
LocationType = Annotated[
    Literal["country", "region", "city", "landmark", "feature", "other"], BeforeValidator(_lower)
]

# Steers decoding and validates nothing: a model that repeats itself inside a value is stopped
# there, and a free answer with one long value keeps its others. The longest value that makes
# sense, an interval of two times with fractions and zones, has 59 characters. The words of a
# mention have no such limit: a grammar with one could not write a quotation mark in them.
NormalizedValue = Annotated[str, Field(json_schema_extra={"maxLength": 64})]


class _Answer(BaseModel):
    # A key too many does not make an answer unusable: it is ignored.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class TemporalAnswer(_Answer):
    """One temporal mention as a model returns it: its words, its ISO 8601 value, its type."""

    text: str
    normalized: NormalizedValue
    temporal_type: TemporalType


class Timex3TemporalAnswer(_Answer):
    """One temporal mention with a TIMEX3 value and one of TIMEX3's four types."""

    text: str
    normalized: NormalizedValue
    temporal_type: Timex3Type


class SpatialAnswer(_Answer):
    """One place as a model returns it; `parent_region` helps the geocoder."""

    text: str
    location_type: LocationType
    parent_region: str | None = None


class LocatedSpatialAnswer(_Answer):
    """One place with the coordinates that the model itself knows, in degrees."""

    text: str
    location_type: LocationType
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class EntityAnswer(_Answer):
    """One mention of a dimension beside time and place, with its value and type if it has them."""

    text: str
    normalized: NormalizedValue | None = None
    entity_type: str | None = None


class Extraction(_Answer):
    """The answer schema: all temporal and all spatial mentions of a text."""

    temporal_mentions: list[TemporalAnswer]
    spatial_mentions: list[SpatialAnswer]


class LocatedExtraction(_Answer):
    """The answer schema of `--answer coordinates`."""

    temporal_mentions: list[TemporalAnswer]
    spatial_mentions: list[LocatedSpatialAnswer]


class Timex3Extraction(_Answer):
    """The answer schema of the prompt `timex3`."""

    temporal_mentions: list[Timex3TemporalAnswer]
    spatial_mentions: list[SpatialAnswer]


class LocatedTimex3Extraction(_Answer):
    """The answer schema of the prompt `timex3` with `--answer coordinates`."""

    temporal_mentions: list[Timex3TemporalAnswer]
    spatial_mentions: list[LocatedSpatialAnswer]


class _GivenAnswer(_Answer):
    start_char: Annotated[int, Field(ge=0)] | None = None
    end_char: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _whole_span(self) -> Self:
        start, end = self.start_char, self.end_char
        if (start is None) != (end is None):
            raise ValueError("start_char and end_char belong together; give both or neither")
        if start is not None and end is not None and start >= end:
            raise ValueError(f"start_char {start} is not before end_char {end}")
        return self


class GivenTemporalAnswer(_GivenAnswer):
    """One temporal mention of any system; positions in code points, where it has them."""

    text: str
    normalized: str
    temporal_type: TemporalType | None


class GivenSpatialAnswer(_GivenAnswer):
    """One place of any system, with positions and coordinates (degrees) where it has them."""

    text: str
    location_type: LocationType | None = None
    parent_region: str | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _whole_point(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together; give both or neither")
        return self


class GivenEntityAnswer(_GivenAnswer):
    """One mention of a dimension beside time and place, of any system."""

    text: str
    normalized: str | None = None
    entity_type: str | None = None


class GivenExtraction(_Answer):
    """A prediction that a file holds: what is missing in a mention is found, the rest is kept.

    A layer that is left out predicted nothing.
    """

    temporal_mentions: list[GivenTemporalAnswer] = []
    spatial_mentions: list[GivenSpatialAnswer] = []


AnyExtraction = (
    Extraction | LocatedExtraction | Timex3Extraction | LocatedTimex3Extraction | GivenExtraction
)
E = TypeVar("E", bound=AnyExtraction)


def with_entities(model: type[E], dimensions: Iterable[str]) -> type[E]:
    """Return an answer schema that asks for the mentions of further dimensions too.

    Args:
        dimensions: their names; `people` adds the list `people_mentions`.
    """
    names = tuple(dimensions)
    if not names:
        return model
    field: Any = (list[EntityAnswer], ...)
    if issubclass(model, GivenExtraction):
        field = (list[GivenEntityAnswer], [])
    fields: dict[str, Any] = {f"{name}_mentions": field for name in names}
    # The name is part of what an answer is known by.
    title = f"{model.__name__}With{''.join(name.capitalize() for name in names)}"
    return cast("type[E]", create_model(title, __base__=model, __doc__=model.__doc__, **fields))


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a geocoder resolved a mention to.

    Attributes:
        name: the gazetteer's name of it.
        latitude, longitude: degrees, WGS-84.
        kind: one of `LOCATION_TYPES`.
        country: ISO 3166-1 alpha-2 code, upper case; empty where there is none (a sea).
        admin1: code of the first-order division; empty where unknown.
        population: inhabitants, 0 where unknown.
        radius_km: radius of a circle of the area's size; 0 for points.
        confidence: posterior probability among the candidates, 0 to 1.
        match: how the name was found (`exact`, `demonym`, `stripped`, ...).
        entity: the gazetteer's own id, stable within one version of it.
    """

    name: str
    latitude: float
    longitude: float
    kind: str
    country: str = ""
    admin1: str = ""
    population: int = 0
    radius_km: float = 0.0
    confidence: float = 1.0
    match: str = "exact"
    entity: str = ""


@dataclass(frozen=True, slots=True)
class TemporalMention:
    """A temporal mention of the gold or of a prediction; positions are None until placed."""

    text: str
    normalized: str
    temporal_type: str | None = None
    start_char: int | None = None
    end_char: int | None = None

    def at(self, start: int, end: int) -> TemporalMention:
        """Return the mention at a position; `dataclasses.replace` would cost six times as much."""
        return TemporalMention(self.text, self.normalized, self.temporal_type, start, end)


@dataclass(frozen=True, slots=True)
class SpatialMention:
    """A place mention of the gold or of a prediction; coordinates in degrees or None.

    `geocoding` says why a prediction has no coordinates: `unresolved` (no such place known),
    `failed: …` (the geocoder could not be asked), `off`; empty where there are coordinates.
    """

    text: str
    location_type: str | None = None
    parent_region: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    start_char: int | None = None
    end_char: int | None = None
    place: Place | None = None
    geocoding: str = ""

    def at(self, start: int, end: int) -> SpatialMention:
        """Return the mention at a position."""
        return SpatialMention(
            self.text,
            self.location_type,
            self.parent_region,
            self.latitude,
            self.longitude,
            start,
            end,
            self.place,
            self.geocoding,
        )


@dataclass(frozen=True, slots=True)
class EntityMention:
    """A mention of a dimension beside time and place: its words, and what is said of them.

    `normalized` is its value (the person's full name, for example), empty where it has none.
    """

    text: str
    normalized: str = ""
    entity_type: str | None = None
    start_char: int | None = None
    end_char: int | None = None

    def at(self, start: int, end: int) -> EntityMention:
        """Return the mention at a position."""
        return EntityMention(self.text, self.normalized, self.entity_type, start, end)


Mention = TemporalMention | SpatialMention | EntityMention


@dataclass(frozen=True, slots=True)
class GoldLayer:
    """The gold mentions of one dimension; `exhaustive` is False for a partial annotation."""

    mentions: tuple[Mention, ...]
    exhaustive: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """One annotated text. A dimension missing from `gold` was not annotated.

    Attributes:
        gold: dimension name (`temporal`, `spatial`, or a further one) to its layer.
        reference_date: ISO 8601 date that relative expressions are resolved against.
        document_id: the source document; several samples may share one.
        repeat: which of several answers to one text is asked for, from 0 (`--repeats`).
    """

    id: str
    text: str
    gold: Mapping[str, GoldLayer]
    reference_date: str | None = None
    document_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    repeat: int = 0


class Outcome(StrEnum):
    """What became of a sample; all but `ERROR` are answers."""

    OK = "ok"
    INVALID = "invalid"
    TRUNCATED = "truncated"
    ERROR = "error"


FinishReason = Literal["stop", "length", "error"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What a source of answers wrote for one request. Never lost, never altered.

    Attributes:
        raw_text: everything that was written after the prompt, thoughts included.
        finish_reason: `stop`, `length` (token limit) or `error`; read from the token ids.
        prompt_tokens, completion_tokens: without padding.
        seconds: from admission to the last token.
        batch_size: how many rows were decoded together.
        thought_tokens: tokens of `raw_text` that belong to the thought.
        grammar_interventions: tokens at which the grammar overruled the model's first choice;
            None where decoding was free.
        error: one sentence, where `finish_reason` is `error`.
    """

    raw_text: str
    finish_reason: FinishReason
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    batch_size: int = 1
    thought_tokens: int = 0
    grammar_interventions: int | None = None
    error: str = ""

    @property
    def within_thought(self) -> bool:
        """Whether nothing but a thought was written."""
        return 0 < self.completion_tokens == self.thought_tokens


@dataclass(frozen=True, slots=True)
class Prediction:
    """An extraction with character spans and coordinates: dimension name to its mentions."""

    mentions: Mapping[str, tuple[Mention, ...]]
