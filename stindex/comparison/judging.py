"""Questions that gates ask of differences ─▶ answers, with one false alarm level for all of them.

A gate asks either whether a loss larger than the allowed one was shown (`allowed` above 0), or
whether any loss was shown. "Failed" is said with a false alarm of at most 5 % for all questions
of a run together (Holm); "passed" where a loss that matters can be excluded at 95 %; else
"inconclusive".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stindex.comparison.differences import Difference
from stindex.comparison.quantities import lower_is_better
from stindex.comparison.statistics import ALPHA, Decision, holm

State = Literal["passed", "failed", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Question:
    """What one gate asks.

    Attributes:
        allowed: the loss that may be; 0 asks whether there is any.
        noticeable: the loss that has to be excluded if `allowed` is 0: not to have noticed one is
            no reason to pass. None: 5 points, or 10 % of the baseline's value.
        minimum_n: samples without which nothing is said.
    """

    difference: Difference
    allowed: float = 0.0
    noticeable: float | None = None
    minimum_n: int = 1

    @property
    def target(self) -> float:
        """The loss that has to be excluded for the gate to pass."""
        if self.allowed:
            return self.allowed
        return self.difference.noticeable if self.noticeable is None else self.noticeable


@dataclass(frozen=True, slots=True)
class Answer:
    """What the data say to one question.

    Attributes:
        reason: one sentence; empty where the gate passed.
        p_value, level: what was held against what.
        smallest_loss: that would have been shown in 80 % of such runs, at this level.
        needed_n: samples that would be enough; None where that cannot be said.
    """

    state: State
    reason: str
    p_value: float
    level: float
    smallest_loss: float
    needed_n: int | None


def answer_all(questions: Sequence[Question], alpha: float = ALPHA) -> list[Answer]:
    """Answer the questions of a run together."""
    p_values = [_p_value(question) for question in questions]
    first = alpha / max(len(questions), 1)
    return [
        _answer(question, p_value, decision, first)
        for question, p_value, decision in zip(questions, p_values, holm(p_values), strict=True)
    ]


def _p_value(question: Question) -> float:
    if question.difference.n < question.minimum_n:
        return 1.0
    return question.difference.p_worse(question.allowed)


def _answer(question: Question, p_value: float, decision: Decision, first: float) -> Answer:
    difference = question.difference
    state, reason = _state(question, p_value, decision)
    smallest = difference.smallest_loss(first)
    needed = difference.needed_n(question.target, first)
    if state == "inconclusive" and difference.observed is not None:
        reason = f"{reason}; {_what_it_takes(question, smallest, needed)}"
    return Answer(state, reason, p_value, decision.level, smallest, needed)


def _state(question: Question, p_value: float, decision: Decision) -> tuple[State, str]:
    difference = question.difference
    if difference.observed is None:
        return _undefined(difference)
    if difference.n < question.minimum_n:
        return "inconclusive", f"n is {difference.n}, the gate needs {question.minimum_n}"
    lost = f"{_lost(difference)} on {difference.n} paired samples"
    if decision.rejected:
        beyond = f", more than the {_number(question.allowed)} allowed" if question.allowed else ""
        return "failed", f"{lost}{beyond} (p = {p_value:.2g}, has to be above {decision.level:.2g})"
    unsure = _unsure(question)
    return ("inconclusive", lost + unsure) if unsure else ("passed", "")


def _unsure(question: Question) -> str:
    """Return what keeps a gate from passing that did not fail; empty where nothing does."""
    bound = question.difference.loss_bound(ALPHA)
    if bound is not None and bound <= question.target:
        return ""
    return f", and at 95 % it may be {'anything' if bound is None else f'{_number(bound)} worse'}"


def _undefined(difference: Difference) -> tuple[State, str]:
    if difference.current is None and difference.baseline is not None:
        was = _number(difference.baseline)
        return "failed", f"{difference.metric} is undefined here and {was} in the baseline"
    if difference.n and difference.baseline is None:
        return "inconclusive", f"{difference.metric} is undefined in the baseline"
    return "inconclusive", f"{difference.metric}: no sample has it in both runs"


def _what_it_takes(question: Question, smallest: float, needed: int | None) -> str:
    none = smallest >= 1.0 and question.difference.share
    shown = "no loss at all" if none else f"a loss of {_number(smallest)} or more"
    said = f"{question.difference.n} samples would show {shown}"
    if needed is None:
        return said
    return f"{said}, {_number(question.target)} would take about {needed}"


def _lost(difference: Difference) -> str:
    gain = difference.observed or 0.0
    if lower_is_better(difference.metric):
        gain = -gain
    return f"{'worse' if gain < 0 else 'better'} by {_number(abs(gain))}" if gain else "no change"


def _number(value: float) -> str:
    return f"{value:.3g}"
