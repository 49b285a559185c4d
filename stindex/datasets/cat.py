"""CAT's XML, as MEANTIME has it: tokens with markables that point at them ─▶ native objects.

Time is annotated exhaustively up to the last sentence that has any markable, and the text is cut
there; places are those mentions that refer to an entity of type LOC, which the corpus does not
annotate exhaustively. Tokens are joined by blanks, sentences by line ends: CAT keeps no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.datasets.problems import Problem, Repair
from stindex.datasets.reading import Reading
from stindex.datasets.timeml import as_reference_date, timex_mention
from stindex.datasets.xml_source import parse_document, reading_of_files

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METADATA = ("doc_name", "doc_id", "lang", "url")


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    sentence: str
    order: int


def cat_reading(path: Path) -> Reading:
    """Read a file of CAT, or all below a directory; the id of a sample is its file's name.

    Raises:
        UserError: it is missing or cannot be read.
    """
    return reading_of_files(path, (".xml",), _document)


def _document(where: str, file: Path, sample_id: str) -> tuple[object, list[Repair]]:
    root = parse_document(file, where, sample_id)
    if isinstance(root, Problem):
        return root, []
    text, tokens = _text(root)
    repairs: list[Repair] = []
    spans = dict(_spans(root, tokens, where, sample_id, repairs))
    created, doubt = _creation_time(root)
    if doubt:
        repairs.append(Repair(where, sample_id, doubt))
    entry: dict[str, Any] = {
        "id": sample_id,
        "text": text[: _annotated_end(tokens, spans.values())],
        "reference_date": created,
        "ground_truth": {
            "temporal": _temporal(root, text, spans),
            "spatial": _spatial(root, text, spans),
        },
        "annotation": {"spatial": "partial"},
        "metadata": {name: root.attrib[name] for name in _METADATA if root.get(name)},
    }
    return entry, repairs


def _text(root: Element) -> tuple[str, dict[str, _Token]]:
    parts: list[str] = []
    tokens: dict[str, _Token] = {}
    length, before = 0, None
    for order, token in enumerate(root.iter("token")):
        words, sentence = token.text or "", token.get("sentence", "")
        gap = "" if before is None else "\n" if sentence != before else " "
        start = length + len(gap)
        length, before = start + len(words), sentence
        parts += [gap, words]
        tokens[token.get("t_id", "")] = _Token(start, length, sentence, order)
    return "".join(parts), tokens


def _spans(
    root: Element,
    tokens: Mapping[str, _Token],
    where: str,
    sample_id: str,
    repairs: list[Repair],
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield id and span of each markable whose tokens follow each other."""
    for markables in root.iter("Markables"):
        for markable in markables:
            name = markable.get("m_id", "")
            anchors = [anchor.get("t_id", "") for anchor in markable.iter("token_anchor")]
            found = sorted((tokens[a] for a in anchors if a in tokens), key=lambda t: t.order)
            if not found:
                continue
            together = found[-1].order - found[0].order + 1 == len({t.order for t in found})
            if len(found) == len(anchors) and together:
                yield name, (found[0].start, found[-1].end)
            elif markable.tag in {"TIMEX3", "ENTITY_MENTION"}:
                done = f"{markable.tag} {name} is in several pieces and was left out"
                repairs.append(Repair(where, sample_id, done))


def _annotated_end(tokens: Mapping[str, _Token], spans: Any) -> int:  # noqa: ANN401 (a view)
    last = max((end for _, end in spans), default=0)
    final = [token.sentence for token in tokens.values() if token.start < last <= token.end]
    if not final:
        return max((token.end for token in tokens.values()), default=0)
    return max(token.end for token in tokens.values() if token.sentence == final[-1])


def _temporal(
    root: Element, text: str, spans: Mapping[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    found = [
        (spans[timex.get("m_id", "")], dict(timex.attrib))
        for timex in root.iter("TIMEX3")
        if timex.get("m_id", "") in spans
    ]
    found.sort(key=lambda timex: (timex[0], str(timex[1])))
    return [timex_mention(attributes, text, *span) for span, attributes in found]


def _spatial(
    root: Element, text: str, spans: Mapping[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    places = {
        entity.get("m_id", "")
        for entity in root.iter("ENTITY")
        if entity.get("ent_type", "").upper().startswith("LOC")
    }
    names = {m.get("m_id", "") for m in root.iter("ENTITY_MENTION") if _is_name(m)}
    mentions = {
        source.get("m_id", "")
        for link in root.iter("REFERS_TO")
        for target in link.iter("target")
        if target.get("m_id", "") in places
        for source in link.iter("source")
    }
    found = sorted({spans[name] for name in mentions & names if name in spans})
    return [{"text": text[s:e], "start_char": s, "end_char": e} for s, e in found]


def _is_name(mention: Element) -> bool:
    """Whether a mention is a proper name (also as a modifier) and not `the country` or `it`."""
    return mention.get("syntactic_type", "").upper() in {"", "NAM", "PRE.NAM", "PRE", "CONJ.NAM"}


def _creation_time(root: Element) -> tuple[str | None, str]:
    for timex in root.iter("TIMEX3"):
        if timex.get("functionInDocument") == "CREATION_TIME":
            return as_reference_date(timex.get("value", ""))
    return None, ""
