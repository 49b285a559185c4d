"""An evaluated sample ─▶ what a reader looks at: gold beside prediction, and what is wrong.

Every report, whether HTML, Markdown or terminal, is written from these readings, so that all of
them call the same thing an error.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stindex.evaluation import Evaluation
from stindex.reporting.run_report import SampleReport
from stindex.schema import Mention, Outcome, Prediction, Sample, SpatialMention
from stindex.scoring import (
    DIMENSIONS,
    ERROR_KINDS,
    DimensionScore,
    SampleScore,
    mention_errors,
)
from stindex.scoring.rates import ratio

WORST = 10  # samples that a tally remembers
NO_ANSWER = "missing"  # beside the outcomes: a selected sample that nothing is known of


@dataclass(frozen=True, slots=True)
class PairReading:
    """A gold mention, a prediction, or two that belong together.

    Attributes:
        number: `t1`, `s2`: the dimension's letter and a count in the order of the text.
        errors: kinds as in `stindex.scoring.ERROR_KINDS`; empty where all is right.
        km: distance between the two places; None where one has no coordinates.
        judged: False where the gold cannot say whether it is right: not annotated, in part, or
            not measured.
    """

    number: str
    dimension: str
    gold: Mention | None
    predicted: Mention | None
    errors: tuple[str, ...] = ()
    km: float | None = None
    judged: bool = True

    @property
    def verdict(self) -> str:
        """Return what is wrong in a few words; `match` where nothing is."""
        if not self.judged:
            return "not judged"
        return ", ".join(self._word(kind) for kind in self.errors) or "match"

    def _word(self, kind: str) -> str:
        place = self.predicted
        if kind == "place" and isinstance(place, SpatialMention):
            return "no coordinates" if place.latitude is None else "wrong place"
        return kind


@dataclass(frozen=True, slots=True)
class SampleReading:
    """One sample as the reports show it.

    Attributes:
        number: its place in the file order of the selection, from 1.
        outcome: a value of `Outcome`, or `NO_ANSWER`.
        f1: dimension to strict F1; None where it is undefined or was not measured.
        errors: kind to how often it was made, in the order of `ERROR_KINDS`.
    """

    number: int
    report: SampleReport
    outcome: str
    pairs: tuple[PairReading, ...]
    f1: Mapping[str, float | None]
    errors: Mapping[str, int]

    @property
    def sample(self) -> Sample:
        """Return the sample itself."""
        return self.report.sample

    @property
    def evaluation(self) -> Evaluation | None:
        """Return what is known of its answer."""
        return self.report.evaluation

    @property
    def is_wrong(self) -> bool:
        """Return whether there is anything to look into."""
        return self.outcome != Outcome.OK or bool(self.report.missed) or bool(self.errors)


@dataclass(slots=True)
class Tally:
    """What the samples of a report add up to beside their metrics, and the worst, worst first."""

    samples: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong_samples: int = 0
    constrained_answers: int = 0
    overruled_answers: int = 0
    overruled_tokens: int = 0
    worst: list[SampleReading] = field(default_factory=list)

    def add(self, reading: SampleReading) -> None:
        """Count one sample."""
        self.samples += 1
        self.outcomes[reading.outcome] += 1
        self.wrong_samples += reading.is_wrong
        for pair in reading.pairs:
            for kind in pair.errors:
                self.errors[pair.dimension, kind] += 1
        if reading.is_wrong:
            self._add_wrong(reading)
        if reading.evaluation is not None:
            self._add_grammar(reading.evaluation.record.generation.grammar_interventions)

    def _add_wrong(self, reading: SampleReading) -> None:
        if len(self.worst) < WORST or _badness(reading) < _badness(self.worst[-1]):
            self.worst = sorted([*self.worst, reading], key=_badness)[:WORST]

    def _add_grammar(self, interventions: int | None) -> None:
        if interventions is not None:
            self.constrained_answers += 1
            self.overruled_answers += interventions > 0
            self.overruled_tokens += interventions


def _badness(reading: SampleReading) -> tuple[bool, int, int]:
    return reading.outcome == "ok", -sum(reading.errors.values()), reading.number


def tally_samples(samples: Iterable[SampleReport]) -> Tally:
    """Return what the samples of a report add up to."""
    tally = Tally()
    for number, sample in enumerate(samples, start=1):
        tally.add(read_sample(number, sample))
    return tally


def read_sample(number: int, report: SampleReport) -> SampleReading:
    """Return the reading of one sample; `number` counts from 1."""
    evaluation = report.evaluation
    layers = {} if evaluation is None else evaluation.score.dimensions
    pairs = _unanswered(report.sample) if evaluation is None else read_pairs(evaluation)
    return SampleReading(
        number=number,
        report=report,
        outcome=NO_ANSWER if evaluation is None else evaluation.outcome.value,
        pairs=pairs,
        f1={name: _f1(layers.get(name)) for name in DIMENSIONS},
        errors=_count_errors(pairs),
    )


def read_pairs(evaluation: Evaluation) -> tuple[PairReading, ...]:
    """Return gold beside prediction, dimension by dimension, in the order of the text."""
    return pairs_of(evaluation.sample, evaluation.prediction, evaluation.score)


def pairs_of(
    sample: Sample, prediction: Prediction | None, score: SampleScore
) -> tuple[PairReading, ...]:
    """Return gold beside prediction for an answer of any run to this sample."""
    errors: dict[tuple[str, int | None, int | None], list[str]] = defaultdict(list)
    for error in mention_errors(score):
        errors[error.dimension, error.gold, error.predicted].append(error.kind)
    readings: list[PairReading] = []
    for name in DIMENSIONS:
        layer = sample.gold.get(name)
        gold = layer.mentions if layer else ()
        predicted = prediction.mentions.get(name, ()) if prediction else ()
        drafts = _drafts(name, gold, predicted, score.dimensions.get(name), errors)
        readings += _numbered(name, drafts)
    return tuple(readings)


class _Draft(NamedTuple):
    """A pair before it has its number: see `PairReading`."""

    gold: Mention | None
    predicted: Mention | None
    errors: tuple[str, ...] = ()
    km: float | None = None
    judged: bool = True


def _drafts(
    name: str,
    gold: Sequence[Mention],
    predicted: Sequence[Mention],
    score: DimensionScore | None,
    errors: Mapping[tuple[str, int | None, int | None], Sequence[str]],
) -> list[_Draft]:
    if score is None:
        return [_Draft(mention, None, judged=False) for mention in gold] + [
            _Draft(None, mention, judged=False) for mention in predicted
        ]

    def found(g: int | None, p: int | None) -> tuple[str, ...]:
        return tuple(errors.get((name, g, p), ()))

    drafts = [
        _Draft(
            gold[pair.gold],
            predicted[pair.predicted],
            found(pair.gold, pair.predicted),
            _km(pair.judgement.get("distance_km")),
        )
        for pair in score.pairs
    ]
    alone: list[tuple[Mention | None, Mention | None, tuple[str, ...]]]
    alone = [(gold[g], None, found(g, None)) for g in score.missed]
    alone += [(None, predicted[p], found(None, p)) for p in score.spurious]
    # In a partial annotation a prediction of its own may be right: it has no error, and no judge.
    return drafts + [_Draft(g, p, made, None, bool(made)) for g, p, made in alone]


def _km(distance: object) -> float | None:
    return distance if isinstance(distance, float) else None


def _numbered(name: str, drafts: Iterable[_Draft]) -> list[PairReading]:
    return [
        PairReading(f"{name[0]}{number}", name, *draft)
        for number, draft in enumerate(sorted(drafts, key=_position), start=1)
    ]


def _position(pair: _Draft) -> tuple[bool, int, int]:
    starts = [
        (mention.start_char, mention.end_char or 0)
        for mention in (pair.gold, pair.predicted)
        if mention is not None and mention.start_char is not None
    ]
    return (False, *min(starts)) if starts else (True, 0, 0)


def _unanswered(sample: Sample) -> tuple[PairReading, ...]:
    return tuple(
        reading
        for name, layer in sample.gold.items()
        for reading in _numbered(
            name, (_Draft(mention, None, judged=False) for mention in layer.mentions)
        )
    )


def count_errors(pairs: Sequence[PairReading]) -> Counter[tuple[str, str]]:
    """Return how often each kind of error was made: (dimension, kind) to a number."""
    return Counter((pair.dimension, kind) for pair in pairs for kind in pair.errors)


def _count_errors(pairs: Sequence[PairReading]) -> dict[str, int]:
    made = [kind for pair in pairs for kind in pair.errors]
    return {kind: made.count(kind) for kind in ERROR_KINDS if kind in made} if made else {}


def _f1(layer: DimensionScore | None) -> float | None:
    if layer is None or not layer.exhaustive:
        return None
    counts = layer.counts
    return ratio(2 * counts["true_positives"], counts["gold"] + counts["predicted"])
