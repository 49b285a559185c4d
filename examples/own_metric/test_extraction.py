"""One test a sample, as `stindex init` sets it up."""

from stindex.evaluation import Evaluation
from stindex.gates import Thresholds
from stindex.pytest_plugin import assert_thresholds, assert_valid


def test_extraction(evaluation: Evaluation, thresholds: Thresholds) -> None:
    """The answer is valid and reaches the thresholds of samples."""
    assert_valid(evaluation)
    assert_thresholds(evaluation, thresholds)
