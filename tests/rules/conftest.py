"""The gazetteer's index, built once for the tests of this directory."""

from collections.abc import Iterator

import pytest

from stindex.geocoding.embedded import open_gazetteer
from stindex.geocoding.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gazetteer]:
    opened = open_gazetteer(tmp_path_factory.mktemp("gazetteer"))
    yield opened
    opened.close()
