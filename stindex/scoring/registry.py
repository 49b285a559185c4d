"""The dimensions that are scored. A further one is a module of its own and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stindex.scoring.dimension import Dimension
from stindex.scoring.spatial import SpatialDimension
from stindex.scoring.temporal import TemporalDimension

DIMENSIONS: Mapping[str, Dimension[Any]] = MappingProxyType(
    {dimension.name: dimension for dimension in (TemporalDimension(), SpatialDimension())}
)
