"""A small run with an answer of every outcome, written by the real writers of its files."""

from __future__ import annotations

import json
from pathlib import Path

from stindex.evaluation import Evaluator
from stindex.gates import coverage
from stindex.geocoding.none import NoGeocoder
from stindex.reporting import RunReport, SampleReport, write_reports
from stindex.runs.journal import JournalWriter
from stindex.runs.record import Record, SetAside
from stindex.schema import (
    Extraction,
    Generation,
    GoldLayer,
    Place,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import aggregate

ANSWER = (
    '{"temporal_mentions": [{"text": "May 2011", "normalized": "2011-05", "temporal_type": "DATE"},'
    ' {"text": "never", "normalized": "", "temporal_type": "SET"}], "spatial_mentions":'
    ' [{"text": "Lyon", "location_type": "city", "parent_region": "France"}]}'
)
GENERATIONS = {
    "good": Generation(ANSWER, "stop", 10, 20, 1.5),
    "bad": Generation("no object\ud83d", "stop", 11, 21, 2.5, 4, 0, 3),
    "cut": Generation('{"temporal_mentions": [', "length", 11, 21, 2.5),
    "failed": Generation("", "error", error="out of memory"),
}
RUN = {
    "schema_version": 1,
    "id": "one-run",
    "status": "INCOMPLETE",
    "identity": {"model": "m"},
    "settings": {},
}


def samples() -> list[Sample]:
    """Return a sample for each generation and one that has no answer."""
    text = "It rained in May 2011, and in July, in Lyon."
    temporal = (
        TemporalMention("May 2011", "2011-05", "DATE", 13, 21),
        TemporalMention("July", "2011-07", "DATE", 30, 34),
    )
    place = Place("Lyon", 45.76, 4.84, "city")
    spatial = (SpatialMention("Lyon", "city", None, 45.76, 4.84, 39, 43, place),)
    gold = {"temporal": GoldLayer(temporal), "spatial": GoldLayer(spatial, exhaustive=False)}
    return [Sample(name, text, gold, "2012-01-01", "doc") for name in (*GENERATIONS, "waiting")]


def write_example(directory: Path) -> Path:
    """Write the run's files and its journal into a directory."""
    directory.mkdir(parents=True)
    evaluator = Evaluator(NoGeocoder(), Extraction, constrained=False)
    records = {
        name: Record(f"{number:064x}", name, generation, written_at="2024-05-06T10:00:00.000+00:00")
        for number, (name, generation) in enumerate(GENERATIONS.items())
    }
    reports = [
        SampleReport(s, evaluator.evaluate(s, records[s.id]), ("too low",))
        if s.id in records
        else SampleReport(s, None)
        for s in samples()
    ]
    metrics = aggregate(r.evaluation.score for r in reports if r.evaluation)
    missing = ("failed", "waiting")
    report = RunReport(
        RUN,
        "INCOMPLETE",
        False,
        metrics,
        {"floor": None, "ceiling": None},
        (coverage(5, missing),),
        reports,
        missing,
    )
    (directory / "run.json").write_text(json.dumps(RUN))
    write_reports(report, directory)
    writer = JournalWriter(directory)
    writer.append(*records.values(), SetAside(f"{0:064x}", "good", 1))
    writer.close()
    return directory
