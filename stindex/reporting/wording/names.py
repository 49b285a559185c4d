"""What the reports call outcomes, mistakes and runs, and the glyph beside each word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stindex.reporting.run_report import RunReport
from stindex.reporting.wording.numbers import counted
from stindex.schema import Outcome
from stindex.scoring import COMMON_ERRORS, DIMENSIONS

PASS, FAIL, UNSURE = "✓", "✗", "?"
STATUS_GLYPHS = {"PASSED": PASS, "FAILED": FAIL, "INCOMPLETE": "◐", "RUNNING": "…"}
OUTCOME_GLYPHS = {"ok": PASS, "invalid": FAIL, "truncated": "✂", "error": "!", "missing": "○"}
OUTCOME_WORDS = {
    "ok": "valid answer",
    "invalid": "no valid object in the answer",
    "truncated": "cut off by the token limit",
    "error": "not measured (our side)",
    "missing": "no answer yet",
}
ERROR_WORDS = {
    "missed": "in the gold, not found",
    "spurious": "found, not in the gold",
    "hallucinated": "words that are not in the text",
    "boundary": "found with another extent",
    "type": "found with another type",
    "value": "found with another value",
    "place": "no coordinates, or the wrong ones",
}
# One and several of them, as a list of samples prints them.
MISTAKE_WORDS = {
    ("temporal", "missed"): ("time missed", "times missed"),
    ("temporal", "spurious"): ("time too many", "times too many"),
    ("temporal", "hallucinated"): ("time not in the text", "times not in the text"),
    ("temporal", "boundary"): ("time with another extent", "times with another extent"),
    ("temporal", "type"): ("time of another type", "times of another type"),
    ("temporal", "value"): ("wrong value", "wrong values"),
    ("spatial", "missed"): ("place missed", "places missed"),
    ("spatial", "spurious"): ("place too many", "places too many"),
    ("spatial", "hallucinated"): ("place not in the text", "places not in the text"),
    ("spatial", "boundary"): ("place with another extent", "places with another extent"),
    ("spatial", "type"): ("place of another type", "places of another type"),
    ("spatial", "place"): ("place put wrong", "places put wrong"),
}


def mistake_words(dimension: str, kind: str) -> tuple[str, str] | None:
    """Return the words for one and for several mistakes; None where there is no such mistake."""
    known = MISTAKE_WORDS.get((dimension, kind))
    if known is not None or any(dimension == worded for worded, _ in MISTAKE_WORDS):
        return known
    kinds = (*COMMON_ERRORS, *DIMENSIONS[dimension].own_errors)
    words = f"{dimension}: {ERROR_WORDS[kind]}"
    return (words, words) if kind in kinds else None


def model_name(run: Mapping[str, Any]) -> str:
    """Return the model as the user named it."""
    identity = run.get("identity")
    named = identity.get("model") if isinstance(identity, Mapping) else None
    return str(named or run.get("id") or "run")


def cost_words(run: Mapping[str, Any]) -> str:
    """Return what all answers of a run cost at list price; empty where nobody sends a bill."""
    cost = run.get("cost")
    if not isinstance(cost, Mapping):
        return ""
    tokens = f"{cost['prompt_tokens']:,} + {cost['completion_tokens']:,} tokens"
    if cost["amount"] is None:
        return f"no price of {model_name(run)} in cfg/prices.yaml ({tokens})"
    price = f"{cost['amount']:.4g} {cost['currency']}"
    return f"{price} at list prices of {cost['price_as_of']} ({tokens})"


def dataset_name(run: Mapping[str, Any]) -> str:
    """Return the data set as the user named it; empty where that is not known."""
    identity = run.get("identity")
    return str(identity.get("dataset") or "") if isinstance(identity, Mapping) else ""


def outcome_counts(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the outcomes as the metrics count them."""
    counted = metrics.get("overall", {}).get("outcomes", {})
    return {outcome.value: int(counted.get(outcome.value) or 0) for outcome in Outcome}


def count_words(report: RunReport, name: str) -> str:
    """Return the counts behind a dimension's metrics: `12 gold mentions, 9 predicted, …`."""
    block = report.metrics.get(name, {})
    counts = (
        ("gold", "gold mentions"),
        ("predicted", "predicted"),
        ("relaxed_true_positives", "matched"),
        ("hallucinated", "not in the text"),
    )
    return ", ".join(f"{block.get(key) or 0} {word}" for key, word in counts)


def overruled_sentence(constrained: int, overruled: int, tokens: int) -> str:
    """Say in how many answers the grammar overruled the model; empty for free decoding."""
    if not constrained:
        return ""
    if not overruled:
        return f"The grammar never had to step in, in {counted(constrained, 'answer')}."
    return (
        f"In {overruled} of {counted(constrained, 'answer')} the grammar had to step in, at"
        f" {counted(tokens, 'token')} in all."
    )
