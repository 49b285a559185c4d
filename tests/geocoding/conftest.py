"""The gazetteer's index, built once for all tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stindex.geocoding.embedded import EmbeddedGeocoder, open_gazetteer
from stindex.geocoding.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def index_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gazetteer")


@pytest.fixture(scope="session")
def gazetteer(index_directory: Path) -> Iterator[Gazetteer]:
    opened = open_gazetteer(index_directory)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def geocoder(gazetteer: Gazetteer) -> EmbeddedGeocoder:
    return EmbeddedGeocoder(gazetteer)
