"""Draws `docs/images/performance.svg` from the measured figures in `benchmarks/results`.

`python -m tools.performance_picture` reads `decode.json` and `peers.json` and writes one bar for
each way of decoding: samples a second, and how many times the slowest of its group that is. Nothing
in the picture is typed in by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "docs" / "images" / "performance.svg"

OURS = "slots and drafts"
_NAMES = {
    OURS: "stindex",
    "generate": "generate of transformers",
    "fixed batches, file order": "generate, batches in file order",
    "vllm": "vLLM",
    "lm-eval": "lm-evaluation-harness",
}
_WIDTH, _LEFT, _RIGHT = 760, 240, 170  # pixels: the whole, the names, the figures
_ROW, _GAP, _TOP = 24, 38, 18
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2937 }
.group { font-weight: 600 }
.name { text-anchor: end }
.ground { fill: #ffffff }
.bar { fill: #9aa5b1 }
.ours { fill: #1d6fa5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .ground { fill: #0d1117 } .bar { fill: #5b6673 } .ours { fill: #58a6d6 }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One way of decoding; samples a second."""

    name: str
    speed: float


@dataclass(frozen=True, slots=True)
class Group:
    """What was measured side by side."""

    title: str
    bars: tuple[Bar, ...]


def groups(decode: dict[str, Any], peers: dict[str, Any]) -> Iterator[Group]:
    """Yield what is drawn, from the contents of the two files."""
    dtype = decode["machine"]["dtype"]
    for batch, variants in sorted(decode["batches"].items(), key=lambda item: int(item[0])):
        documents = variants[OURS]["samples"]
        bars = (Bar(name, row["samples_per_second"]) for name, row in variants.items())
        yield _group(f"{documents} documents, batch {batch}, {dtype}", bars)
    for dtype in dict.fromkeys(row["dtype"] for row in peers["rows"]):
        rows = (row for row in peers["rows"] if row["dtype"] == dtype)
        bars = (Bar(row["name"], peers["samples"] / row["seconds"]) for row in rows)
        yield _group(
            f"{peers['samples']} documents, batch {peers['batch']}, {dtype}, beside others", bars
        )


def _group(title: str, bars: Iterator[Bar]) -> Group:
    return Group(title, tuple(sorted(bars, key=lambda bar: -bar.speed)))


def drawn(shown: Sequence[Group]) -> str:
    """Return the picture as SVG."""
    fastest = max(bar.speed for group in shown for bar in group.bars)
    lines, y = list[str](), _TOP
    for group in shown:
        lines.append(f'<text class="group" x="12" y="{y + 4}">{escape(group.title)}</text>')
        slowest = min(bar.speed for bar in group.bars)
        for bar in group.bars:
            y += _ROW
            lines += _row(bar, y, fastest, bar.speed / slowest)
        y += _GAP
    title = "Samples a second: " + "; ".join(
        f"{group.title}: {', '.join(f'{_name(b)} {b.speed:.2f}' for b in group.bars)}"
        for group in shown
    )
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y - _GAP + _ROW}" '
            'role="img" aria-labelledby="title">',
            f'<title id="title">{escape(title)}</title>',
            f"<style>{_STYLE}</style>",
            '<rect class="ground" width="100%" height="100%" rx="6"/>',
            *lines,
            "</svg>\n",
        )
    )


def _row(bar: Bar, y: int, fastest: float, times: float) -> Iterator[str]:
    length = (_WIDTH - _LEFT - _RIGHT) * bar.speed / fastest
    kind = "ours" if bar.name == OURS else "bar"
    figures = f"{bar.speed:.2f} samples/s" + (f", {times:.1f} x" if times > 1 else "")
    yield f'<text class="name" x="{_LEFT - 8}" y="{y + 4}">{escape(_name(bar))}</text>'
    yield (
        f'<rect class="{kind}" x="{_LEFT}" y="{y - 8}" width="{length:.1f}" height="16" rx="2"/>'
    )
    yield f'<text x="{_LEFT + length + 8:.1f}" y="{y + 4}">{figures}</text>'


def _name(bar: Bar) -> str:
    return _NAMES.get(bar.name, bar.name)


def picture() -> str:
    """Return the picture of the figures that are kept."""
    decode, peers = (
        json.loads((RESULTS / name).read_text(encoding="utf-8"))
        for name in ("decode.json", "peers.json")
    )
    return drawn(tuple(groups(decode, peers)))


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
