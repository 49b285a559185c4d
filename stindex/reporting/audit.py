"""The last look at a page before it takes its name: only what the templates use may be in it.

The content security policy of the page stops scripts and requests, but not a `<meta
http-equiv=refresh>` and not a click on a foreign link. So the page is parsed again, and anything
that no template of ours wrote is an error of the program, not a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

_TAGS = frozenset(
    (
        "html",
        "head",
        "meta",
        "title",
        "style",
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
    )
)
_META_NAMES = frozenset(("viewport", "color-scheme", "referrer"))
_POLICY = "content-security-policy"


class UnsafePageError(Exception):
    """A page holds something that its templates did not write. A bug, never bad input."""


def audited(pieces: Iterable[str]) -> Iterator[str]:
    """Pass a page on piece by piece, parsing it on the way.

    Raises:
        UnsafePageError: at the end, if the page held anything it must not hold.
    """
    auditor = _Auditor()
    for piece in pieces:
        auditor.feed(piece)
        yield piece
    auditor.close()
    findings = auditor.conclusion()
    if findings:
        raise UnsafePageError(f"the page holds what no template wrote: {'; '.join(findings[:8])}")


def audit(html: str) -> None:
    """Refuse a page that could run, load or lead to anything.

    Raises:
        UnsafePageError: it has a second style or policy, a script, an `on…`, `style` or `src`
            attribute, a link that leaves the page, or any element that the templates do not use.
    """
    for _ in audited([html]):
        pass


class _Auditor(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.findings: list[str] = []
        self.styles = 0
        self.policies = 0
        self.identifiers: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        self.styles += tag == "style"
        if tag not in _TAGS:
            self.findings.append(f"<{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag == "meta":
            self._meta(dict(attrs))

    def handle_comment(self, data: str) -> None:
        """Refuse comments: no template has one, and browsers disagree on where they end."""
        self.findings.append(f"comment {data[:20]!r}")

    def handle_pi(self, data: str) -> None:
        """Refuse processing instructions, which browsers read as comments."""
        self.findings.append(f"instruction {data[:20]!r}")

    def unknown_decl(self, data: str) -> None:
        """Refuse CDATA sections."""
        self.findings.append(f"declaration {data[:20]!r}")

    def conclusion(self) -> list[str]:
        """Return everything that was wrong with the whole page."""
        found = list(self.findings)
        if self.styles != 1:
            found.append(f"{self.styles} styles")
        if self.policies != 1:
            found.append(f"{self.policies} policies")
        return found

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in _ATTRIBUTES and not name.startswith("aria-"):
            self.findings.append(f"<{tag} {name}>")
        if name == "href" and not value.startswith("#"):
            self.findings.append(f"<{tag} href={value[:30]!r}>")
        if name == "id":
            if value in self.identifiers:
                self.findings.append(f"id {value[:30]!r} twice")
            self.identifiers.add(value)

    def _meta(self, attributes: dict[str, str | None]) -> None:
        equivalent = attributes.get("http-equiv")
        if equivalent is not None:
            is_policy = equivalent.lower() == _POLICY
            self.policies += is_policy
            if not is_policy:
                self.findings.append(f"<meta http-equiv={equivalent[:30]!r}>")
        elif "charset" not in attributes and attributes.get("name") not in _META_NAMES:
            self.findings.append("<meta>")
