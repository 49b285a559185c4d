"""A file of predictions as a source of answers: what any system found, as it is.

A file goes in (JSON lines in the exchange format, or a data set of any format whose annotations are
the predictions), an answer for each sample comes out. Positions and coordinates in it are kept;
what is missing is found afterwards, as it is for a model's answer. Needs no model and no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import BaseModel, ValidationError

from stindex.datasets import Dataset, load_dataset
from stindex.datasets.json_entries import Entry, json_entries, read_bytes
from stindex.datasets.problems import Problem
from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Request
from stindex.schema import Generation, GivenExtraction, Sample, with_entities
from stindex.scoring import DIMENSIONS, entity_names
from stindex.settings_files import nearest

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class GivenPrediction:
    """What a file says of one sample.

    Attributes:
        where: its line, index or element.
        raw_text: the object as JSON text.
        text: the text that positions refer to, where the file holds it; None where it does not.
    """

    where: str
    raw_text: str
    extraction: GivenExtraction
    text: str | None = None

    def problem(self, sample: Sample) -> str | None:
        """Return what is wrong with a position in the sample's text; None if nothing is."""
        if self.text is not None and self.text != sample.text:
            return "has the annotations of another text; give it the text of the sample"
        length = len(sample.text)
        for layer in _layers():
            for index, mention in enumerate(getattr(self.extraction, layer)):
                if mention.end_char is not None and mention.end_char > length:
                    span = f"{mention.start_char}:{mention.end_char}"
                    return (
                        f"`{layer}.{index}` is at {span}, but the text has {length} characters; "
                        "count code points, end exclusive"
                    )
        return None

    def shifted(self, sample: Sample) -> int:
        """Return how many mentions have other words than the text has at their positions."""
        return sum(
            mention.start_char is not None
            and sample.text[mention.start_char : mention.end_char] != mention.text
            for layer in _layers()
            for mention in getattr(self.extraction, layer)
        )


