"""One pass over the samples of a report ─▶ everything that the page says about them.

Samples are read once and one at a time, so that a page of 100,000 needs no more memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stindex.reporting.page.answers import Answer, baseline_answer, this_answer
from stindex.reporting.page.blocks import Blocks, Packer
from stindex.reporting.page.distances import Distances
from stindex.reporting.page.index import SampleIndex
from stindex.reporting.page.mistakes import ValueMistakes
from stindex.reporting.page.packing import RowWriter
from stindex.reporting.page.places import WrongPlaces
from stindex.reporting.readings import Tally, read_sample
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome

_NO_ANSWER = (None,) * 5


@dataclass(slots=True)
class BaselineTally:
    """What the baseline's answers to the same samples add up to."""

    samples: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    distances: Distances = field(default_factory=Distances)

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        self.samples += 1
        self.outcomes[answer.outcome] += 1
        self.errors.update(answer.errors)
        self.distances.add(answer.pairs)


@dataclass(slots=True)
class Survey:
    """All that one pass over the samples leaves behind."""

    blocks: Blocks
    tally: Tally = field(default_factory=Tally)
    baseline: BaselineTally = field(default_factory=BaselineTally)
    index: SampleIndex = field(default_factory=SampleIndex)
    distances: Distances = field(default_factory=Distances)
    places: WrongPlaces = field(default_factory=WrongPlaces)
    values: ValueMistakes = field(default_factory=ValueMistakes)


def survey_samples(report: RunReport, limit: int) -> Survey:
    """Read all samples once; `limit` is how many bytes their blocks may take."""
    survey = Survey(Blocks(limit))
    packer = Packer(survey.blocks)
    for number, sample in enumerate(report.samples, start=1):
        reading = read_sample(number, sample)
        this = this_answer(reading)
        stored = report.baseline_samples.get(sample.sample.id)
        baseline = None if stored is None else baseline_answer(sample.sample, stored)
        survey.tally.add(reading)
        survey.index.add(reading, this, baseline)
        survey.distances.add(this.pairs)
        survey.places.add(number, this.pairs, texts=report.texts)
        survey.values.add(number, this.pairs, texts=report.texts)
        if baseline is not None:
            survey.baseline.add(baseline)
        packer.add(_row(RowWriter(sample.sample, texts=report.texts), this, baseline))
    packer.close()
    return survey


def _row(writer: RowWriter, this: Answer, baseline: Answer | None) -> Mapping[str, Any]:
    is_right = this.outcome == Outcome.OK and not this.is_wrong
    row: dict[str, Any] = {
        "d": (*writer.head(), *writer.answer(this)),
        "u" if is_right else "t": writer.text(),
        "q" if is_right else "r": writer.raw(this),
        "b": _NO_ANSWER,
    }
    if baseline is not None:
        row |= {"b": writer.answer(baseline), "a": writer.raw(baseline)}
    return row
