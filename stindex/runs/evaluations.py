"""The evaluations of a run: scores stay in memory, the rest of all but the last in a file.

An answer is evaluated once, when its test asks, and wanted again by each report. `Evaluations`
takes one after the other and gives them back one by one; however long the answers are, those of a
hundred thousand samples never have to fit into memory together.
"""

from __future__ import annotations

import copyreg
import os
import pickle
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from operator import attrgetter
from typing import Any, get_args

from stindex.errors import UserError
from stindex.evaluation import Evaluation
from stindex.reporting.run_report import SampleReport
from stindex.runs.record import Record
from stindex.schema import Generation, Mention, Outcome, Place, Prediction, Sample
from stindex.scoring import SampleScore

RECENT = 256  # evaluations at hand while tests run: others of the same sample ask for them
AT_HAND = 10_000  # evaluations at hand in the process that writes reports; others wait in the file

_Rest = tuple[Record, Outcome, str, str, Prediction | None]


class RecentEvaluations:
    """The last evaluations: enough for a process that tests and writes no reports."""

    def __init__(self, at_hand: int = RECENT) -> None:
        """Begin with none; hold no more than `at_hand`."""
        self._at_hand = at_hand
        self._recent: OrderedDict[str, Evaluation] = OrderedDict()

    def __contains__(self, sample: Sample) -> bool:
        return sample.id in self._recent

    def add(self, evaluation: Evaluation) -> None:
        """Take one; let go of the oldest."""
        self._recent[evaluation.sample.id] = evaluation
        if len(self._recent) > self._at_hand:
            self._let_go(self._recent.popitem(last=False)[1])

    def _let_go(self, oldest: Evaluation) -> None:
        """Forget it; whoever needs it again overrides this."""

    def get(self, sample: Sample) -> Evaluation | None:
        """Return what was evaluated of a sample; None where nothing is known."""
        return self._recent.get(sample.id)


class Evaluations(RecentEvaluations):
    """All evaluations of a run.

    Attributes:
        scores: by sample id, in the order in which they came.
    """

    def __init__(self, at_hand: int = AT_HAND) -> None:
        """Begin with none; the file is made with the first that is one too many."""
        super().__init__(at_hand)
        self.scores: dict[str, SampleScore] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._descriptor = -1
        self._size = 0

    def __contains__(self, sample: Sample) -> bool:
        return sample.id in self.scores

    def add(self, evaluation: Evaluation) -> None:
        """Take one.

        Raises:
            UserError: the temporary file cannot be written.
        """
        super().add(evaluation)
        self.scores[evaluation.sample.id] = evaluation.score

    def _let_go(self, oldest: Evaluation) -> None:
        start, content = self._size, BytesIO()
        _Pickler(content, pickle.HIGHEST_PROTOCOL).dump(_rest(oldest))
        self._write(content.getvalue())
        self._places[oldest.sample.id] = start, self._size - start

    def get(self, sample: Sample) -> Evaluation | None:
        """Return what was evaluated of a sample; None where nothing is known."""
        recent = super().get(sample)
        if recent is not None or sample.id not in self._places:
            return recent
        start, length = self._places[sample.id]
        # It is this process's own, from a file that nobody else can open: it has no name.
        rest: _Rest = pickle.loads(os.pread(self._descriptor, length, start))  # noqa: S301
        return Evaluation(sample, *rest, score=self.scores[sample.id])

    def _write(self, content: bytes) -> None:
        try:
            if self._descriptor < 0:
                self._descriptor = _file_without_name()
                weakref.finalize(self, os.close, self._descriptor)
            while content:
                written = os.pwrite(self._descriptor, content, self._size)
                self._size += written
                content = content[written:]
        except OSError as problem:
            raise UserError(
                f"{tempfile.gettempdir()}: a temporary file cannot be written "
                f"({problem.strerror}); make room or name another directory in TMPDIR, and run "
                "again: all answers are kept."
            ) from None


def _reduced(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[object, ...]]]:
    names = [field.name for field in fields(kind)]
    values = attrgetter(*names) if len(names) > 1 else lambda one: (getattr(one, names[0]),)
    return lambda one: (kind, values(one))


class _Pickler(pickle.Pickler):
    """Writes an object as a call of its class: half the work of what pickle does by itself."""

    dispatch_table = copyreg.dispatch_table | {
        kind: _reduced(kind) for kind in (Record, Generation, Prediction, Place, *get_args(Mention))
    }


def _rest(e: Evaluation) -> _Rest:
    """Return what is not known elsewhere: whoever asks has the sample, and the score is kept."""
    return e.record, e.outcome, e.reason, e.thought, e.prediction


def _file_without_name() -> int:
    """Return the descriptor of a file that is gone as soon as it is closed, whatever happens."""
    descriptor, path = tempfile.mkstemp(prefix="stindex-")
    os.unlink(path)  # noqa: PTH108 (it is no path any more)
    return descriptor


@dataclass(frozen=True, slots=True)
class StoredReports:
    """The samples as the reports show them: read anew each time, one after the other, in order.

    Attributes:
        missed: sample id to the sentences of its assertions that did not hold.
    """

    selected: Sequence[Sample]
    evaluations: Evaluations
    missed: Mapping[str, Sequence[str]]

    def __iter__(self) -> Iterator[SampleReport]:
        for sample in self.selected:
            missed = tuple(self.missed.get(sample.id, ()))
            yield SampleReport(sample, self.evaluations.get(sample), missed)
