"""What became of one gate: the entity that reports, JUnit and annotations show.

It carries what was asked, what was measured and why it does not hold; nothing is computed here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

COMPLETE = "complete"

State = Literal["passed", "failed", "inconclusive"]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What became of one gate.

    Attributes:
        name: as printed and in JUnit, e.g. `temporal.f1_score >= 0.5`.
        metric: dotted key of `metrics_summary.json`, or `complete` for coverage.
        value: the measured value, of a comparison the difference to the baseline; None where it
            is undefined.
        threshold: what it was held against; None for coverage.
        direction: `>=` or `<=`.
        n: samples (or mentions) behind the value.
        passed: whether the gate lets the run be green. An inconclusive one does, unless `--strict`.
        reason: one sentence; empty where it passed.
        inconclusive: there is too little to say whether the gate holds.
        kind: `bound`, `drop`, `not worse`, `coverage`, or `own` for one of the user's making.
        interval: 95 % interval of the value, where there is one.
        baseline, current: the two values of a comparison, over the paired samples.
        against: id of the run that this one was compared with.
        p_value, level: of a comparison: how likely chance alone is so bad, and what that was held
            against (Holm).
        smallest_loss: that this n would have shown in 80 % of such runs; `needed_n` would show
            the loss that matters.
    """

    name: str
    metric: str
    value: float | None
    threshold: float | None
    direction: str
    n: int
    passed: bool
    reason: str = ""
    inconclusive: bool = False
    kind: Literal["bound", "drop", "not worse", "coverage", "own"] = "bound"
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    current: float | None = None
    against: str | None = None
    p_value: float | None = None
    level: float | None = None
    smallest_loss: float | None = None
    needed_n: int | None = None

    @property
    def compares(self) -> bool:
        """Whether the value is the difference to another run."""
        return self.kind in {"drop", "not worse"}

    @property
    def state(self) -> State:
        """`passed`, `failed` or `inconclusive`, whatever that does to the exit status."""
        if self.inconclusive:
            return "inconclusive"
        return "passed" if self.passed else "failed"

    def to_json(self) -> dict[str, Any]:
        """Return all fields and the state, JSON-ready."""
        return {**asdict(self), "state": self.state}
