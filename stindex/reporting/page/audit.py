"""The last look at a page before it takes its name: only what the templates use may be in it.

The content security policy of the page stops scripts and requests, but not a `<meta
http-equiv=refresh>` and not a click on a foreign link. So the page is parsed again, and anything
that no template of ours wrote is an error of the program, not a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

_TAGS = frozenset(
    (
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "body",
        "a",
        "header",
        "nav",
        "main",
        "section",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "div",
        "span",
        "b",
        "i",
        "small",
        "sup",
        "bdi",
        "abbr",
        "br",
        "dl",
        "dt",
        "dd",
        "ol",
        "ul",
        "li",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "pre",
        "code",
        "figure",
        "figcaption",
        "svg",
        "g",
        "line",
        "circle",
        "rect",
        "path",
        "text",
        "defs",
        "clippath",
        "button",
        "dialog",
        "label",
        "input",
        "kbd",
    )
)
_ATTRIBUTES = frozenset(
    (
        "class",
        "id",
        "lang",
        "dir",
        "role",
        "title",
        "scope",
        "colspan",
        "tabindex",
        "open",
        "href",
        "charset",
        "name",
        "content",
        "http-equiv",
        "datetime",
        "width",
        "height",
        "viewbox",
        "preserveaspectratio",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "d",
        "rx",
        "text-anchor",
        "stroke-width",
        "clip-path",
        "type",
        "checked",
        "hidden",
        "data-n",
        "data-save",
    )
)
# A script of any type but its default is data, which no browser runs.
_TYPES = {"script": ("application/x-stindex",), "button": ("button",), "input": ("checkbox",)}
_META_NAMES = frozenset(("viewport", "color-scheme", "referrer"))
_SCRIPT = "<script>"
_POLICY = '<meta http-equiv="Content-Security-Policy"'
_DOCTYPE = "<!doctype html>"
_TAG = re.compile(r'</?[a-z][A-Za-z0-9]*(?: [A-Za-z][A-Za-z0-9-]*(?:="[^"<>]*")?)*/?>')
_NO_TAG = re.compile(rf"(?!{_TAG.pattern}|{_DOCTYPE})<[^<]*")
_IDENTIFIER = re.compile(r'<[^<>]* id="([^"]*)"')


class UnsafePageError(Exception):
    """A page holds something that its templates did not write. A bug, never bad input."""


def audited(pieces: Iterable[str], script: str) -> Iterator[str]:
    """Pass a page on piece by piece, parsing it on the way; `script` is the only one allowed.

    Raises:
        UnsafePageError: at the end, if the page held anything it must not hold.
    """
    auditor = _Auditor(script)
    for piece in pieces:
        auditor.feed(piece)
        yield piece
    auditor.close()
    findings = auditor.conclusion()
    if findings:
        raise UnsafePageError(f"the page holds what no template wrote: {'; '.join(findings[:8])}")


def audit(html: str, script: str) -> None:
    """Refuse a page that could run, load or lead to anything.

    Raises:
        UnsafePageError: it has a second style, script or policy, an `on…`, `style` or `src`
            attribute, a link that leaves the page, or any element that the templates do not use.
    """
    for _ in audited([html], script):
        pass


class _Auditor:
    """Looks at the tags of a page. One that comes again is not looked at again.

    The templates and their escaping write tags in one narrow form only, so that anything else
    behind a `<` (a comment, a bare quote, a declaration) is refused before anybody parses it.
    """

    def __init__(self, script: str) -> None:
        self.findings: list[str] = []
        self._script = f"<script>{script}</script>"
        self.styles = 0
        self.scripts = 0
        self.policies = 0
        self.identifiers: list[str] = []
        self._known: set[str] = set()
        self._rest = ""

    def feed(self, piece: str) -> None:
        """Look at a piece; a tag that it cuts off waits for the next."""
        text = self._without_script(self._rest + piece)
        if _SCRIPT in text:  # its end has not come yet
            self._rest = text
            return
        cut = text.rfind("<")
        is_open = cut >= 0 and ">" not in text[cut:]
        text, self._rest = (text[:cut], text[cut:]) if is_open else (text, "")
        tags = _TAG.findall(text)
        if len(tags) + text.count(_DOCTYPE) != text.count("<"):
            self.findings.append(f"{next(iter(_NO_TAG.findall(text)), '?')[:30]!r}")
        self.styles += tags.count("<style>")
        self.policies += sum(tag.startswith(_POLICY) for tag in tags)
        self.identifiers += _IDENTIFIER.findall(text)
        for tag in set(tags) - self._known:
            self._known.add(tag)
            self._look_at(tag)

    def _without_script(self, text: str) -> str:
        """Return the text without the page's own script, which is known to the letter."""
        if self._script in text:
            self.scripts += 1
            return text.replace(self._script, "", 1)
        start = text.find(_SCRIPT)
        # Another script is no reason to wait: it is looked at, and refused, as a tag.
        if start >= 0 and not self._script.startswith(text[start:]):
            self.scripts += 1
            return text.replace(_SCRIPT, "", 1)
        return text

    def close(self) -> None:
        """End the page."""
        if self._rest:
            self.findings.append(f"unfinished {self._rest[:20]!r}")

    def _look_at(self, tag: str) -> None:
        parser = _Tag()
        parser.feed(tag)
        if parser.name not in _TAGS:
            self.findings.append(tag[:40])
        for name, value in parser.attributes:
            self._attribute(parser.name, name, value or "")
        if parser.name == "meta":
            self._meta(dict(parser.attributes))

    def conclusion(self) -> list[str]:
        """Return everything that was wrong with the whole page."""
        found = list(self.findings)
        if self.styles != 1:
            found.append(f"{self.styles} styles")
        if self.scripts != 1:
            found.append(f"{self.scripts} scripts")
        if self.policies != 1:
            found.append(f"{self.policies} policies")
        if len(set(self.identifiers)) != len(self.identifiers):
            found.append("an id twice")
        return found

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in _ATTRIBUTES and not name.startswith("aria-"):
            self.findings.append(f"<{tag} {name}>")
        if name == "href" and not value.startswith("#"):
            self.findings.append(f"<{tag} href={value[:30]!r}>")
        if name == "clip-path" and value != "url(#globe)":
            self.findings.append(f"<{tag} clip-path>")
        if name == "type" and value not in _TYPES.get(tag, ()):
            self.findings.append(f"<{tag} type={value[:30]!r}>")

    def _meta(self, attributes: dict[str, str | None]) -> None:
        equivalent = attributes.get("http-equiv")
        if equivalent is not None:
            if equivalent != "Content-Security-Policy":
                self.findings.append(f"<meta http-equiv={equivalent[:30]!r}>")
        elif "charset" not in attributes and attributes.get("name") not in _META_NAMES:
            self.findings.append("<meta>")


class _Tag(HTMLParser):
    """Reads one tag as a browser would."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.name = ""
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what was read."""
        self.name, self.attributes = tag, attrs

    def handle_endtag(self, tag: str) -> None:
        """Keep what was read."""
        self.name = tag
