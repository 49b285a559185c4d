"""Builds the demonstration data set `data/input/eval_dataset_100.json`.

In go the texts and the settled annotation of `data/annotations/` and the table of places
`data/input/eval_places.json`, which is joined by a place's name; out comes one JSON array in the
native format. Run after any change to them: `python tools/build_eval_dataset.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the script is run by its path

from tools.annotation_agreement import ANNOTATIONS, Mention, read_annotation  # noqa: E402

DATASET = ROOT / "data" / "input" / "eval_dataset_100.json"
PLACES = ROOT / "data" / "input" / "eval_places.json"


def build(annotations: Path = ANNOTATIONS, places_file: Path = PLACES) -> list[dict[str, Any]]:
    """Return the samples in the native format, in the order of the texts.

    Raises:
        KeyError: where a text is not annotated or a place is not in the table.
    """
    samples = json.loads((annotations / "texts.json").read_text(encoding="utf-8"))
    places = json.loads(places_file.read_text(encoding="utf-8"))["places"]
    texts = {sample["id"]: sample["text"] for sample in samples}
    settled = read_annotation(annotations / "settled.jsonl", texts)
    return [_sample(sample, settled[sample["id"]], places) for sample in samples]


def _sample(
    sample: Mapping[str, Any], mentions: Sequence[Mention], places: Mapping[str, Any]
) -> dict[str, Any]:
    ordered = sorted(mentions, key=lambda mention: (mention.start, -mention.end))
    gold = {
        "temporal": [_temporal(m) for m in ordered if m.dimension == "temporal"],
        "spatial": [_spatial(m, places[str(m.place)]) for m in ordered if m.dimension == "spatial"],
    }
    built = {"id": sample["id"], "text": sample["text"]}
    if sample["reference_date"] is not None:
        built["reference_date"] = sample["reference_date"]
    return {**built, "ground_truth": gold, "metadata": sample["metadata"]}


def _temporal(mention: Mention) -> dict[str, Any]:
    return {**_span(mention), "normalized": mention.value, "temporal_type": mention.type}


def _spatial(mention: Mention, place: Mapping[str, Any]) -> dict[str, Any]:
    coordinates = {key: place[key] for key in ("latitude", "longitude")}
    return {**_span(mention), "location_type": mention.type, **coordinates}


def _span(mention: Mention) -> dict[str, Any]:
    return {"text": mention.text, "start_char": mention.start, "end_char": mention.end}


def rendered(samples: Sequence[Mapping[str, Any]]) -> str:
    """Return the data set as the file holds it."""
    return json.dumps(samples, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the data set."""
    samples = build()
    DATASET.write_text(rendered(samples), encoding="utf-8")
    sys.stdout.write(f"{len(samples)} samples written to {DATASET.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
