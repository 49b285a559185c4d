"""Sample ─▶ chat messages.

A prompt is a small YAML file: an instruction, two or three worked examples, the answer schema it
asks for. Two come with the project (`cfg/prompts/`); a user can give a file of their own.
The instruction and the examples come first and are the same for every sample, so that a model's
work on them can be shared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stindex.errors import UserError
from stindex.llm.base import Message
from stindex.resources import find
from stindex.schema import (
    AnyExtraction,
    Extraction,
    GivenExtraction,
    LocatedExtraction,
    LocatedTimex3Extraction,
    Sample,
    Timex3Extraction,
    with_entities,
)
from stindex.scoring import entity_dimensions, entity_names
from stindex.settings_files import nearest, read_settings_file

PROMPT_NAMES = ("iso", "timex3")
_REFERENCE_DATE, _UNKNOWN, _TEXT = "Reference date: ", "unknown", "\nText: "
AnswerKind = Literal["places", "coordinates"]

_RESPONSE_MODELS: dict[tuple[str, AnswerKind], type[AnyExtraction]] = {
    ("iso", "places"): Extraction,
    ("iso", "coordinates"): LocatedExtraction,
    ("timex3", "places"): Timex3Extraction,
    ("timex3", "coordinates"): LocatedTimex3Extraction,
}


class _Example(BaseModel):
    # The lists of further dimensions are checked against the answer schema.
    model_config = ConfigDict(extra="allow")

    text: str
    reference_date: str | None = None
    temporal_mentions: list[dict[str, object]]
    spatial_mentions: list[dict[str, object]]


class _PromptFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int
    answer: Literal["iso", "timex3"] = "iso"
    system: str = Field(min_length=1)
    examples: list[_Example] = []


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction with worked examples, ready to be put before a sample.

    Attributes:
        response_model: the pydantic class of the answer it asks for.
        opening: the messages that are the same for every sample.
    """

    name: str
    version: int
    response_model: type[AnyExtraction]
    opening: tuple[Message, ...]

    def messages(self, sample: Sample) -> tuple[Message, ...]:
        """Return the chat messages that ask for one sample."""
        return (*self.opening, _question(sample.text, sample.reference_date))


class NoPrompt(Prompt):
    """Stands where nobody is asked: predictions of a file are found by the ids of the samples."""

    def messages(self, sample: Sample) -> tuple[Message, ...]:
        """Return what a prediction is about; two samples never share one."""
        return ({"role": "id", "content": sample.id}, _question(sample.text, sample.reference_date))


def no_prompt() -> NoPrompt:
    """Return what stands for the prompt with `--predictions`."""
    return NoPrompt("none", 1, with_entities(GivenExtraction, entity_names()), ())


def load_prompt(name_or_file: str, answer: AnswerKind = "places") -> Prompt:
    """Return a prompt by its name (`iso`, `timex3`) or from a user's YAML file.

    With `answer="coordinates"` the model is asked for latitude and longitude instead of a parent
    region.

    Raises:
        UserError: no such prompt; the file is broken; an example does not fit the answer schema.
    """
    path = _prompt_path(name_or_file)
    content = read_settings_file(path, _PromptFile)
    response_model = with_entities(_RESPONSE_MODELS[content.answer, answer], entity_names())
    opening: list[Message] = [{"role": "system", "content": _system(content, answer)}]
    for number, example in enumerate(content.examples, start=1):
        opening.append(_question(example.text, example.reference_date))
        opening.append(
            {"role": "assistant", "content": _worked_answer(example, response_model, path, number)}
        )
    return Prompt(path.stem, content.version, response_model, tuple(opening))


def worked_example_texts() -> list[str]:
    """Return the texts of all worked examples that come with the project."""
    return [
        example.text
        for name in PROMPT_NAMES
        for example in read_settings_file(_prompt_path(name), _PromptFile).examples
    ]


def _prompt_path(name_or_file: str) -> Path:
    if name_or_file in PROMPT_NAMES:
        return find(f"cfg/prompts/{name_or_file}.yaml")
    path = Path(name_or_file)
    if path.suffix in {".yaml", ".yml"} and path.exists():
        return path
    known = list(PROMPT_NAMES)
    raise UserError(
        f"--prompt {name_or_file}: neither a prompt of the project ({', '.join(known)}) nor a YAML "
        f"file that exists{nearest(name_or_file, known)}; check the name."
    )


def _system(content: _PromptFile, answer: AnswerKind) -> str:
    further = [one.instruction for one in entity_dimensions() if one.instruction]
    return "\n".join([_own_system(content, answer), *further])


def _own_system(content: _PromptFile, answer: AnswerKind) -> str:
    if answer == "places":
        return content.system.strip()
    kept = [line for line in content.system.splitlines() if '"parent_region"' not in line]
    asked = '- "latitude", "longitude": its coordinates in decimal degrees, from your knowledge.'
    last_field = max((i for i, line in enumerate(kept) if '"location_type"' in line), default=-1)
    return "\n".join([*kept[: last_field + 1], asked, *kept[last_field + 1 :]]).strip()


def _question(text: str, reference_date: str | None) -> Message:
    return {
        "role": "user",
        "content": f"{_REFERENCE_DATE}{reference_date or _UNKNOWN}{_TEXT}{text}",
    }


def asked(content: str) -> tuple[str, str | None]:
    """Return text and reference date of the message that asks for a sample."""
    date, found, text = content.partition(_TEXT)
    if not found or not date.startswith(_REFERENCE_DATE):
        return content, None
    date = date.removeprefix(_REFERENCE_DATE)
    return text, None if date == _UNKNOWN else date


def _worked_answer(
    example: _Example, response_model: type[AnyExtraction], path: Path, number: int
) -> str:
    lists = example.model_dump(exclude={"text", "reference_date"})
    unknown = [name for name in lists if name not in response_model.model_fields]
    if unknown:
        hint = nearest(unknown[0], list(response_model.model_fields))
        raise UserError(
            f"{path}: worked example {number}: `{unknown[0]}` is no known key{hint}; rename or "
            "remove it."
        )
    try:
        answer: AnyExtraction = TypeAdapter(response_model).validate_python(
            {**{f"{name}_mentions": [] for name in entity_names()}, **lists}
        )
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        where = ".".join(str(part) for part in error["loc"])
        raise UserError(
            f"{path}: worked example {number} does not fit the answer schema at `{where}` "
            f"({error['msg']}); correct the example."
        ) from None
    # The separators are those that constrained decoding writes.
    return json.dumps(answer.model_dump(exclude_none=True), ensure_ascii=False)
