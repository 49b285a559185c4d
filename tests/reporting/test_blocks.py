"""What lies behind the page: rows as the script reads them, and what a large page leaves out."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import replace

import pytest

from stindex.reporting.page import document, html_report
from stindex.reporting.page.blocks import PACK, PARTS, Blocks, Packer, packed
from stindex.reporting.page.packing import RAW_LIMIT, TEXT_LIMIT, utf16_units
from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome, SpatialMention, TemporalMention

from .building import Draft, compared_report, run_report, unpacked
from .large import large_report

_DRAFT = Draft()
ORDER = [part.letter for part in PARTS]


def blocks_of(report: RunReport) -> dict[str, object]:
    return unpacked("".join(html_report(report)))


def columns_of(report: RunReport) -> list[list[object]]:
    """Return the columns of the samples' own block."""
    found = blocks_of(report)["d0"]
    assert isinstance(found, list)
    return found


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────


def test_a_row_holds_gold_and_pairs_that_point_into_it() -> None:
    length, date, facts, *rest = (column[0] for column in columns_of(run_report([_DRAFT])))
    temporal, spatial, gold_times, gold_places, times, places, *_ = rest
    assert (length, date) == (len(_DRAFT.text), "2024-05-06")
    assert facts == [["language", "en"], ["category", "news"]]
    assert (temporal, spatial) == (1, 1)
    assert gold_times == [["2024-05-05", "DATE", 3, 10], ["2024-05-07", "DATE", 38, 14]]
    assert gold_places[0] == [48.857, 2.352, "city", "", 27, 5]  # type: ignore[index]  # a list
    # Gold, errors, kilometres, prediction: 1 where it is the same, else as far as it differs.
    assert times == [[0, 0, None, 1], [1, 1, None]]
    assert places[0][3] == [33.66, -95.56, "city", "Paris, US"]  # type: ignore[index]  # a list
    assert places[2][3] == [None, None, "city", "no such place is known", None, 0, "Berlin"]  # type: ignore[index]  # a list


def test_words_are_written_only_where_the_text_has_others() -> None:
    other = replace(_DRAFT.temporal[0], text="5  May 2024")  # type: ignore[index]  # there are two
    row = columns_of(run_report([_DRAFT.but(temporal=(other,), predicted_temporal=())]))
    assert row[5][0] == [["2024-05-05", "DATE", 3, 10, "5  May 2024"]]


@pytest.mark.parametrize(
    ("text", "position", "units"), [("abc", 2, 2), ("äöü", 2, 2), ("😀a😀b", 3, 5), ("", 0, 0)]
)
def test_positions_are_counted_in_units_of_utf_16(text: str, position: int, units: int) -> None:
    assert utf16_units(text)(position) == units
    assert len(text[:position].encode("utf-16-le")) // 2 == units


def test_positions_outside_of_the_text_are_no_positions() -> None:
    far = TemporalMention("x", "2024", "DATE", 500, 501)
    odd = SpatialMention("x", "city", start_char=9, end_char=3)
    draft = _DRAFT.but(predicted_temporal=(far,), predicted_spatial=(odd,))
    row = columns_of(run_report([draft]))
    predicted = [pair[3] for layer in row[7:9] for pair in layer[0] if len(pair) == 4]  # type: ignore[attr-defined]  # lists
    assert [one[-3:] for one in predicted] == [[None, 0, "x"], [None, 0, "x"]]


def test_long_texts_are_cut_and_say_how_long_they_are() -> None:
    draft = _DRAFT.but(text="x" * (TEXT_LIMIT + 5), raw_text="y" * (RAW_LIMIT + 7))
    blocks = blocks_of(run_report([draft]))
    assert blocks["t0"] == [["x" * TEXT_LIMIT, TEXT_LIMIT + 5]]
    assert blocks["r0"] == [[["y" * RAW_LIMIT, RAW_LIMIT + 7], ""]]


def test_half_a_surrogate_pair_and_every_control_survive() -> None:
    text = "\ud83d\x00\u2028\\ud83d </script> \U0001f600\ude00"
    assert blocks_of(run_report([_DRAFT.but(raw_text=text)]))["r0"] == [[text, ""]]


def test_a_block_is_of_the_alphabet_of_base64_whatever_is_in_it() -> None:
    block = packed(["</script>", "\ud800", {"<": None}])
    assert re.fullmatch("[A-Za-z0-9+/=]+", block)
    assert base64.b64decode(block, validate=True)


