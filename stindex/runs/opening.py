"""What is settled before anything is generated: what a run is called, and what it is held against.

Goes in: the settings, the prompt, the data set and whoever answers. Comes out: the identity of the
run, the runs that it is compared with, and the facts with which its `run.json` begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stindex.comparison.references import References, read_references
from stindex.config import ResolvedSettings
from stindex.datasets import Dataset
from stindex.geocoding.base import Geocoder
from stindex.llm.sources import Answerer
from stindex.prompts import Prompt
from stindex.provenance import provenance
from stindex.resources import find
from stindex.runs.identity import RunIdentity, digest, schema_hash
from stindex.runs.stock import Stock
from stindex.schema import Sample


def thresholds_path(settings: ResolvedSettings) -> Path:
    """Return the file with the gates: the user's, or the one of the project or of stindex."""
    given = settings.values.thresholds
    if given is not None:
        return settings.root / given
    return find("cfg/thresholds.yaml", settings.root)


def checked_references(
    settings: ResolvedSettings, prompt: Prompt, dataset: Dataset, selected: Sequence[Sample]
) -> References:
    """Read and check what to compare with, before anything is loaded or written.

    Raises:
        UserError: a named run cannot be read, or cannot be compared with this one.
    """
    values, root = settings.values, settings.root
    references = read_references(values.baseline, values.anchor, root, root / values.output_dir)
    known = {
        "answer_schema": schema_hash(prompt.response_model),
        "prompt": _prompt_words(settings, prompt),
        "dataset_hash": dataset.content_hash,
    }
    references.refuse_incomparable(selected, known)
    return references


def run_identity(
    settings: ResolvedSettings, prompt: Prompt, dataset: Dataset, answerer: Answerer
) -> RunIdentity:
    """Return what names the run: all that its answers and its samples depend on."""
    values = settings.values
    own = RunIdentity(
        model=values.model,
        weights=answerer.fingerprint,
        dtype=values.torch_dtype,
        quantization=values.quantization,
        prompt=_prompt_words(settings, prompt),
        prompt_hash=digest(prompt.opening),
        answer_schema=schema_hash(prompt.response_model),
        decoding=settings.decoding(),
        dataset=dataset.path.name,
        dataset_hash=dataset.content_hash,
        run_name=values.run_name or "",
    )
    return own if answerer.rescored is None else answerer.rescored.renamed(own)


def _prompt_words(settings: ResolvedSettings, prompt: Prompt) -> str:
    return f"{prompt.name} v{prompt.version}, {settings.values.answer}"


def opening_facts(
    settings: ResolvedSettings,
    identity: RunIdentity,
    geocoder: Geocoder,
    answerer: Answerer,
    *,
    partial: bool,
) -> dict[str, Any]:
    """Return what `run.json` says when the run begins, times and status aside."""
    facts: dict[str, Any] = {
        "id": identity.run_id,
        "partial": partial,
        "identity": identity.to_json(),
        "settings": settings.described(),
        "provenance": {**provenance(settings.root), "geocoder": dict(geocoder.identity())},
    }
    if answerer.rescored is not None:
        facts["rescored_from"] = dict(answerer.rescored.origin)
    return facts


def stock_notes(
    stock: Stock, selected: int, earlier: tuple[str, Sequence[str]] | None
) -> list[str]:
    """Say what is reused of earlier answers, and if nothing is, why.

    Args:
        selected: the number of samples.
        earlier: the run that differs least, and in what.
    """
    notes = list(stock.damage)
    there = len(stock.records)
    if there:
        taken = f", {stock.taken_over} of them from other runs" if stock.taken_over else ""
        notes.append(f"{there} of {selected} answers are there already{taken}.")
    elif earlier is not None:
        run_id, changed = earlier
        notes.append(f"Nothing is reused from {run_id}; changed: {', '.join(changed)}.")
    return notes
