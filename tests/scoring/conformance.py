"""What the field's own scorers print for a case, beside what this project makes of it.

For each scorer there is what it printed, and a function that gives our numbers under any of its
conventions: with none of them they are as `docs/metrics.md` defines, with all of them they have
to be the scorer's. `python -m tests.scoring.conformance` writes the tables of
`docs/conformance.md`.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from geopy.distance import great_circle  # type: ignore[import-untyped]

from stindex.schema import (
    GoldLayer,
    Outcome,
    Prediction,
    Sample,
    SpatialMention,
    TemporalMention,
)
from stindex.scoring import JudgedPair, aggregate, score_sample, spatial
from stindex.scoring.dimension import Measure, Totals
from stindex.scoring.matching import Keyed, assign, match
from stindex.scoring.rates import MAX_ERROR_KM, error_curve_auc, mean, median, ratio
from stindex.temporal import Kind, parse, same_meaning

OWN = Path(__file__).parent / "fixtures"
VALUES = Path(__file__).parents[1] / "temporal" / "iso_values.json"
PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
OTHERS = os.environ.get("STINDEX_FIXTURES", "")

Case = dict[str, Any]
Number = float | None
Numbers = dict[str, Number]
Conventions = frozenset[str]

EQUAL_TEXTS = "equal texts"
EMPTY = "an empty side is a number"
GREEDY = "greedy order"
OF_ITS_OWN = "a matching a scheme"
COVERED = "1 % of the gold"
LOCATED = "only located"
MIDDLES = "mid-points"
SPHERE = "a sphere"
ONE_ERROR = "AUC of one error"
NEARER = "e < 160"
BELOW = "e < 25"
UNSORTED = "curve in the order of the input"

MEANING = {
    EQUAL_TEXTS: "a match is strict if the two texts are equal, wherever the spans begin",
    EMPTY: "precision, recall and F1 are 0 (or 100 %) where a denominator is 0",
    OF_ITS_OWN: "each scheme matches for itself, first what it counts as correct (`ent_type`: the "
    "nearest gold with the label of the prediction)",
    COVERED: "an overlap of less than 1 % of the gold mention is none",
    GREEDY: "predictions take the first gold that they overlap, in the order they are given",
    LOCATED: "toponyms without coordinates are dropped on both sides before matching",
    MIDDLES: "a match has mid-points under 10 characters apart and the same text but for case",
    SPHERE: "distances on a sphere of 6371 km (up to 0.5 % off), not on WGS-84",
    ONE_ERROR: "the area under the curve of a single error is 0 or not a number",
    NEARER: "Acc@161km compares ln(e + 1) < ln(161), which is e < 160",
    BELOW: "Acc@25km leaves out an error of exactly 25 km",
    UNSORTED: "the area is taken under the errors in the order of the input, not sorted",
}
REASON = {
    EQUAL_TEXTS: "the same words at other offsets are another span",
    EMPTY: "nothing was measured; 0 and 1 would both be claims",
    OF_ITS_OWN: "one matching for all metrics: what was found does not depend on how it is judged",
    COVERED: "overlapping spans need no threshold",
    GREEDY: "a score must not depend on the order of the predictions",
    LOCATED: "leaving out what could not be resolved rewards not resolving it",
    MIDDLES: "overlapping spans are the same for every dimension, and need no threshold",
    SPHERE: "the Earth is no sphere",
    ONE_ERROR: "the curve is a point: its height is taken",
    NEARER: "100 miles are 161 km, and the limit is within",
    BELOW: "the limit is within, as at 161 km",
    UNSORTED: "as published, the curve is one of sorted errors",
}


@dataclass(frozen=True, slots=True)
class Scorer:
    """A program whose output is at hand.

    Attributes:
        files: the file of its cases, and how the names of cases with third-party text begin.
        printed: a case to what the program printed; None is not a number.
        numbers: a case and a set of conventions to our numbers under the same keys.
    """

    title: str
    file: str
    third_party: str
    conventions: tuple[str, ...]
    printed: Callable[[Case], Numbers]
    numbers: Callable[[Case, Conventions], Numbers]


class Compared(NamedTuple):
    """One number: the scorer's, ours under its conventions, ours, and which of them matter."""

    key: str
    printed: Number
    under: Number
    ours: Number
    conventions: tuple[str, ...]


