"""The offline geocoder: which place a document means."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stindex.errors import UserError
from stindex.geocoding.embedded import EmbeddedGeocoder
from stindex.geocoding.index import table_checksum
from stindex.geocoding.none import NoGeocoder
from stindex.geocoding.registry import make_geocoder
from stindex.schema import LOCATION_TYPES, Place, SpatialMention


def mentions_in(text: str, *names: str) -> list[SpatialMention]:
    """Return the names as mentions, found in the text one after the other."""
    mentions, position = [], 0
    for name in names:
        start = text.index(name, position)
        position = start + len(name)
        mentions.append(SpatialMention(text=name, start_char=start, end_char=position))
    return mentions


def where(geocoder: EmbeddedGeocoder, text: str, *names: str) -> list[str]:
    """Return `country.division` for each name of a text."""
    return located(geocoder, mentions_in(text, *names), text)


def located(
    geocoder: EmbeddedGeocoder, mentions: list[SpatialMention], text: str = ""
) -> list[str]:
    """Return `country.division` for each mention."""
    places = geocoder.geocode(mentions, text)
    assert all(isinstance(place, Place) for place in places)
    return [f"{p.country}.{p.admin1}".rstrip(".") for p in places if isinstance(p, Place)]


def test_a_name_alone_means_its_best_known_place(geocoder: EmbeddedGeocoder) -> None:
    assert where(geocoder, "Perth is dry.", "Perth") == ["AU.08"]
    assert where(geocoder, "Paris is old.", "Paris") == ["FR.11"]


def test_the_other_places_settle_which_perth(geocoder: EmbeddedGeocoder) -> None:
    text = "The train from Perth to Dundee was late."
    assert where(geocoder, text, "Perth", "Dundee") == ["GB.SCT", "GB.SCT"]
    text = "The train from Perth to Fremantle was late."
    assert where(geocoder, text, "Perth", "Fremantle") == ["AU.08", "AU.08"]


def test_a_country_that_is_no_mention_helps_as_well(geocoder: EmbeddedGeocoder) -> None:
    text = "Snow closed roads all over Scotland; Perth had none."
    mentions = mentions_in(text, "Perth")
    assert located(geocoder, mentions, text) == ["GB.SCT"]
    assert located(geocoder, mentions, text.replace("Scotland", "the land")) == ["AU.08"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("He lives in Paris, Texas.", "US.TX"),
        ("He lives in Paris, TX.", "US.TX"),
        ("He lives in Paris (Kentucky).", "US.KY"),
        ("He lives in Paris, in northern Texas.", "US.TX"),
        ("He lives in Paris, France.", "FR.11"),
        ("He flew from Paris - Texas was too far.", "US.TX"),
    ],
)
def test_what_follows_a_name_says_where_it_is(
    geocoder: EmbeddedGeocoder, text: str, place: str
) -> None:
    assert where(geocoder, text, "Paris") == [place]


@pytest.mark.parametrize(
    ("name", "region", "place"),
    [
        ("Paris", "Texas", "US.TX"),
        ("Paris", "TX", "US.TX"),
        ("Paris", "Texas, USA", "US.TX"),
        ("Paris, Texas", None, "US.TX"),
        ("Springfield", "Missouri, USA", "US.MO"),
        ("Springfield", "Sangamon County, Illinois, USA", "US.IL"),
        ("Birmingham", "AL", "US.AL"),
        ("Birmingham", "England, UK", "GB.ENG"),
        ("Perth", "Scotland", "GB.SCT"),
        ("Perth", "United Kingdom", "GB.SCT"),
        ("Brooklyn", "New York City", "US.NY"),
        ("Georgia", "United States", "US.GA"),
        ("Paris", "Atlantis", "FR.11"),
        ("Paris", "  ,", "FR.11"),
    ],
)
def test_the_parent_region_settles_it(
    geocoder: EmbeddedGeocoder, name: str, region: str | None, place: str
) -> None:
    assert located(geocoder, [SpatialMention(text=name, parent_region=region)]) == [place]


def test_outer_parts_of_a_parent_region_narrow_the_inner_ones(geocoder: EmbeddedGeocoder) -> None:
    counties = [
        SpatialMention(text="Springfield", parent_region=region)
        for region in ("Greene County, Missouri", "Clark County, Ohio", "Clark County, USA")
    ]
    assert located(geocoder, counties) == ["US.MO", "US.OH", "US.OH"]


def test_a_wrong_inner_part_leaves_the_outer_one(geocoder: EmbeddedGeocoder) -> None:
    mention = SpatialMention(text="Springfield", parent_region="Greene County, Oregon, USA")
    assert located(geocoder, [mention]) == ["US.OR"]


def test_a_document_may_mean_two_places_by_one_name(geocoder: EmbeddedGeocoder) -> None:
    text = "Perth, Scotland, is a twin of Perth, Australia."
    names = ("Perth", "Scotland", "Perth", "Australia")
    assert where(geocoder, text, *names) == ["GB.SCT", "GB.SCT", "AU.08", "AU"]
    regions = [SpatialMention("Paris", parent_region=region) for region in ("Texas", "France")]
    assert located(geocoder, regions) == ["US.TX", "FR.11"]


def test_a_name_means_what_it_meant_before(geocoder: EmbeddedGeocoder) -> None:
    text = "He was born in Paris, Texas. He never left Paris."
    assert where(geocoder, text, "Paris", "Paris") == ["US.TX", "US.TX"]


def test_a_list_of_countries_is_no_chain_of_regions(geocoder: EmbeddedGeocoder) -> None:
    text = "Talks between Georgia, Ukraine, Moldova and Armenia failed."
    names = ("Georgia", "Ukraine", "Moldova", "Armenia")
    assert where(geocoder, text, *names) == ["GE", "UA", "MD", "AM"]


@pytest.mark.parametrize(
    ("name", "match", "place"),
    [
        ("Italian", "exact", "IT"),
        ("Parisian", "demonym", "FR.11"),
        ("FRA", "code", "FR"),
        ("Greater Leeds", "stripped", "GB.ENG"),
        ("Leeds Music Hall", "part", "GB.ENG"),
    ],
)
def test_how_a_name_was_found_is_said(
    geocoder: EmbeddedGeocoder, name: str, match: str, place: str
) -> None:
    mention = SpatialMention(text=name)
    (found,) = geocoder.geocode([mention], "")
    assert isinstance(found, Place)
    assert (found.match, located(geocoder, [mention])) == (match, [place])


def test_a_part_of_a_name_is_trusted_less(geocoder: EmbeddedGeocoder) -> None:
    whole, part = geocoder.geocode(
        [SpatialMention(text="Uppsala"), SpatialMention(text="Uppsala Music Hall")], ""
    )
    assert isinstance(whole, Place)
    assert isinstance(part, Place)
    assert part.entity == whole.entity
    assert part.confidence < 0.5 < whole.confidence


@pytest.mark.parametrize("name", ["Xyzzyqwerty", "", "   ", "?!", "無此地名", "\x00", "x" * 10_000])
def test_an_unknown_name_has_no_place(geocoder: EmbeddedGeocoder, name: str) -> None:
    assert list(geocoder.geocode([SpatialMention(text=name)], "")) == [None]


def test_a_place_is_described_whole(geocoder: EmbeddedGeocoder) -> None:
    kinds = ("France", "Texas", "Lyon", "Heathrow", "Black Sea", "Europe")
    places = geocoder.geocode([SpatialMention(text=name) for name in kinds], "")
    assert [place.kind for place in places if isinstance(place, Place)] == [
        *("country", "region", "city", "landmark", "feature", "region")
    ]
    for place in places:
        assert isinstance(place, Place)
        assert place.kind in LOCATION_TYPES
        assert 0.0 < place.confidence <= 1.0
        assert place.entity.isdigit()
        assert abs(place.latitude) <= 90
        assert abs(place.longitude) <= 180


def test_no_mentions_give_no_places(geocoder: EmbeddedGeocoder) -> None:
    assert list(geocoder.geocode([], "No place here.")) == []


def test_the_identity_names_the_table(geocoder: EmbeddedGeocoder) -> None:
    identity = geocoder.identity()
    assert (identity["name"], identity["sha256"]) == ("embedded", table_checksum())
    json.dumps(dict(identity))


DETERMINISM = """
import sys
from pathlib import Path
from stindex.geocoding.embedded import EmbeddedGeocoder, open_gazetteer
from stindex.geocoding.spotting import spot
text = sys.argv[2]
gazetteer = open_gazetteer(Path(sys.argv[1]))
mentions = spot(text, gazetteer)
print(mentions, EmbeddedGeocoder(gazetteer).geocode(mentions, text))
"""
TEXT = (
    "Perth and Dundee, Scotland. Springfield, Cambridge, Georgia, Birmingham, San Jose, Cordoba, "
    "Victoria, Santiago, London, Ontario, Alexandria, Tripoli, Richmond, Newcastle and Hamilton."
)


def test_answers_do_not_depend_on_the_hash_seed(
    geocoder: EmbeddedGeocoder, index_directory: Path
) -> None:
    def run(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", DETERMINISM, str(index_directory), TEXT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    first = run("0")
    assert first.count("Place(") > 8
    assert run("4711") == first


def test_geocoding_can_be_switched_off() -> None:
    geocoder = make_geocoder("none")
    assert isinstance(geocoder, NoGeocoder)
    assert list(geocoder.geocode([SpatialMention(text="Paris")], "Paris")) == [None]
    assert geocoder.identity() == {"name": "none"}


def test_an_unknown_geocoder_is_refused() -> None:
    with pytest.raises(UserError, match="embedded, nominatim, none"):
        make_geocoder("google")


def test_geopy_is_imported_for_nominatim_only() -> None:
    code = "import sys, stindex.geocoding.registry as r; r.make_geocoder('none'); "
    code += "import stindex.geocoding.embedded, stindex.geocoding.spotting; "
    code += "sys.exit('geopy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