def test_what_went_right_lies_apart_from_what_went_wrong() -> None:
    right = _DRAFT.but(
        predicted_temporal=_DRAFT.temporal or (), predicted_spatial=_DRAFT.spatial or ()
    )
    invalid = right.but(outcome=Outcome.INVALID)
    missed = right.but(missed=("too slow",))
    blocks = blocks_of(run_report([right, _DRAFT, invalid, missed]))
    assert [bool(text) for text in blocks["u0"]] == [True, False, False, False]  # type: ignore[attr-defined]  # a list
    assert [bool(text) for text in blocks["t0"]] == [False, True, True, True]  # type: ignore[attr-defined]  # a list


def test_the_index_has_every_number_of_every_sample() -> None:
    drafts = [
        _DRAFT,
        _DRAFT.but(id="b", outcome=Outcome.INVALID),
        _DRAFT.but(id="c", answered=False),
    ]
    index = unpacked("".join(html_report(compared_report(drafts, drafts[:1]))))["index"]
    this, baseline = index["runs"]
    assert [index["outcomes"][code] for code in this["outcome"]] == ["ok", "invalid", "missing"]
    assert [index["outcomes"][code] for code in baseline["outcome"]] == ["ok", "missing", "missing"]
    kinds = {tuple(index["kinds"][kind][:2]): count for kind, count in _pairs(this["errors"][0])}
    assert kinds[("temporal", "missed")] == 1
    assert kinds[("spatial", "place")] == 1
    assert this["f1"][0] == [0.6667, 0.0, None]
    assert this["seconds"] == [0.25, 0.25, None]
    assert this["tokens"] == [48, 48, None]
    assert this["km"][0] == pytest.approx(7700, abs=200)
    assert index["same"] == [1, None, None]
    assert index["flips"] == {"fixed": [0], "broken": [2]}


def _pairs(flat: list[int]) -> list[tuple[int, int]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_metadata_with_few_values_are_parts_to_choose_by() -> None:
    drafts = [
        _DRAFT.but(
            id=str(n), metadata={"language": "de" if n % 3 else "en", "url": f"x{n}", "n": n}
        )
        for n in range(60)
    ]
    drafts.append(_DRAFT.but(id="none", metadata={}))
    parts = blocks_of(run_report(drafts))["index"]["parts"]  # type: ignore[index]  # an object
    assert list(parts) == ["language"]
    assert parts["language"]["values"] == ["en", "de"]
    assert parts["language"]["codes"][:4] == [0, 1, 1, 0]
    assert parts["language"]["codes"][-1] == -1


# ── Shedding ─────────────────────────────────────────────────────────────────────────────────


def _filled(limit: int, packs: int = 6) -> Blocks:
    blocks = Blocks(limit)
    packer = Packer(blocks)
    chance = random.Random(3)
    for _ in range(packs * PACK):
        packer.add({letter: chance.randbytes(8).hex() for letter in ORDER})
    packer.close()
    return blocks


def test_all_is_kept_where_there_is_room() -> None:
    blocks = _filled(10**7)
    assert not blocks.losses()
    assert len(list(blocks.items())) == 6 * len(ORDER)


def test_a_page_leaves_out_one_part_after_the_other_in_the_stated_order() -> None:
    whole = _filled(10**7).size
    before: list[str] = []
    for share in range(99, 1, -7):
        blocks = _filled(whole * share // 100)
        assert blocks.size <= whole * share // 100
        lost = [loss.part.letter for loss in blocks.losses()]
        assert lost == ORDER[: len(lost)]
        assert len(lost) >= len(before)
        # What is not the last to go is gone altogether.
        assert all(loss.since == 1 for loss in blocks.losses()[:-1])
        before = lost
    assert before == ORDER


def test_what_is_left_of_a_part_belongs_to_the_first_samples() -> None:
    whole = _filled(10**7).size
    loss = _filled(whole * 95 // 100).losses()[-1]
    assert 1 < loss.since < 6 * PACK
    assert loss.since % PACK == 1
    samples = 6 * PACK
    assert loss.sentence(samples) == (
        f"the baseline's raw answers, from sample {loss.since} of {samples} on"
    )


@pytest.mark.parametrize("limit", [640_000, 560_000])
def test_a_page_stays_within_its_limit_and_says_what_it_left_out(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(document, "LIMIT_BYTES", limit)
    html = "".join(html_report(large_report(600)))
    assert len(html) < limit
    assert "Left out, to keep this page within 15 MB:</b> the baseline&#39;s raw answers;" in html
    index = unpacked(html)["index"]
    assert len(index["ids"]) == 600
    assert index["lost"]["a"] == 1
