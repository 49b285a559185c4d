"""Builds the country polygons of the package from Natural Earth as world-atlas packs it.

In go `countries-50m.json` of npm's world-atlas 2.0.2 (TopoJSON, ISO 3166-1 numeric ids) and
`iso_3166-1.json` of Debian's iso-codes (numeric to alpha-2); out comes
`stindex/geocoding/country_polygons.json.xz`: the arcs as they are, and for each country the arcs
of its rings. Run by hand when a source changes:
`python tools/build_country_polygons.py countries-50m.json iso_3166-1.json`.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parent.parent / "stindex" / "geocoding" / "country_polygons.json.xz"
# Natural Earth's areas without a numeric id, as the gazetteer counts them.
WITHOUT_ID = {"Kosovo": "XK", "Somaliland": "SO", "N. Cyprus": "CY"}

Rings = list[list[int]]


def alpha2_by_numeric(iso_codes: Mapping[str, Any]) -> dict[str, str]:
    """Return the alpha-2 code of each numeric one."""
    return {entry["numeric"]: entry["alpha_2"] for entry in iso_codes["3166-1"]}


def polygons_of(geometry: Mapping[str, Any]) -> list[Rings]:
    """Return the polygons of a TopoJSON geometry, each as rings of arc numbers."""
    arcs = geometry["arcs"]
    return arcs if geometry["type"] == "MultiPolygon" else [arcs]


def pack(topology: Mapping[str, Any], iso_codes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the packed polygons: transform, arcs (differences), polygons by country."""
    codes = alpha2_by_numeric(iso_codes)
    countries: dict[str, list[Rings]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        name = geometry["properties"]["name"]
        code = codes.get(geometry.get("id", "")) or WITHOUT_ID.get(name)
        if code is None:
            sys.stderr.write(f"left out: {name}\n")
            continue
        countries.setdefault(code, []).extend(polygons_of(geometry))
    return {
        "transform": topology["transform"],
        "arcs": topology["arcs"],
        "countries": dict(sorted(countries.items())),
    }


def main(topology_file: str, iso_codes_file: str) -> None:
    """Read both sources, write the packed polygons."""
    topology = json.loads(Path(topology_file).read_text(encoding="utf-8"))
    iso_codes = json.loads(Path(iso_codes_file).read_text(encoding="utf-8"))
    packed = json.dumps(pack(topology, iso_codes), separators=(",", ":")).encode()
    OUTPUT.write_bytes(lzma.compress(packed, preset=9))


if __name__ == "__main__":
    main(*sys.argv[1:])
