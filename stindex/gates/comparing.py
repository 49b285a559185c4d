"""Gates that compare two runs ─▶ their verdicts, decided together.

Gates of a thresholds file and the runs they compare go in, a verdict for each comes out. All are
decided at once, as several questions to one pair of runs share the risk of a false alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stindex.comparison.judging import Answer, Question, answer_all
from stindex.comparison.quantities import lower_is_better
from stindex.comparison.verdicts import ComparedRuns
from stindex.gates.judging import Comparisons
from stindex.gates.thresholds import Gate
from stindex.gates.verdict import GateVerdict


def judge_together(gates: Sequence[Gate], comparisons: Comparisons) -> list[GateVerdict]:
    """Judge gates so that any false alarm at all among them has a probability of at most 5 %.

    A gate without a run to compare with is inconclusive.
    """
    asked = {
        index: _question(gate, comparisons.runs[gate.against], comparisons)
        for index, gate in enumerate(gates)
        if gate.against in comparisons.runs
    }
    answers = dict(zip(asked, answer_all(list(asked.values())), strict=True))
    verdicts = [
        _answered(gate, asked[index], answers[index], comparisons.runs[gate.against])
        if index in answers
        else _nothing_to_compare(gate)
        for index, gate in enumerate(gates)
    ]
    if not comparisons.strict:
        return verdicts
    return [replace(v, passed=v.passed and not v.inconclusive) for v in verdicts]


def _question(gate: Gate, run: ComparedRuns, comparisons: Comparisons) -> Question:
    ids = comparisons.ids_of_slice(gate.slice) if gate.slice else None
    difference = run.comparator.difference(gate.metric, ids)
    return Question(difference, gate.max_drop or 0.0, gate.noticeable, gate.minimum_n)


def _answered(gate: Gate, question: Question, answer: Answer, run: ComparedRuns) -> GateVerdict:
    difference, lower = question.difference, lower_is_better(gate.metric)
    return GateVerdict(
        gate.name,
        gate.metric,
        difference.observed,
        question.allowed if lower else -question.allowed or 0.0,
        "<=" if lower else ">=",
        difference.n,
        answer.state != "failed",
        answer.reason,
        answer.state == "inconclusive",
        "drop" if question.allowed else "not worse",
        difference.interval(),
        difference.baseline,
        difference.current,
        run.baseline.run_id,
        answer.p_value,
        answer.level,
        answer.smallest_loss,
        answer.needed_n,
    )


def _nothing_to_compare(gate: Gate) -> GateVerdict:
    return GateVerdict(
        gate.name,
        gate.metric,
        value=None,
        threshold=None,
        direction=">=",
        n=0,
        passed=True,
        reason=f"there is nothing to compare with; name a run with --{gate.against}",
        inconclusive=True,
        kind="drop" if gate.max_drop is not None else "not worse",
    )