def compare(scorer: Scorer, case: Case) -> list[Compared]:
    """Hold each number of a case against ours, and find the conventions that make a difference."""
    every = frozenset(scorer.conventions)
    under, ours = scorer.numbers(case, every), scorer.numbers(case, frozenset())
    without = {name: scorer.numbers(case, every - {name}) for name in scorer.conventions}
    return [
        Compared(
            key,
            printed,
            under[key],
            ours[key],
            tuple(c for c in without if not same(without[c][key], under[key])),
        )
        for key, printed in scorer.printed(case).items()
    ]


def same(one: Number, other: Number) -> bool:
    """Whether two numbers are equal to the digits that scorers print."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-11)


def read_cases(scorer: Scorer, *, third_party: bool) -> list[Case]:
    """Return a scorer's cases: the project's own, or those with third-party text, if at hand."""
    if not third_party:
        return _read(OWN / f"{scorer.file}.json", scorer.file)
    if not OTHERS or not scorer.third_party:
        return []
    found = _read(Path(OTHERS) / f"{scorer.file}.json", scorer.file)
    return [case for case in found if case["name"].startswith(scorer.third_party)]


def _read(path: Path, file: str) -> list[Case]:
    if file == "iso_values":
        return list(_value_cases(json.loads(VALUES.read_text(encoding="utf-8"))))
    content = json.loads(path.read_text(encoding="utf-8"))
    if file == "distance":
        return [{"name": f"{pair['a']} {pair['b']}", **pair} for pair in content["pairs"]]
    cases: list[Case] = content["cases"]
    return cases


# ── TempEval-3 ───────────────────────────────────────────────────────────────────────────────


def tempeval3_printed(case: Case) -> Numbers:
    expected = case["expected"]
    return {
        "strict.matched": expected["strict_matched_gold"],
        "relaxed.matched": expected["relaxed_matched_gold"],
        "gold": expected["gold"],
        "predicted": expected["system"],
        "strict.precision": expected["strict"]["precision"],
        "strict.recall": expected["strict"]["recall"],
        "strict.f1 %": expected["strict"]["f1_percent"],
        "relaxed.precision": expected["relaxed"]["precision"],
        "relaxed.recall": expected["relaxed"]["recall"],
        "relaxed.f1 %": expected["relaxed"]["f1_percent"],
        "type f1 %": expected["type_f1_percent"],
        "value f1 %": expected["value_f1_percent"],
    }


def tempeval3_numbers(case: Case, conventions: Conventions) -> Numbers:
    scored, equal_texts = [], 0
    for document in case["documents"]:
        gold, system = (tuple(map(_timex, document[side])) for side in ("gold", "system"))
        sample = Sample(document["id"], document["text"], {"temporal": GoldLayer(gold)})
        score = score_sample(sample, Prediction({"temporal": system}), Outcome.OK)
        scored.append(score)
        equal_texts += sum(
            gold[pair.gold].text == system[pair.predicted].text
            for pair in score.dimensions["temporal"].pairs
        )
    metrics = aggregate(scored)["temporal"]
    strict = equal_texts if EQUAL_TEXTS in conventions else metrics["true_positives"]
    counts = {"gold": metrics["gold"], "predicted": metrics["predicted"], "strict": strict}
    totals = Totals(counts, {}, True)
    return {
        "strict.matched": strict,
        "relaxed.matched": metrics["relaxed_true_positives"],
        "gold": metrics["gold"],
        "predicted": metrics["predicted"],
        "strict.precision": _digits(totals.precision("strict").value, conventions),
        "strict.recall": _digits(totals.recall("strict").value, conventions),
        "strict.f1 %": _percent(totals.f1("strict").value, conventions),
        "relaxed.precision": _digits(metrics["relaxed_precision"], conventions),
        "relaxed.recall": _digits(metrics["relaxed_recall"], conventions),
        "relaxed.f1 %": _percent(metrics["relaxed_f1_score"], conventions),
        "type f1 %": _percent(metrics["type_f1"], conventions),
        "value f1 %": _percent(metrics["value_f1"], conventions),
    }


def _timex(mention: Case) -> TemporalMention:
    return TemporalMention(
        mention["text"], mention["value"], mention["type"], mention["start"], mention["end"]
    )


def _digits(value: Number, conventions: Conventions) -> Number:
    """Return what the toolkit prints of a rate: 12 digits."""
    shown = 0.0 if value is None and EMPTY in conventions else value
    return None if shown is None else float(f"{shown:.12g}")


def _percent(value: Number, conventions: Conventions) -> Number:
    shown = 1.0 if value is None and EMPTY in conventions else value
    return None if shown is None else round(shown * 100, 2)


# ── SemEval-2013 task 9.1 ────────────────────────────────────────────────────────────────────

_RATES = ("precision", "recall", "f1")
_VIEWS = ("strict", "exact", "partial", "ent_type")
_COUNTS = ("correct", "incorrect", "partial", "missed", "spurious", "actual", "possible")


def nervaluate_printed(case: Case) -> Numbers:
    blocks = {"all": case["expected"]["overall"], **case["expected"]["entities"]}
    printed: Numbers = {
        f"{label}.{view}.{key}": block[view][key]
        for label, block in blocks.items()
        for view in block
        for key in (*_RATES, *_COUNTS)
    }
    if case["expected"].get("seqeval_strict_micro"):
        micro = case["expected"]["seqeval_strict_micro"]["0"]
        printed |= {f"seqeval micro.{key}": micro[key] for key in _RATES}
        macro = case["expected"]["seqeval_strict_macro"]["f1"]  # null: not a number
        printed["seqeval macro.f1"] = macro
    return printed


def nervaluate_numbers(case: Case, conventions: Conventions) -> Numbers:
    labels = sorted({e["label"] for side in ("gold", "system") for doc in case[side] for e in doc})
    blocks = {"all": _semeval(case, None, conventions)}
    blocks |= {label: _semeval(case, label, conventions) for label in labels}
    numbers = {
        f"{label}.{view_key}": value
        for label, block in blocks.items()
        for view_key, value in block.items()
    }
    # seqeval compares sets of spans with labels: it has one convention only.
    strict = _semeval(case, None, conventions & {EMPTY})
    numbers |= {f"seqeval micro.{key}": strict[f"strict.{key}"] for key in _RATES}
    of_labels = [_semeval(case, label, frozenset()) for label in labels]
    numbers["seqeval macro.f1"] = mean([block["strict.f1"] or 0.0 for block in of_labels])
    return numbers


def _semeval(case: Case, label: str | None, conventions: Conventions) -> Numbers:
    """Return the four views over all mentions, or over those with one label only."""
    totals: dict[str, Counter[str]] = {view: Counter() for view in _VIEWS}
    for gold, system in zip(case["gold"], case["system"], strict=True):
        sides = [
            tuple(_labelled(e) for e in side if label in (None, e["label"]))
            for side in (gold, system)
        ]
        for view, total in totals.items():
            total.update(_semeval_counts(sides[0], sides[1], view, conventions))
    return {
        f"{view}.{key}": value
        for view, total in totals.items()
        for key, value in _view(total, view, conventions).items()
    }


def _semeval_counts(
    golds: Sequence[TemporalMention],
    predictions: Sequence[TemporalMention],
    view: str,
    conventions: Conventions,
) -> Mapping[str, int]:
    if not conventions & {GREEDY, OF_ITS_OWN, COVERED}:
        layers = {"temporal": GoldLayer(tuple(golds))}
        prediction = Prediction({"temporal": tuple(predictions)})
        score = score_sample(Sample("", "x" * 60, layers), prediction, Outcome.OK)
        return score.dimensions["temporal"].counts
    matched = _greedy if GREEDY in conventions else _order_free
    met = _met(golds, predictions, COVERED in conventions)
    liked = _liked(golds, predictions, view if OF_ITS_OWN in conventions else "exact")
    pairs = [(golds[g], predictions[p]) for g, p in matched(met, liked)]
    equal = [_span(g) == _span(p) for g, p in pairs]
    typed = [g.temporal_type == p.temporal_type for g, p in pairs]
    return {
        "gold": len(golds),
        "predicted": len(predictions),
        "relaxed_true_positives": len(pairs),
        "true_positives": sum(equal),
        "type_equal": sum(typed),
        "strict_type_equal": sum(e and t for e, t in zip(equal, typed, strict=True)),
    }


Edges = dict[tuple[int, int], int]


def _met(
    golds: Sequence[TemporalMention], predictions: Sequence[TemporalMention], covered: bool
) -> Edges:
    """Return gold and prediction that overlap, and in how many characters."""
    found: Edges = {}
    for g, (start, end) in enumerate(map(_span, golds)):
        for p, (first, last) in enumerate(map(_span, predictions)):
            overlap = min(end, last) - max(start, first)
            if overlap > 0 and (not covered or 100 * overlap >= end - start):
                found[g, p] = overlap
    return found


def _liked(
    golds: Sequence[TemporalMention], predictions: Sequence[TemporalMention], view: str
) -> Edges:
    """Return the pairs that a view counts as correct, and how far apart their boundaries are."""
    found: Edges = {}
    for g, gold in enumerate(golds):
        for p, prediction in enumerate(predictions):
            apart = sum(abs(a - b) for a, b in zip(_span(gold), _span(prediction), strict=True))
            same_label = gold.temporal_type == prediction.temporal_type
            if same_label if view == "ent_type" else not apart and (same_label or view != "strict"):
                found[g, p] = apart
    return found


def _greedy(met: Edges, liked: Edges) -> Iterator[tuple[int, int]]:
    """Give each prediction in turn the nearest gold that is liked, or the first that it meets."""
    free = {g for g, _ in met}
    for p in sorted({p for _, p in met}):
        open_to = [g for g in sorted(free) if (g, p) in met]
        if open_to:
            g = min(open_to, key=lambda g: ((g, p) not in liked, liked.get((g, p), 0), g))
            free.remove(g)
            yield g, p


def _order_free(met: Edges, liked: Edges) -> Sequence[tuple[int, int]]:
    """Match what is liked, as much as possible and the nearest; then the rest by its overlap."""
    farthest = max(liked.values(), default=0)
    first = assign({pair: farthest - liked[pair] for pair in met if pair in liked})
    golds, predictions = {g for g, _ in first}, {p for _, p in first}
    rest = {(g, p): n for (g, p), n in met.items() if g not in golds and p not in predictions}
    return [*first, *assign(rest)]


def _view(totals: Mapping[str, int], view: str, conventions: Conventions) -> Numbers:
    matched = totals["relaxed_true_positives"]
    correct = totals[
        {
            "strict": "strict_type_equal",
            "exact": "true_positives",
            "partial": "true_positives",
            "ent_type": "type_equal",
        }[view]
    ]
    partial = matched - correct if view == "partial" else 0
    points, gold, predicted = correct + partial / 2, totals["gold"], totals["predicted"]
    rates = {
        "precision": ratio(points, predicted),
        "recall": ratio(points, gold),
        "f1": ratio(2 * points, gold + predicted),
    }
    if EMPTY in conventions:
        rates = {key: value or 0.0 for key, value in rates.items()}
    return {
        **rates,
        "correct": correct,
        "incorrect": 0 if view == "partial" else matched - correct,
        "partial": partial,
        "missed": gold - matched,
        "spurious": predicted - matched,
        "actual": predicted,
        "possible": gold,
    }


def _labelled(entity: Case) -> TemporalMention:
    start, end = entity["start"], entity["end"] + 1  # inclusive in nervaluate
    return TemporalMention("x" * (end - start), "", entity["label"], start, end)


def _span(mention: TemporalMention | SpatialMention) -> tuple[int, int]:
    return mention.start_char or 0, mention.end_char or 0


# ── EUPEG ────────────────────────────────────────────────────────────────────────────────────

_EUPEG_RADIUS_KM = 6371.0
_PLACES = ("mean", "median", "accuracy_161", "AUC")


def eupeg_printed(case: Case) -> Numbers:
    expected = case["expected"]
    return {k: expected[k] for k in ("tp", "fp", "fn", "precision", "recall", "f_score", *_PLACES)}


def eupeg_numbers(case: Case, conventions: Conventions) -> Numbers:
    counts: Counter[str] = Counter()
    errors: list[float] = []
    for document in case["documents"]:
        gold, system = (_toponyms(document[side], conventions) for side in ("gold", "system"))
        pairs = (_middles if MIDDLES in conventions else _overlaps)(gold, system)
        counts += Counter(gold=len(gold), predicted=len(system), correct=len(pairs))
        located = [(gold[g], system[s]) for g, s in pairs if gold[g].latitude is not None]
        counts["located"] += len(located)
        errors += [_distance(a, b, conventions) for a, b in located if b.latitude is not None]
    totals = Totals(counts, {}, True)
    unresolved = [MAX_ERROR_KM] * (counts["located"] - len(errors))
    near = sum(error <= spatial.FAR_KM for error in errors)
    auc = error_curve_auc([*errors, *unresolved])
    if ONE_ERROR in conventions and counts["located"] <= 1:
        auc = 0.0
    numbers: Numbers = {
        "tp": counts["correct"],
        "fp": counts["predicted"] - counts["correct"],
        "fn": counts["gold"] - counts["correct"],
        "precision": totals.precision("correct").value,
        "recall": totals.recall("correct").value,
        "f_score": totals.f1("correct").value,
        "mean": mean(errors),
        "median": median(errors),
        "accuracy_161": ratio(near, counts["located"]),
        "AUC": auc,
    }
    if EMPTY in conventions:  # of precision and recall EUPEG prints NaN
        numbers |= {key: numbers[key] or 0.0 for key in ("f_score", *_PLACES[:-1])}
    return numbers


def _toponyms(toponyms: Iterable[Case], conventions: Conventions) -> list[SpatialMention]:
    return [
        SpatialMention(
            t["text"],
            latitude=t["lat"],
            longitude=t["lon"],
            start_char=t["start"],
            end_char=t["end"],
        )
        for t in toponyms
        if t["lat"] is not None or LOCATED not in conventions
    ]


def _overlaps(
    gold: Sequence[SpatialMention], system: Sequence[SpatialMention]
) -> Sequence[tuple[int, int]]:
    dimension = spatial.SpatialDimension()
    keys = [
        [Keyed(*_span(m), m.text, dimension.value_of(m)) for m in side] for side in (gold, system)
    ]
    return match(*keys)


def _middles(
    gold: Sequence[SpatialMention], system: Sequence[SpatialMention]
) -> Sequence[tuple[int, int]]:
    edges = {
        (g, s): 0
        for g, a in enumerate(gold)
        for s, b in enumerate(system)
        if a.text.casefold() == b.text.casefold() and abs(sum(_span(a)) - sum(_span(b))) < 20
    }
    return assign(edges)


def _distance(a: SpatialMention, b: SpatialMention, conventions: Conventions) -> float:
    points = [(m.latitude or 0.0, m.longitude or 0.0) for m in (a, b)]
    return haversine_km(*points) if SPHERE in conventions else spatial.geodesic_km(*points)


def haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance on EUPEG's sphere."""
    (lat_a, lon_a), (lat_b, lon_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * _EUPEG_RADIUS_KM * math.atan2(math.sqrt(half), math.sqrt(1 - half))


# ── Distances ────────────────────────────────────────────────────────────────────────────────


def curve_printed(case: Case) -> Numbers:
    camcoder, geoparser = case["camcoder_print_stats"], case["geoparser_evaluate"]
    return {
        **{f"CamCoder {key}": value for key, value in camcoder.items()},
        **{f"geoparser {key}": value for key, value in geoparser.items()},
        "accuracy_25 <": case["accuracy_25_lt"],
        "accuracy_25 <=": case["accuracy_25_le"],
    }


def curve_numbers(case: Case, conventions: Conventions) -> Numbers:
    errors = case["errors_km"]
    ours = _metrics_of_errors(errors)
    auc = None if ONE_ERROR in conventions and len(errors) == 1 else ours["auc"]
    unsorted = auc
    if UNSORTED in conventions and len(errors) > 1:
        heights = [math.log(error + 1) for error in errors]
        area = sum(heights) - (heights[0] + heights[-1]) / 2
        unsorted = area / (math.log(MAX_ERROR_KM) * (len(errors) - 1))
    far, near = ours["accuracy_at_161km"], ours["accuracy_at_25km"]
    return {
        "CamCoder median_km": ours["median_distance_error_km"],
        "CamCoder mean_km": ours["mean_distance_error_km"],
        "CamCoder accuracy_161": _below(errors, 160) if NEARER in conventions else far,
        "CamCoder auc_input_order": unsorted,
        "CamCoder auc_sorted": auc,
        "geoparser accuracy_161": far,
        "geoparser mean_km": ours["mean_distance_error_km"],
        "geoparser auc": auc,
        "accuracy_25 <": _below(errors, 25) if BELOW in conventions else near,
        "accuracy_25 <=": near,
    }


def _below(errors: Sequence[float], limit: float) -> Number:
    return ratio(sum(error < limit for error in errors), len(errors))


def _metrics_of_errors(errors: Sequence[float]) -> Numbers:
    """Return the spatial metrics of matched places with these errors."""
    dimension = spatial.SpatialDimension()
    gold = SpatialMention("", latitude=0.0, longitude=0.0)
    head = {"type_equal": None, "located": True, "kind": None, "kind_from_gold": False}
    pairs = [
        JudgedPair(i, i, True, {**head, **spatial.judge_distance(gold, None, error)})
        for i, error in enumerate(errors)
    ]
    counts, series = dimension.counts(Sample("", "", {}), [], [], pairs), dimension.series(pairs)
    block = dimension.metrics(Totals(counts, series, True))
    return {name: entry.value for name, entry in block.items() if isinstance(entry, Measure)}


def distance_printed(case: Case) -> Numbers:
    keys = ("geodesic_wgs84_km", "great_circle_km", "eupeg_haversine_km")
    return {key: case[key] for key in keys}


def distance_numbers(case: Case, conventions: Conventions) -> Numbers:
    a, b = tuple(case["a"]), tuple(case["b"])
    ours = spatial.geodesic_km(a, b)
    return {
        "geodesic_wgs84_km": ours,
        "great_circle_km": float(great_circle(a, b).km) if SPHERE in conventions else ours,
        "eupeg_haversine_km": haversine_km(a, b) if SPHERE in conventions else ours,
    }


# ── Values ───────────────────────────────────────────────────────────────────────────────────


def _value_cases(content: Mapping[str, Any]) -> Iterator[Case]:
    for case in content["values"]:
        yield {"name": case["value"], **case}
    for value in content["invalid_iso"]:
        yield {"name": value, "value": value, "kind": "invalid"}
    for value in content["opaque"]:
        yield {"name": value, "value": value, "kind": "opaque"}
    for case in content["durations"]:
        yield {"name": f"{case['a']} {case['b']}", **case}


def value_printed(case: Case) -> Numbers:
    if "equal" in case:
        return {"equal": float(case["equal"])}
    if "kind" in case:
        return {case["kind"]: 1.0}
    return {"begin": _seconds(case["begin"]), "end": _seconds(case["end"]), "granularity": 1.0}


def value_numbers(case: Case, _: Conventions) -> Numbers:
    if "equal" in case:
        return {"equal": float(same_meaning(case["a"], case["b"]))}
    parsed = parse(case["value"])
    if "kind" in case:
        kind = {"invalid": Kind.INVALID, "opaque": Kind.OPAQUE}[case["kind"]]
        return {case["kind"]: float(parsed.kind is kind)}
    return {
        "begin": None if parsed.begin is None else float(parsed.begin),
        "end": None if parsed.end is None else float(parsed.end),
        "granularity": float(parsed.granularity == case["granularity"]),
    }


def _seconds(moment: str) -> float:
    from datetime import UTC, datetime

    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


SCORERS = (
    Scorer(
        "TempEval-3 toolkit (e02eb2d)",
        "tempeval3",
        "meantime_",
        (EQUAL_TEXTS, EMPTY),
        tempeval3_printed,
        tempeval3_numbers,
    ),
    Scorer(
        "nervaluate 1.2.1, seqeval 1.2.2",
        "nervaluate",
        "meantime_",
        (GREEDY, OF_ITS_OWN, COVERED, EMPTY),
        nervaluate_printed,
        nervaluate_numbers,
    ),
    Scorer(
        "EUPEG (97d5b6c)",
        "geoparsing_eupeg",
        "geovirus_",
        (LOCATED, MIDDLES, SPHERE, EMPTY, ONE_ERROR),
        eupeg_printed,
        eupeg_numbers,
    ),
    Scorer(
        "CamCoder (69e6e59), geoparser",
        "distance_metrics",
        "",
        (ONE_ERROR, NEARER, BELOW, UNSORTED),
        curve_printed,
        curve_numbers,
    ),
    Scorer("geopy 2.5.0", "distance", "", (SPHERE,), distance_printed, distance_numbers),
    Scorer("Python's datetime", "iso_values", "", (), value_printed, value_numbers),
)


# ── The tables ───────────────────────────────────────────────────────────────────────────────


def agreement_row(scorer: Scorer, *, third_party: bool) -> str | None:
    """Return a row of the table of agreement; None where there are no cases."""
    cases = read_cases(scorer, third_party=third_party)
    if not cases:
        return None
    compared = [each for case in cases for each in compare(scorer, case)]
    as_defined = sum(same(each.printed, each.ours) for each in compared)
    reproduced = sum(same(each.printed, each.under) for each in compared)
    whose = "third-party texts" if third_party else "own"
    return (
        f"| {scorer.title} | {whose} | {len(cases)} | {len(compared)} | {as_defined} "
        f"| {reproduced - as_defined} | {len(compared) - reproduced} |"
    )


def difference_rows() -> list[str]:
    """Return a row for each convention that changes a number of the project's own cases."""
    rows = []
    for scorer in SCORERS:
        changed: dict[str, list[tuple[str, str]]] = {name: [] for name in scorer.conventions}
        for case in read_cases(scorer, third_party=False):
            for each in compare(scorer, case):
                for name in each.conventions if not same(each.printed, each.ours) else ():
                    changed[name].append((case["name"], each.key))
        for name, found in changed.items():
            cases = sorted({case for case, _ in found})
            named = ", ".join(f"`{case}`" for case in cases) if len(cases) <= 10 else "all"
            rows.append(
                f"| {name} | {scorer.title} | {MEANING[name]} | {REASON[name]} | {len(found)} "
                f"| {named or 'none of the own ones'} |"
            )
    return rows


def written(page: str) -> str:
    """Return the page with its tables written anew; rows whose cases are not at hand are kept."""
    own = [agreement_row(scorer, third_party=False) for scorer in SCORERS]
    others = [agreement_row(scorer, third_party=True) for scorer in SCORERS]
    agreement = [row for row in (*own, *others) if row is not None]
    if not OTHERS:
        agreement += re.findall(r"^\|.*\| third-party texts \|.*$", page, flags=re.MULTILINE)
    page = _filled(page, "agreement", agreement)
    return _filled(page, "differences", difference_rows())


def _filled(page: str, name: str, rows: Sequence[str]) -> str:
    pattern = rf"(<!-- {name} -->\n\n(?:\|.*\n){{2}})(?:\|.*\n)*"
    found, number = re.subn(pattern, lambda head: head[1] + "".join(f"{r}\n" for r in rows), page)
    if number != 1:
        raise ValueError(f"the page has no table `{name}`")
    return found


def main() -> None:
    """Write the tables of the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
