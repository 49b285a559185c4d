"""The geocoder that the tests of this directory ask."""

from __future__ import annotations

import pytest

from stindex.geocoding.embedded import EmbeddedGeocoder
from stindex.geocoding.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def geocoder(gazetteer: Gazetteer) -> EmbeddedGeocoder:
    return EmbeddedGeocoder(gazetteer)
