"""The thresholds file: what is asked of a whole run (gates), and of single samples.

`cfg/thresholds.yaml` is read into `Thresholds`, or refused in a sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stindex.errors import UserError
from stindex.gates.kinds import GATE_KINDS
from stindex.scoring import metric_names, sample_metric_names
from stindex.settings_files import nearest, read_settings_file

Against = Literal["baseline", "anchor"]


class Bound(BaseModel):
    """A value that must be reached, or must not be exceeded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Bound:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs exactly one of `at_least` and `at_most`")
        return self

    @property
    def direction(self) -> str:
        """`>=` or `<=`."""
        return ">=" if self.at_least is not None else "<="

    @property
    def threshold(self) -> float:
        """The value, whichever of the two it is."""
        return self.at_least if self.at_least is not None else self.at_most or 0.0

    def holds(self, value: float) -> bool:
        """Whether `value` is on the right side; the threshold itself is."""
        return value >= self.threshold if self.direction == ">=" else value <= self.threshold


class Gate(BaseModel):
    """What one metric of the run must be like, or that of the samples with the given metadata.

    One of: a bound on the value (`at_least`, `at_most`); a bound on the loss against the baseline
    (`max_drop`); no loss that can be shown at all (`not_worse`); a word of `GATE_KINDS`, which
    `own` holds with what was asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    max_drop: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    not_worse: Literal[True] | None = None
    noticeable: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    against: Against = "baseline"
    minimum_n: Annotated[int, Field(ge=1)] = 1
    slice: dict[str, str] = {}
    own: tuple[str, Any] | None = Field(default=None, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _own_kind(cls, given: Any) -> Any:  # noqa: ANN401 (whatever stands in the file)
        named = [name for name in GATE_KINDS if isinstance(given, dict) and name in given]
        if len(named) != 1:
            return given
        (name,) = named
        return {**{k: v for k, v in given.items() if k != name}, "own": (name, given[name])}

    @model_validator(mode="after")
    def _one_of_four(self) -> Gate:
        asked = (self.at_least, self.at_most, self.max_drop, self.not_worse, self.own)
        if sum(one is not None for one in asked) != 1:
            raise ValueError(
                "needs exactly one of `at_least` and `at_most`, `max_drop` and `not_worse`"
            )
        if self.noticeable is not None and not self.not_worse:
            raise ValueError("`noticeable` belongs to `not_worse`; leave it out")
        if self.against == "anchor" and not self.compares:
            raise ValueError("`against` belongs to `max_drop` and `not_worse`; leave it out")
        return self

    @property
    def compares(self) -> bool:
        """Whether the gate needs another run."""
        return self.max_drop is not None or self.not_worse is not None

    @property
    def bound(self) -> Bound:
        """The bound on the value."""
        return Bound(at_least=self.at_least, at_most=self.at_most)

    @property
    def name(self) -> str:
        """As printed: metric, direction, threshold, slice."""
        where = ", ".join(f"{key}={value}" for key, value in self.slice.items())
        return f"{self.metric} {self._asked()}" + (f" [{where}]" if where else "")

    def _asked(self) -> str:
        if self.own is not None:
            return f"{self.own[0]} {self.own[1]}"
        if self.max_drop is not None:
            return f"drops at most {exact(self.max_drop)} against the {self.against}"
        if self.not_worse:
            return f"not worse than the {self.against}"
        return f"{self.bound.direction} {exact(self.bound.threshold)}"


class Thresholds(BaseModel):
    """The content of a thresholds file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: list[Gate] = []
    sample: dict[str, float | Bound] = {}


def load_thresholds(path: Path) -> Thresholds:
    """Read a thresholds file.

    Raises:
        UserError: it is missing or broken, or names a metric that does not exist.
    """
    thresholds = read_settings_file(path, Thresholds)
    for gate in thresholds.run:
        _check_name(path, gate.metric, list(metric_names()))
        if gate.compares:
            _check_comparable(path, gate.metric)
    for name in thresholds.sample:
        _check_name(path, name, list(sample_metric_names()))
    return thresholds


def _check_name(path: Path, name: str, known: list[str]) -> None:
    if name not in known:
        raise UserError(
            f"{path}: `{name}` is no metric{nearest(name, known)}; docs/metrics.md lists them."
        )


def _check_comparable(path: Path, name: str) -> None:
    from stindex.comparison.differences import comparable_metrics  # noqa: PLC0415 (numpy)

    if name not in comparable_metrics():
        hint = nearest(name, list(comparable_metrics()))
        raise UserError(
            f"{path}: `{name}` is a count or a time, which two runs are not compared in{hint}; "
            "name a rate."
        )


def exact(threshold: float) -> str:
    """Return a threshold as short as it can be written without becoming another number."""
    short = f"{threshold:g}"
    return short if float(short) == threshold else repr(threshold)
