"""Geoparsing XML, as LGL, TR-News and GeoVirus have it: articles with toponyms ─▶ native objects.

Places are annotated exhaustively, time is not annotated. LGL and TR-News have GeoNames' classes,
out of which a coarse type is made; GeoVirus has none, and counts positions from 1. Toponyms that
the corpus could not resolve have no coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.datasets.file_trees import content_hash
from stindex.datasets.offsets import Document, fit
from stindex.datasets.problems import Repair
from stindex.datasets.reading import Reading
from stindex.datasets.xml_source import child_text, parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METADATA = ("title", "url", "domain", "source", "dltime")
# GeoNames' feature classes; what is not listed is mountains, water, vegetation: `feature`.
_TYPE_OF_CLASS = {"P": "city", "S": "landmark", "R": "landmark"}
_REGIONS = ("CONT", "RGN", "ADM", "ZN", "TERR", "PRSH")


def geoparsing_reading(path: Path) -> Reading:
    """Read a file of articles.

    Raises:
        UserError: it is missing, cannot be read or is not XML.
    """
    articles = list(parse_xml(path).iter("article"))
    names = _names(articles, path.stem)
    repairs: list[Repair] = []
    documents = [
        _document(article, f"article {number}", name, repairs)
        for number, (article, name) in enumerate(zip(articles, names, strict=True), start=1)
    ]
    fitted, moved = fit(documents)
    entries = tuple(
        (document.where, _entry(article, document, mentions))
        for article, document, mentions in zip(articles, documents, fitted, strict=True)
    )
    return Reading(entries, (*repairs, *moved), content_hash([path], path))


def _document(article: Element, where: str, name: str, repairs: list[Repair]) -> Document:
    mentions = _mentions(article, where, name, repairs)
    return Document(where, name, article.findtext("text") or "", mentions)


def _names(articles: list[Element], stem: str) -> list[str]:
    """Return ids: the corpus's own where it has different ones, else the articles' numbers."""
    own = [(article.get("docid") or article.get("number") or "").strip() for article in articles]
    if all(own) and len(set(own)) == len(own):
        return own
    return [f"{stem}-{number}" for number in range(1, len(articles) + 1)]


def _entry(article: Element, document: Document, mentions: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {name: child_text(article, name) for name in _METADATA}
    entry: dict[str, Any] = {
        "id": document.sample_id,
        "text": document.text,
        "ground_truth": {"spatial": mentions},
        "metadata": {name: value for name, value in metadata.items() if value},
    }
    # Paragraphs of one article share its address.
    if source := metadata["source"]:
        entry["document_id"] = source
    return entry


def _mentions(
    article: Element, where: str, sample_id: str, repairs: list[Repair]
) -> list[dict[str, Any]]:
    mentions = []
    for toponym in _toponyms(article):
        try:
            mentions.append(_mention(toponym))
        except ValueError:
            words = child_text(toponym, "phrase", "name")
            done = f"{words!r} has positions or coordinates that are no numbers and was left out"
            repairs.append(Repair(where, sample_id, done))
    return sorted(mentions, key=lambda mention: (mention["start_char"], mention["end_char"]))


def _toponyms(article: Element) -> Iterator[Element]:
    for tag in ("toponym", "location"):
        yield from article.iter(tag)


def _mention(toponym: Element) -> dict[str, Any]:
    """Return a toponym; its offsets are not held against the text yet.

    Raises:
        ValueError: a number in it is none.
    """
    tag = toponym.find("gaztag")
    place = toponym if tag is None else tag
    mention: dict[str, Any] = {
        "text": _words(toponym),
        "start_char": int(child_text(toponym, "start")),
        "end_char": int(child_text(toponym, "end")),
        "latitude": _degrees(child_text(place, "lat")),
        "longitude": _degrees(child_text(place, "lon", "lng")),
    }
    if (mention["latitude"] is None) != (mention["longitude"] is None):
        raise ValueError("half a point")
    if tag is not None:
        classes = child_text(tag, "fclass"), child_text(tag, "fcode")
        mention["location_type"] = type_of_feature(*classes)
        if number := tag.get("geonameid"):
            mention["geonameid"] = number
    return mention


def _words(toponym: Element) -> str:
    return toponym.findtext("phrase") or toponym.findtext("name") or ""


def _degrees(text: str) -> float | None:
    return float(text) if text else None


def type_of_feature(feature_class: str, code: str) -> str | None:
    """Return one of the location types for GeoNames' feature class and code; None without them."""
    if not feature_class:
        return None
    if code.startswith("PCL"):
        return "country"
    if feature_class == "A" or code.startswith(_REGIONS):
        return "region"
    return _TYPE_OF_CLASS.get(feature_class, "feature")
