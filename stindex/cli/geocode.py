"""`stindex geocode`: the places that names mean, by the embedded gazetteer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from stindex.cli.json_output import json_option, print_json
from stindex.cli.statuses import INVALID
from stindex.geocoding.embedded import EmbeddedGeocoder, open_gazetteer
from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.spotting import spot
from stindex.postprocess import place_mentions
from stindex.reporting.visible import one_line
from stindex.schema import Place, SpatialMention


@click.command(epilog="Exit status: 0; 1 where a name is not known.")
@click.argument("names", nargs=-1, required=True)
@click.option("--context", default="", help="The text that the names stand in.")
@click.option(
    "--candidates",
    "most",
    default=3,
    show_default=True,
    type=click.IntRange(1, 50),
    help="How many places a name, the likeliest first.",
)
@json_option
def geocode(names: tuple[str, ...], context: str, most: int, *, as_json: bool) -> None:
    """Print the places that NAMES mean: coordinates, kind, confidence, way of matching.

    The names, and the places that the context names besides, settle each other. A name may be
    qualified, and every part narrows it: "Paris, Lamar County, Texas".

    Example: stindex geocode Perth --context "The train from Perth to Dundee was late."
    """
    gazetteer = open_gazetteer()
    found = _ranked(names, context, gazetteer, most)
    if as_json:
        content = [
            {"name": name, "candidates": [asdict(place) for place in places]}
            for name, places in zip(names, found, strict=True)
        ]
        print_json(content)
    else:
        for name, places in zip(names, found, strict=True):
            for line in _lines(name, places):
                click.echo(line)
    gazetteer.close()
    if not all(found):
        sys.exit(INVALID)


def _ranked(
    names: Sequence[str], context: str, gazetteer: Gazetteer, most: int
) -> list[tuple[Place, ...]]:
    wanted = list(place_mentions([SpatialMention(name) for name in names], context))
    taken = [(m.start_char, m.end_char) for m in wanted if m.start_char is not None]
    besides = [m for m in spot(context, gazetteer) if not _overlaps(m, taken)]
    ranked = EmbeddedGeocoder(gazetteer).ranked([*wanted, *besides], context, most)
    return ranked[: len(names)]


def _overlaps(mention: SpatialMention, taken: Sequence[tuple[int | None, int | None]]) -> bool:
    start, end = mention.start_char or 0, mention.end_char or 0
    return any(start < (last or 0) and (first or 0) < end for first, last in taken)


def _lines(name: str, places: Sequence[Place]) -> list[str]:
    if not places:
        return [f"{one_line(name)}: not known"]
    width = max(len(_described(place)) for place in places)
    return [
        f"{one_line(name)}: {_described(place):{width}}  {place.latitude:8.3f} "
        f"{place.longitude:8.3f}  {place.confidence:.2f}  {place.match}"
        for place in places
    ]


def _described(place: Place) -> str:
    where = ".".join(part for part in (place.country, place.admin1) if part)
    radius = f", radius {place.radius_km:.0f} km" if place.radius_km else ""
    return (
        f"{place.name}, {where}, {place.kind}{radius}" if where else f"{place.name}, {place.kind}"
    )
