"""A report in which a string stands wherever a user, a model or a file can put one."""

from __future__ import annotations

from dataclasses import replace

from stindex.reporting.run_report import RunReport
from stindex.schema import Outcome, Place, SpatialMention, TemporalMention

from .building import Draft, compared_report, difference, failing_gate


def hostile_report(*texts: str) -> RunReport:
    """Put each string into ids, texts, gold, answers, metadata, names, gates and comparison."""
    drafts = [draft for text in texts for draft in hostile_drafts(text)]
    together = " ".join(texts)
    gate = replace(failing_gate(), value=None)
    report = compared_report(drafts, drafts)
    confusions = [{"gold": text, "predicted": text + "2", "count": 1} for text in texts]
    return replace(
        report,
        status="FAILED",
        metrics={
            **report.metrics,
            "temporal": {**report.metrics["temporal"], "confusions": confusions, together: 0.5},
        },
        gates=tuple(replace(gate, metric=text, name=text, reason=text) for text in texts),
        missing=texts,
        notes=texts,
        slices=tuple(
            {"by": text, "value": text, "samples": 1, "metrics": report.metrics} for text in texts
        ),
        comparison={
            "baseline": {"id": together, "model": together},
            "metrics": [difference(text, "worse") for text in texts]
            + [difference("temporal.f1_score", text) for text in texts],
            "fixed": list(texts),
            "broken": list(texts),
            "warnings": list(texts),
        },
        run={
            "id": together,
            **{text: text for text in texts},
            "identity": {"model": together, "dataset": together},
            "settings": {text: {"value": text, "source": "command line"} for text in texts},
            "provenance": {"command": list(texts), **{text: {text: text} for text in texts}},
        },
    )


def hostile_drafts(text: str) -> tuple[Draft, Draft]:
    """Make a valid and an invalid answer that consist of a string."""
    time = TemporalMention(text, text, text, 0, min(1, len(text)))
    place = SpatialMention(text, text, text, 10.0, 20.0, 0, len(text))
    far = Place(text, -10.0, 120.0, text, text)
    draft = Draft(
        id=f"{text}",
        text=text,
        temporal=(time,),
        spatial=(place,),
        predicted_temporal=(replace(time, normalized=text + "2"),),
        predicted_spatial=(
            replace(place, latitude=-10.0, longitude=120.0, place=far),
            SpatialMention(text, text, geocoding=text),
        ),
        reason=text,
        thought=text,
        raw_text=text,
        metadata={"language": text, text: text, "category": text},
        missed=(text,),
    )
    return draft, draft.but(id=f"{text}.", outcome=Outcome.INVALID, raw_text=text + "2")
