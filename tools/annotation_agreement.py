"""How far two annotators of the demonstration data set agree, before anything was settled.

In go `data/annotations/` (the texts and two files of mentions); out come, per dimension, F1 of
equal and of overlapping spans, and over overlapping pairs how often value, type and place are the
same. With `--differences` every difference is listed. Run: `python tools/annotation_agreement.py`.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from stindex.scoring.matching import Keyed, match  # noqa: E402  (the checkout's, not an installed)

ANNOTATIONS = ROOT / "data" / "annotations"
FIGURES = {
    "temporal": ("strict_f1", "relaxed_f1", "value", "type"),
    "spatial": ("strict_f1", "relaxed_f1", "type", "place", "place_name"),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """One line of an annotator's file, with its code points; `value` is None for places."""

    dimension: str
    text: str
    start: int
    end: int
    type: str
    value: str | None
    place: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two mentions that do not agree, or one that the other annotator has not."""

    sample: str
    a: Mention | None
    b: Mention | None


def read_texts(directory: Path = ANNOTATIONS) -> dict[str, str]:
    """Return the text of each sample id."""
    texts = json.loads((directory / "texts.json").read_text(encoding="utf-8"))
    return {sample["id"]: sample["text"] for sample in texts}


def read_annotation(path: Path, texts: Mapping[str, str]) -> dict[str, list[Mention]]:
    """Read one annotator's JSONL file; a mention is given as the n-th occurrence of its words.

    Raises:
        ValueError: where a mention is not in its text that often.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    samples = (json.loads(line) for line in lines if line.strip())
    return {
        sample["id"]: [place_in(texts[sample["id"]], raw) for raw in sample["mentions"]]
        for sample in samples
    }


def place_in(text: str, raw: Mapping[str, object]) -> Mention:
    """Give a mention of an annotator's file its code points."""
    words = _as_in(text, str(raw["text"]))
    start = -1
    for _ in range(int(str(raw["nth"]))):
        start = text.find(words, start + 1)
        if start < 0:
            raise ValueError(f"{words!r} is not {raw['nth']} times in {text[:40]!r}")
    value, place = (raw.get("normalized"), raw.get("place"))
    return Mention(
        "temporal" if raw["dim"] == "t" else "spatial",
        words,
        start,
        start + len(words),
        str(raw["type"]),
        None if value is None else str(value),
        None if place is None else str(place),
    )


def _as_in(text: str, words: str) -> str:
    """Return `words` in the Unicode normal form of the text (one text is decomposed)."""
    return words if words in text else unicodedata.normalize("NFD", words)


def pairs(a: Sequence[Mention], b: Sequence[Mention]) -> list[tuple[Mention, Mention]]:
    """Match two annotators' mentions of one sample and dimension, one to one."""
    return [(a[i], b[j]) for i, j in match([_key(m) for m in a], [_key(m) for m in b])]


def _key(mention: Mention) -> Keyed:
    return Keyed(mention.start, mention.end, mention.text, mention.value or "")


def canonical_place(name: str | None, aliases: Mapping[str, str]) -> str | None:
    """Return the one name of a place that the two annotators may have written differently."""
    return None if name is None else aliases.get(name, name)


def agreement(
    a: Mapping[str, list[Mention]],
    b: Mapping[str, list[Mention]],
    dimension: str,
    aliases: Mapping[str, str],
) -> dict[str, tuple[int, int]]:
    """Return each figure as (agreeing, all); F1 is 2 x matched / (mentions of A + of B)."""
    mine = {key: [m for m in mentions if m.dimension == dimension] for key, mentions in a.items()}
    theirs = {key: [m for m in mentions if m.dimension == dimension] for key, mentions in b.items()}
    matched = [pair for key in mine for pair in pairs(mine[key], theirs[key])]
    total = sum(map(len, mine.values())) + sum(map(len, theirs.values()))
    equal = [x for x, y in matched if (x.start, x.end) == (y.start, y.end)]
    same: dict[str, Callable[[Mention, Mention], bool]] = {
        "value": lambda x, y: x.value == y.value,
        "type": lambda x, y: x.type == y.type,
        "place": lambda x, y: (
            canonical_place(x.place, aliases) == canonical_place(y.place, aliases)
        ),
        "place_name": lambda x, y: x.place == y.place,
    }
    counts = {
        name: (sum(test(x, y) for x, y in matched), len(matched)) for name, test in same.items()
    }
    return {"strict_f1": (2 * len(equal), total), "relaxed_f1": (2 * len(matched), total), **counts}


def differences(
    a: Mapping[str, list[Mention]], b: Mapping[str, list[Mention]], aliases: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield every pair that differs in span, value, type or place, and every lone mention."""
    for sample in a:
        for dimension in ("temporal", "spatial"):
            mine = [m for m in a[sample] if m.dimension == dimension]
            theirs = [m for m in b[sample] if m.dimension == dimension]
            matched = pairs(mine, theirs)
            for x, y in matched:
                if _comparable(x, aliases) != _comparable(y, aliases):
                    yield Difference(sample, x, y)
            used = {id(m) for pair in matched for m in pair}
            yield from (Difference(sample, m, None) for m in mine if id(m) not in used)
            yield from (Difference(sample, None, m) for m in theirs if id(m) not in used)


def _comparable(mention: Mention, aliases: Mapping[str, str]) -> tuple[object, ...]:
    place = canonical_place(mention.place, aliases)
    return (mention.start, mention.end, mention.type, mention.value, place)


def read_aliases(directory: Path = ANNOTATIONS) -> dict[str, str]:
    """Return the spellings that were judged to name the same place: written to canonical."""
    path = directory / "place_aliases.json"
    aliases: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return aliases


def _described(mention: Mention | None) -> str:
    if mention is None:
        return "nothing"
    what = mention.value or mention.place
    return f"[{mention.text}]@{mention.start} {mention.type} {what}"


def main(arguments: Sequence[str]) -> None:
    """Print the figures, and the differences where they are asked for."""
    texts, aliases = read_texts(), read_aliases()
    a = read_annotation(ANNOTATIONS / "annotation_a.jsonl", texts)
    b = read_annotation(ANNOTATIONS / "annotation_b.jsonl", texts)
    for dimension, names in FIGURES.items():
        counts = agreement(a, b, dimension, aliases)
        for name in names:
            agreeing, whole = counts[name]
            line = f"{dimension:9}{name:12}{agreeing / whole:.3f}  {agreeing}/{whole}\n"
            sys.stdout.write(line)
    if "--differences" in arguments:
        for found in differences(a, b, aliases):
            line = f"{found.sample}: A {_described(found.a)} | B {_described(found.b)}\n"
            sys.stdout.write(line)


if __name__ == "__main__":
    main(sys.argv[1:])
