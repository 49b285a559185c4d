"""Text of unknown origin ─▶ text in which nothing hides.

Control characters, bidirectional overrides, invisible characters and lone surrogates become a
visible `U+202E`, as a box in HTML and in brackets elsewhere. What scripts and emoji need (joiners,
variation selectors) stays.
"""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

from markupsafe import Markup, escape

_HIDDEN = re.compile(
    "\r(?!\n)|["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls but tab, line feed and carriage return
    "\xad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, zero width space
    "\u2028-\u202e\u2060-\u206f"  # separators, embeddings, overrides, isolates, invisible
    "\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"  # byte order mark, lone surrogates
    "\U000e0000-\U000e007f"  # tags, which spell text that nobody sees
    "]"
)


def visible_text(text: str) -> str:
    """Return the text with hidden characters spelled out in brackets."""
    return _HIDDEN.sub(lambda found: f"[{_code_point(found[0])}]", text)


def visible_markup(text: str) -> Markup:
    """Return the text escaped for HTML, with hidden characters as boxes."""
    escaped = str(escape(text))
    if not _HIDDEN.search(escaped):
        return Markup(escaped)  # noqa: S704 - escaped above
    boxed = _HIDDEN.sub(lambda found: f'<i class="ctl">{_code_point(found[0])}</i>', escaped)
    return Markup(boxed)  # noqa: S704 - escaped above; a code point is letters and digits


def one_line(text: str) -> str:
    """Return visible text on one line, each run of white space a single space."""
    return visible_text(" ".join(text.split()))


def shortened(text: str, limit: int) -> str:
    """Return at most `limit` code points; an ellipsis says that something was cut off."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def display_width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def fitted(text: str, width: int) -> str:
    """Return the text cut and padded to exactly `width` columns of a terminal."""
    if display_width(text) > width:
        room = width - 1
        kept = ""
        for character in text:
            room -= _columns(character)
            if room < 0:
                break
            kept += character
        text = kept + "…"
    return text + " " * (width - display_width(text))


def _columns(character: str) -> int:
    if combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
