"""The dimensions that are scored. A further one is a module of its own and one line here.

One of a user's own is added when a process begins, before anything is scored.
"""

from __future__ import annotations

from typing import Any

from stindex.scoring.dimension import Dimension
from stindex.scoring.entity import EntityDimension
from stindex.scoring.spatial import SpatialDimension
from stindex.scoring.temporal import TemporalDimension

DIMENSIONS: dict[str, Dimension[Any]] = {
    dimension.name: dimension for dimension in (TemporalDimension(), SpatialDimension())
}


def entity_dimensions() -> tuple[EntityDimension, ...]:
    """Return the dimensions beside time and place."""
    return tuple(one for one in DIMENSIONS.values() if isinstance(one, EntityDimension))


def entity_names() -> tuple[str, ...]:
    """Return the names of the dimensions beside time and place."""
    return tuple(one.name for one in entity_dimensions())
