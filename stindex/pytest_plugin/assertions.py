"""What a test asserts of a sample. It fails with a sentence; the plugin adds gold and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stindex.schema import Outcome

if TYPE_CHECKING:
    from stindex.evaluation import Evaluation
    from stindex.gates import Thresholds


def assert_valid(evaluation: Evaluation) -> None:
    """Assert that the answer is a valid object of the schema."""
    if evaluation.outcome is not Outcome.OK:
        raise AssertionError(f"{evaluation.outcome}: {evaluation.reason}")


def assert_thresholds(evaluation: Evaluation, thresholds: Thresholds) -> None:
    """Assert that no metric of the sample is below its threshold (`sample:` in the file)."""
    from stindex.gates import sample_shortfalls  # noqa: PLC0415 - not for `--help`

    shortfalls = sample_shortfalls(thresholds, evaluation.score)
    if shortfalls:
        raise AssertionError("; ".join(shortfalls))
