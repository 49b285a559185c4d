"""`--no-text` from the command line to the page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .building import unpacked

ROOT = Path(__file__).parents[2]


def test_the_option_keeps_every_text_out_of_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "eval_tests", "--model", "rules", "--limit", "3"]
    subprocess.run([*command, "--no-text", "--output-dir", tmp_path], cwd=ROOT, check=True)
    (page,) = tmp_path.glob("rules-*/partial/report.html")
    html = page.read_text(encoding="utf-8")
    blocks = str(unpacked(html))
    details = json.loads((page.parent / "detailed_results.json").read_text(encoding="utf-8"))
    samples = json.loads((ROOT / "data/input/eval_dataset_100.json").read_text(encoding="utf-8"))
    assert len(details["samples"]) == 3
    for sample, kept in zip(samples, details["samples"], strict=False):
        assert sample["text"] not in html + blocks
        assert kept["raw_text"] not in html + blocks
        assert kept["id"] in blocks
