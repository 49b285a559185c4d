"""How well the model extracts time and place: one test a sample.

Ordinary pytest. Add an assertion of your own in two lines:

    def test_no_place_is_invented(evaluation):
        assert not evaluation.score.dimensions["spatial"].hallucinated
"""

from stindex.evaluation import Evaluation
from stindex.gates import Thresholds
from stindex.pytest_plugin import assert_thresholds, assert_valid


def test_extraction(evaluation: Evaluation, thresholds: Thresholds) -> None:
    """The answer is a valid object, and no metric of the sample is below its threshold."""
    assert_valid(evaluation)
    assert_thresholds(evaluation, thresholds)