class GivenPredictions:
    """Gives the predictions of a file."""

    def __init__(
        self, path: Path, content_hash: str, predictions: Mapping[str, GivenPrediction]
    ) -> None:
        """Take what `open_predictions` read."""
        self.content_hash = content_hash
        self._path = path
        self._predictions = predictions

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],  # noqa: ARG002 (a prediction is what it is)
        decoding: DecodingSettings,  # noqa: ARG002
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield the prediction for each sample, in order.

        A sample that the file says nothing of, or says something impossible of, was not measured:
        its generation is an error.
        """
        for request in requests:
            if stop.is_set():
                return
            yield request, self._generation(request.sample)

    def provenance(self) -> Mapping[str, Any]:
        """Say what it is."""
        return {"engine": "predictions", "file": str(self._path), "sha256": self.content_hash}

    def check_samples(self, dataset: Dataset, announce: Callable[[str], None]) -> None:
        """Hold the ids and positions against the data set; say what does not fit.

        Raises:
            UserError: there is a prediction for a sample that the data set does not have.
        """
        strangers = [name for name in self._predictions if name not in dataset.ids]
        if strangers:
            raise UserError(self._refusal(strangers, dataset))
        without = [s.id for s in dataset.samples if s.id not in self._predictions]
        if without:
            announce(
                f"{self._path}: no prediction for {len(without)} of {len(dataset.samples)} samples "
                f"({_few(without)}); they are not measured and the run stays incomplete."
            )
        known = [(self._predictions[s.id], s) for s in dataset.samples if s.id in self._predictions]
        shifted = sum(given.shifted(sample) for given, sample in known)
        if shifted:
            announce(
                f"{self._path}: {shifted} mentions have other words than the text has at their "
                "positions, which are used as they are; positions count code points, not bytes."
            )

    def _refusal(self, strangers: list[str], dataset: Dataset) -> str:
        where = self._predictions[strangers[0]].where
        others = f" (and {len(strangers) - 1} more)" if len(strangers) > 1 else ""
        hint = nearest(strangers[0], sorted(dataset.ids))
        return (
            f"{self._path}, {where}: {dataset.path} has no sample {strangers[0]!r}{others}{hint}; "
            "remove the line, or name the data set that it belongs to with --dataset."
        )

    def _generation(self, sample: Sample) -> Generation:
        given = self._predictions.get(sample.id)
        if given is None:
            problem = (
                f"{self._path} has no prediction for sample {sample.id!r}; add one (with empty "
                "lists where nothing was found)."
            )
            return Generation("", "error", error=problem)
        if (wrong := given.problem(sample)) is not None:
            problem = f"{self._path}, {given.where}: sample {sample.id!r}: {wrong}."
            return Generation("", "error", error=problem)
        return Generation(given.raw_text, "stop")


def open_predictions(path: Path) -> GivenPredictions:
    """Read a file of predictions.

    Raises:
        UserError: it is missing or empty, a line in it is broken, or two are about one sample;
            the first problem is named, and how many more there are.
    """
    if path.is_dir() or not _may_be_exchange_format(path):
        return _from_dataset(path)
    content = read_bytes(path)
    entries = list(json_entries(path, content))
    if any(isinstance(entry, dict) and "ground_truth" in entry for _, entry in entries[:1]):
        return _from_dataset(path)
    predictions, problems = _read(entries)
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{path}: {problems[0]}{more}")
    return GivenPredictions(path, hashlib.sha256(content).hexdigest(), predictions)


def _layers() -> tuple[str, ...]:
    return tuple(f"{name}_mentions" for name in DIMENSIONS)


def _may_be_exchange_format(path: Path) -> bool:
    return path.suffix in {".json", ".jsonl", ""} or not path.exists()


def _read(entries: Iterable[Entry]) -> tuple[dict[str, GivenPrediction], list[Problem]]:
    predictions: dict[str, GivenPrediction] = {}
    problems: list[Problem] = []
    model = with_entities(GivenExtraction, entity_names())
    for where, entry in entries:
        if isinstance(entry, Problem):
            problems.append(entry)
            continue
        found = _prediction(where, entry, model)
        if isinstance(found, Problem):
            problems.append(found)
            continue
        sample_id, prediction = found
        if sample_id in predictions:
            first = predictions[sample_id].where
            message = f"is predicted twice (first in {first})"
            problems.append(Problem(where, sample_id, "", message, "keep one of the two"))
            continue
        predictions[sample_id] = prediction
    if not predictions and not problems:
        problems.append(Problem("line 1", "", "", "holds no predictions", "add one a sample"))
    return predictions, problems


def _prediction(
    where: str, entry: object, model: type[GivenExtraction]
) -> tuple[str, GivenPrediction] | Problem:
    if not isinstance(entry, dict):
        kind = type(entry).__name__
        return Problem(where, "", "", f"is a JSON {kind}", "write one object a sample")
    sample_id = entry.get("id")
    if isinstance(sample_id, int) and not isinstance(sample_id, bool):
        sample_id = str(sample_id)
    if not isinstance(sample_id, str) or not sample_id:
        return Problem(where, "", "id", "is missing", "add the id of the sample")
    layers = _layers()
    if not any(layer in entry for layer in layers):
        message = f"has neither {' nor '.join(layers)}"
        return Problem(where, sample_id, "", message, "add them; an empty list is a prediction")
    raw_text = json.dumps(entry, ensure_ascii=True)
    try:
        # From the text, as it is read again when it is scored.
        extraction = model.model_validate_json(raw_text)
    except ValidationError as error:
        return _schema_problem(where, sample_id, error)
    return sample_id, GivenPrediction(where, raw_text, extraction)


def _schema_problem(where: str, sample_id: str, error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return Problem(where, sample_id, field, "is missing", "add it")
    message = str(first["msg"]).removeprefix("Value error, ")
    return Problem(where, sample_id, field, f"is wrong ({message})", "correct it")


def _from_dataset(path: Path) -> GivenPredictions:
    """Take the annotations of a data set (gold, TimeML, geoparsing XML) as predictions."""
    dataset = load_dataset(path)
    model = with_entities(GivenExtraction, entity_names())
    predictions = {}
    for sample in dataset.samples:
        entry = {"id": sample.id} | {
            f"{name}_mentions": [_exchanged(mention) for mention in layer.mentions]
            for name, layer in sample.gold.items()
        }
        raw_text = json.dumps(entry, ensure_ascii=True)
        extraction = model.model_validate_json(raw_text)
        where = f"sample {sample.id!r}"
        predictions[sample.id] = GivenPrediction(where, raw_text, extraction, sample.text)
    return GivenPredictions(path, dataset.content_hash, predictions)


_EXCHANGED = (
    "text",
    "normalized",
    "temporal_type",
    "entity_type",
    "location_type",
    "parent_region",
    "latitude",
    "longitude",
    "start_char",
    "end_char",
)


def _exchanged(mention: object) -> dict[str, Any]:
    fields = {name: getattr(mention, name) for name in _EXCHANGED if hasattr(mention, name)}
    kept = {"text", "normalized", "temporal_type"}
    return {name: value for name, value in fields.items() if value is not None or name in kept}


def _few(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
