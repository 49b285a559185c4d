"""`stindex geocode`: what a name means, alone and in its text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from stindex.cli.geocode import geocode


def found(*arguments: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(geocode, [*arguments, "--json"])
    content: list[dict[str, Any]] = json.loads(done.stdout)
    return content


def best(*arguments: str) -> list[str]:
    return [
        f"{entry['candidates'][0]['country']}.{entry['candidates'][0]['admin1']}"
        for entry in found(*arguments)
    ]


def test_a_name_alone_means_its_best_known_place() -> None:
    (entry,) = found("Perth")
    assert [place["country"] for place in entry["candidates"]] == ["AU", "GB", "CA"]
    likely = [place["confidence"] for place in entry["candidates"]]
    assert likely == sorted(likely, reverse=True)
    assert entry["candidates"][0]["kind"] == "city"
    assert entry["candidates"][0]["match"] == "exact"


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ("The train from Perth to Dundee was late.", "GB.SCT"),
        ("The train from Perth to Fremantle was late.", "AU.08"),
        ("Snow closed roads all over Scotland.", "GB.SCT"),
    ],
)
def test_the_context_settles_it(context: str, place: str) -> None:
    assert best("Perth", "--context", context) == [place]


def test_several_names_settle_each_other() -> None:
    assert best("Perth", "Dundee") == ["GB.SCT", "GB.SCT"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Paris, Lamar County, Texas", "US.TX"),
        ("Paris (Texas)", "US.TX"),
        ("Paris (Lamar County, Texas)", "US.TX"),
        ("Springfield, Sangamon County, Illinois, USA", "US.IL"),
        ("Springfield, Clark County, Ohio", "US.OH"),
        ("Paris, France", "FR.11"),
    ],
)
def test_every_part_of_a_qualified_name_narrows_it(name: str, place: str) -> None:
    assert best(name) == [place]


def test_the_table_has_a_line_a_candidate() -> None:
    done = CliRunner().invoke(geocode, ["Perth", "--candidates", "2"])
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("Perth: Perth, AU.08, city, radius 16 km")
    assert second.startswith("Perth: Perth, GB.SCT")


def test_an_unknown_name_is_said_and_ends_with_1() -> None:
    done = CliRunner().invoke(geocode, ["Xyzzyqwerty", "Lyon"])
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == "Xyzzyqwerty: not known"


def test_nothing_hides_in_a_name() -> None:
    done = CliRunner().invoke(geocode, ["\x1b[31mXyzzyqwerty"])
    assert "\x1b" not in done.stdout
