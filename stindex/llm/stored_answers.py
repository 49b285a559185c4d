"""A stored run as a source of answers: no model, no torch, each answer as it was written.

An answer is found by its key. Where the prompt has changed since, keys say nothing any more, and
answers are found by the id of their sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import BaseModel

from stindex.config import ResolvedSettings
from stindex.errors import UserError
from stindex.llm.base import DecodingSettings, Request
from stindex.prompts import load_prompt, no_prompt
from stindex.rescoring import Before, locate_rescored, scores_before
from stindex.restored import restored_generation
from stindex.runs.identity import RunIdentity, digest
from stindex.runs.journal import read_journal
from stindex.schema import Generation
from stindex.stored import DETAILS, PARTIAL, RUN, SUMMARY, read_details, read_versioned


@dataclass(frozen=True, slots=True)
class Rescored:
    """The run that is scored again.

    Attributes:
        identity: what its answers were made of.
        origin: what `run.json` says about where the answers come from: id, times, provenance.
        metrics: the stored ones; empty where it has no reports.
        before: sample id to its stored gold and score.
    """

    identity: RunIdentity
    origin: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    before: Mapping[str, Before]

    def renamed(self, own: RunIdentity) -> RunIdentity:
        """Return its identity with the data set and the name of this session."""
        return replace(
            self.identity,
            dataset=own.dataset,
            dataset_hash=own.dataset_hash,
            run_name=own.run_name,
        )


class StoredAnswers:
    """Gives the answers of a stored run."""

    def __init__(self, reports: Path, *, by_key: bool) -> None:
        """Take the directory of a run's reports; its journal is read when an answer is wanted."""
        self._reports = reports
        self._by_key = by_key
        self._find: Callable[[str], Generation | None] | None = None

    def answers(
        self,
        requests: Iterable[Request],
        response_model: type[BaseModel],  # noqa: ARG002 (the answer is what it is)
        decoding: DecodingSettings,  # noqa: ARG002
        stop: Event,
    ) -> Iterator[tuple[Request, Generation]]:
        """Yield the stored answer to each request, in order.

        Raises:
            UserError: some have none; those that have one are yielded before.
        """
        if self._find is None:
            self._find = self._read()
        without = []
        for request in requests:
            if stop.is_set():
                return
            found = self._find(request.key if self._by_key else request.sample.id)
            if found is not None:
                yield request, found
            else:
                without.append(request.sample.id)
        if without:
            raise UserError(self._refusal(without))

    def provenance(self) -> Mapping[str, Any]:
        """Say what it is."""
        return {"engine": "stored run", "directory": str(self._reports)}

    def _read(self) -> Callable[[str], Generation | None]:
        if self._by_key:
            records = read_journal(journal_owner(self._reports)).records
            return lambda key: records[key].generation if key in records else None
        known = {
            sample["id"]: restored_generation(sample)
            for sample in read_details(self._reports / DETAILS)
            if sample["outcome"] is not None
        }
        return known.get

    def _refusal(self, without: list[str]) -> str:
        shown = ", ".join(without[:5]) + (", …" if len(without) > 5 else "")
        return (
            f"--rescore {self._reports}: the run has no answer to {shown} (a new sample, or "
            "another text); run its own command over this data set first, without --rescore: only "
            "these are generated."
        )


def journal_owner(reports: Path) -> Path:
    """Return the directory with the journal; selections share that of the whole."""
    return reports.parent if reports.name == PARTIAL else reports


def open_stored(
    settings: ResolvedSettings, announce: Callable[[str], None]
) -> tuple[Rescored, StoredAnswers]:
    """Read the run that `--rescore` names.

    Raises:
        UserError: there is no such run, or it is of another version.
    """
    values = settings.values
    output = settings.root / values.output_dir
    reports = locate_rescored(values.rescore or "", output, settings.root)
    run = read_versioned(reports / RUN)
    identity = _identity(reports / RUN, run["identity"])
    prompt = load_prompt(values.prompt, values.answer) if not values.predictions else no_prompt()
    by_key = digest(prompt.opening) == identity.prompt_hash and _same_fields(run["identity"])
    if not by_key:
        announce(
            "The prompt has changed since the stored run: its answers are found by the ids of "
            "the samples, and a text that was changed is not noticed."
        )
    return _rescored(reports, run, identity), StoredAnswers(reports, by_key=by_key)


def _rescored(reports: Path, run: Mapping[str, Any], identity: RunIdentity) -> Rescored:
    kept = ("id", "started_at", "finished_at", "provenance")
    origin = run.get("rescored_from") or {name: run.get(name) for name in kept}
    summary = reports / SUMMARY
    metrics = read_versioned(summary)["metrics"] if summary.is_file() else {}
    return Rescored(identity, origin, metrics, scores_before(reports))


def _identity(path: Path, stored: Mapping[str, Any]) -> RunIdentity:
    decoding = {f.name for f in fields(DecodingSettings)}
    own = {f.name for f in fields(RunIdentity)} - {"decoding"}
    try:
        return RunIdentity(
            **{name: value for name, value in stored.items() if name in own},
            decoding=DecodingSettings(**{k: v for k, v in stored.items() if k in decoding}),
        )
    except TypeError as problem:
        raise UserError(
            f"{path}: its identity is not one that this stindex reads ({problem}); run its command "
            "again, without --rescore: its answers are kept."
        ) from None


def _same_fields(stored: Mapping[str, Any]) -> bool:
    """Whether keys are made of the same fields as then."""
    return set(asdict(DecodingSettings())) <= set(stored)
