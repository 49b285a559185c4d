"""The audit of a page: it accepts what the templates write and refuses everything else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from stindex.reporting.page import document, html_report
from stindex.reporting.page.audit import UnsafePageError, audit, audited

from .building import Draft, compared_report

SCRIPT = document._script()


@pytest.fixture(scope="module")
def sound() -> str:
    return "".join(html_report(compared_report([Draft()], [Draft()])))


def test_the_audit_accepts_the_page_itself_however_it_is_cut(sound: str) -> None:
    audit(sound, SCRIPT)
    for size in (1000, 4097, 100_000):
        pieces = [sound[start : start + size] for start in range(0, len(sound), size)]
        assert "".join(audited(pieces, SCRIPT)) == sound


@pytest.mark.parametrize(
    "planted",
    [
        "<script>1</script>",
        f"<script>{SCRIPT}</script>",
        f"<script>{SCRIPT} </script>",
        '<script type="module">1</script>',
        '<script type="text/javascript">1</script>',
        '<script type="application/x-stindex" src="x"></script>',
        "<style>p{}</style>",
        "<p onclick=x>",
        "<p style=color:red>",
        "<img src=x>",
        '<a href="https://e.example">x</a>',
        '<a href="javascript:x">x</a>',
        "<a href>x</a>",
        "<svg><a xlink:href=https://e.example></a></svg>",
        '<g clip-path="url(http://e.example)"></g>',
        '<input type="image">',
        '<button type="submit">',
        "<link rel=x>",
        "<iframe>",
        "<base target=x>",
        "<meta http-equiv=refresh content=0>",
        '<meta http-equiv="refresh" content="0">',
        '<meta http-equiv="Content-Security-Policy" content="x">',
        "<meta property=x>",
        "<form>",
        '<p id="samples">',
        "<!-- x -->",
        "<?x?>",
        "<![CDATA[x]]>",
        "<svg/onload=x>",
        "<unknown>",
    ],
)
def test_the_audit_refuses_what_no_template_wrote(sound: str, planted: str) -> None:
    with pytest.raises(UnsafePageError):
        audit(sound.replace("<main>", f"<main>{planted}"), SCRIPT)


def test_the_audit_refuses_a_script_that_is_not_the_page_s_own(sound: str) -> None:
    with pytest.raises(UnsafePageError):
        audit(sound.replace("const byId =", "const byID =", 1), SCRIPT)


@pytest.mark.parametrize(
    "damage",
    [
        lambda html: re.sub(r"<meta http-equiv[^>]*>", "", html),
        lambda html: re.sub(r"<style>.*</style>", "", html, flags=re.DOTALL),
        lambda html: html.replace(f"<script>{SCRIPT}</script>", ""),
        lambda html: html[:-3],
    ],
    ids=["policy", "style", "script", "end"],
)
def test_the_audit_misses_what_is_gone(sound: str, damage: Callable[[str], str]) -> None:
    with pytest.raises(UnsafePageError):
        audit(damage(sound), SCRIPT)
