"""A data set of any format as samples: all of them or none, or with a list of its problems.

`load_dataset` gives samples or stops at what is wrong; `validate_dataset` lists every problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stindex.datasets.formats import read
from stindex.datasets.native import read_samples
from stindex.datasets.problems import Problem, Repair
from stindex.errors import UserError
from stindex.schema import Sample
from stindex.settings_files import nearest


@dataclass(frozen=True, slots=True)
class Dataset:
    """The samples of one file or directory, in its order, or a choice of them.

    Attributes:
        content_hash: SHA-256 of what was read.
        total: how many samples there are without a choice.
        ids: of all samples, also of those that were not chosen.
        repairs: what the reader put right or left out.
    """

    path: Path
    samples: tuple[Sample, ...]
    content_hash: str
    total: int
    ids: frozenset[str] = frozenset()
    repairs: tuple[Repair, ...] = ()

    def chosen(self, limit: int | None, sample_ids: Sequence[str]) -> Dataset:
        """Return the first `limit` samples, or those with the given ids, in file order.

        Raises:
            UserError: there is no sample of such an id.
        """
        known = {sample.id for sample in self.samples}
        for sample_id in sample_ids:
            if sample_id not in known:
                hint = nearest(sample_id, sorted(known))
                raise UserError(
                    f"--sample-id {sample_id}: {self.path} has no such sample{hint}; check the id."
                )
        if sample_ids:
            return replace(self, samples=tuple(s for s in self.samples if s.id in sample_ids))
        return replace(self, samples=self.samples[:limit])

    def repeated(self, times: int) -> Dataset:
        """Return the data set with each sample so many times, for as many answers to each.

        The first keeps its id, so that its answer is that of a run without repeats; the others
        have `#2`, `#3`, … behind it. All of them are one document.

        Raises:
            UserError: the data set has a sample with such an id.
        """
        if times == 1:
            return self
        samples = tuple(_repeat(s, number) for s in self.samples for number in range(times))
        taken = {s.id for s in samples if s.repeat} & (self.ids | {s.id for s in self.samples})
        if taken:
            raise UserError(
                f"{self.path}: sample {min(taken)} is named like a repeat of another; give it "
                f"another id, or leave --repeats out."
            )
        ids = self.ids | {sample.id for sample in samples}
        return replace(self, samples=samples, total=self.total * times, ids=ids)

    def notes(self) -> list[str]:
        """Return a sentence about what was repaired; nothing where nothing was."""
        if not self.repairs:
            return []
        return [
            f"{self.path}: {len(self.repairs)} annotations were put right or left out; "
            f"`stindex validate {self.path}` lists them."
        ]


def load_dataset(path: Path) -> Dataset:
    """Read a data set in any format that `stindex.datasets.formats` knows.

    Raises:
        UserError: it is missing, empty, broken, of an unknown format, or a sample in it is not
            usable; the first problem is named, and how many more there are.
    """
    reading = read(path)
    samples, problems = read_samples(reading.entries)
    if problems:
        more = len(problems) - 1
        rest = f" ({more} more; `stindex validate {path}` lists all)" if more else ""
        raise UserError(f"{path}: {problems[0]}{rest}")
    ids = frozenset(sample.id for sample in samples)
    return Dataset(
        path, tuple(samples), reading.content_hash, len(samples), ids, repairs=reading.repairs
    )


def validate_dataset(path: Path) -> tuple[list[Sample], list[Problem]]:
    """Return the usable samples of a data set and every problem in it, in its order.

    Raises:
        UserError: it is missing, cannot be read, or is of an unknown format.
    """
    return read_samples(read(path).entries)


def id_without_repeat(sample: Sample) -> str:
    """Return the id that all repeats of a sample share."""
    return sample.id.removesuffix(f"#{sample.repeat + 1}") if sample.repeat else sample.id


def _repeat(sample: Sample, number: int) -> Sample:
    if not number:
        return replace(sample, document_id=sample.document_id or sample.id)
    return replace(
        sample,
        id=f"{sample.id}#{number + 1}",
        document_id=sample.document_id or sample.id,
        repeat=number,
    )
