"""What a test can ask for. The model is loaded once a session, when the first answer is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from stindex.errors import UserError

if TYPE_CHECKING:
    from stindex.evaluation import Evaluation
    from stindex.gates import Thresholds
    from stindex.pytest_plugin.suite import Suite
    from stindex.runs.evaluation_run import EvaluationRun
    from stindex.schema import Generation, Prediction, Sample
    from stindex.scoring import SampleScore

SUITE: pytest.StashKey[Suite] = pytest.StashKey()


@pytest.fixture(scope="session")
def evaluation_run(pytestconfig: pytest.Config) -> EvaluationRun:
    """The run of this session: settings, data set, model, geocoder."""
    suite = pytestconfig.stash[SUITE]
    try:
        return suite.run
    except UserError as problem:
        suite.stop(problem)


@pytest.fixture(scope="session")
def thresholds(evaluation_run: EvaluationRun) -> Thresholds:
    """The content of the thresholds file."""
    return evaluation_run.thresholds


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> Sample:
    """The sample of this test; every test that asks for it runs once a sample."""
    return cast("Sample", request.param)


@pytest.fixture
def evaluation(
    sample: Sample, evaluation_run: EvaluationRun, pytestconfig: pytest.Config
) -> Evaluation:
    """Everything about the model's answer to the sample; waits until it is there."""
    try:
        return evaluation_run.evaluation(sample)
    except UserError as problem:
        pytestconfig.stash[SUITE].stop(problem)


@pytest.fixture
def generation(evaluation: Evaluation) -> Generation:
    """What the model wrote, word for word."""
    return evaluation.record.generation


@pytest.fixture
def prediction(evaluation: Evaluation) -> Prediction | None:
    """The mentions that were read from the answer; None without a valid object."""
    return evaluation.prediction


@pytest.fixture
def score(evaluation: Evaluation) -> SampleScore:
    """Counts and judged pairs of the sample."""
    return evaluation.score
