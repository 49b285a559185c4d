"""Whether a point lies in a country. No polygons come with the project yet: the answer is unknown.

Scoring then falls back to a circle of the area's size (`docs/metrics.md`).
"""

from __future__ import annotations


def covers(
    country_code: str,  # noqa: ARG001
    latitude: float,  # noqa: ARG001
    longitude: float,  # noqa: ARG001
) -> bool | None:
    """Return whether a point (degrees, WGS-84) lies in a country; None without a polygon of it."""
    return None
