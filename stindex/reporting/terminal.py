"""What the terminal says: a table at the end of a run, and a missed sample in a few lines.

Plain aligned text without colour codes. Whatever came from the user or a model is shown on one
line with nothing hidden in it, so that no escape sequence reaches the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from stindex.evaluation import Evaluation
from stindex.gates import GateVerdict
from stindex.reporting.readings import PairReading, read_pairs
from stindex.reporting.run_report import RunReport
from stindex.reporting.visible import display_width, fitted, one_line, shortened
from stindex.reporting.wording import (
    FAIL,
    PASS,
    STATUS_GLYPHS,
    UNSURE,
    cost_words,
    count_words,
    framed_cells,
    gate_value_text,
    metric_groups,
    metric_label,
    model_name,
    needs_reason,
    number_text,
    outcome_counts,
    threshold_text,
    unit_of,
)
from stindex.schema import EntityMention, Mention, SpatialMention
from stindex.scoring import entity_names

WIDTH = 100
MOST_GATES = 8
MOST_PAIRS = 12
RAW_LIMIT = 200

_ROWS = (
    "temporal.f1_score",
    "temporal.relaxed_f1_score",
    "temporal.normalization_accuracy",
    "temporal.normalization_accuracy_equivalent",
    "temporal.type_accuracy",
    "spatial.f1_score",
    "spatial.relaxed_f1_score",
    "spatial.geocoding_success_rate",
    "spatial.accuracy_at_161km",
    "spatial.accuracy_at_161km_end_to_end",
    "spatial.median_distance_error_km",
    "overall.combined_f1",
    "overall.success_rate",
)
_LABEL, _NUMBER = 37, 21
_BELOW = " " * 8


def summary_lines(report: RunReport) -> list[str]:
    """Return the end of a run in lines of at most 100 columns.

    At most 35 of them, and the sentences of gates that compare.

    The verdict, the metrics between floor and ceiling, with intervals, counts, outcomes, gates.
    """
    lines = [_headline(report), "", *_metric_lines(report), ""]
    lines += [f"{name + ':':10}{count_words(report, name)}" for name in metric_groups()]
    counts = outcome_counts(report.metrics)
    lines.append(
        f"{'answers:':10}" + ", ".join(f"{number} {name}" for name, number in counts.items())
    )
    if cost := cost_words(report.run):
        lines.append(f"{'cost:':10}{one_line(cost)}")
    if report.missing:
        lines.append(f"{'missing:':10}{len(report.missing)} not measured: {_few(report.missing)}")
    lines += ["", *_gate_lines(report.gates)] if report.gates else []
    return [_clipped(line, WIDTH).rstrip() for line in lines]


def _headline(report: RunReport) -> str:
    scope = ", a selection of the data set" if report.partial else ""
    glyph = STATUS_GLYPHS[report.status]
    return f"{glyph} {report.status}  {one_line(model_name(report.run))}{scope}"


def _metric_lines(report: RunReport) -> Iterator[str]:
    yield _row("", "floor", "this model", "ceiling")
    before = "temporal"
    for metric in _rows():
        block = metric.partition(".")[0]
        if block != before:
            yield ""
        before = block
        yield _row(metric_label(metric), *framed_cells(report, metric, unit_of(metric)))


def _rows() -> Iterator[str]:
    """Yield the metrics that are shown; those of further dimensions before those of all."""
    yield from (metric for metric in _ROWS if not metric.startswith("overall."))
    for name in entity_names():
        yield f"{name}.f1_score"
        yield f"{name}.relaxed_f1_score"
    yield from (metric for metric in _ROWS if metric.startswith("overall."))


def _row(label: str, *cells: str) -> str:
    return f"{label:{_LABEL}}" + "".join(f"{cell:>{_NUMBER}}" for cell in cells)


def _few(ids: Sequence[str]) -> str:
    shown = ", ".join(shortened(one_line(one), 24) for one in ids[:3])
    return shown + (", …" if len(ids) > 3 else "")


def _gate_lines(gates: Sequence[GateVerdict]) -> Iterator[str]:
    # Those that fail come first: of many gates they are the ones that must be seen.
    ordered = sorted(gates, key=lambda gate: (gate.passed, not gate.inconclusive))
    for gate in ordered[:MOST_GATES]:
        mark = _gate_mark(gate)
        reason = one_line(gate.reason) if needs_reason(gate) else ""
        need = threshold_text(gate) if gate.compares or gate.threshold is not None else ""
        need = need if gate.compares or not need else f"needs {need}"
        name = fitted(one_line(gate.metric), 40)
        line = f"{mark}  {name}{gate_value_text(gate):>8}  {need:14} n = {gate.n}"
        if gate.compares:  # how large, how sure and what it takes do not fit beside the figures
            yield line
            yield from wrap(reason, WIDTH, initial_indent=_BELOW, subsequent_indent=_BELOW)
        else:
            yield f"{line}  {reason}"
    if len(ordered) > MOST_GATES:
        hidden = ordered[MOST_GATES:]
        failing = sum(not gate.passed for gate in hidden)
        yield f"  and {len(hidden)} more gates, {failing} of them failing"


def _gate_mark(gate: GateVerdict) -> str:
    if gate.inconclusive:
        return f"{UNSURE} ????" if gate.passed else f"{FAIL} ????"
    return f"{PASS} pass" if gate.passed else f"{FAIL} FAIL"


def sample_lines(evaluation: Evaluation, missed: Sequence[str], width: int = WIDTH) -> list[str]:
    """Return gold against prediction of one sample in a few aligned lines.

    Args:
        missed: a sentence for each assertion that did not hold.
        width: columns of the terminal that no line exceeds.

    Returns:
        The id and what did not hold; then a line for each mention: mark, number, gold, prediction,
        what is wrong, with the wrong ones first where there are too many. Where there is no valid
        object: the reason, and how the raw answer begins.
    """
    outcome = evaluation.outcome.value
    lines = [f"{one_line(evaluation.sample.id)} ({outcome})"]
    lines += [f"  {one_line(sentence)}" for sentence in missed]
    if evaluation.prediction is None:
        lines += _without_object(evaluation, missed)
    lines += pair_lines(read_pairs(evaluation), width)
    return [_clipped(line, width).rstrip() for line in lines]


def _without_object(evaluation: Evaluation, missed: Sequence[str]) -> list[str]:
    reason = evaluation.reason
    is_said = not reason or any(reason in sentence for sentence in missed)
    lines = [] if is_said else [f"  {one_line(reason)}"]
    raw = evaluation.record.generation.raw_text
    beginning = one_line(raw[:RAW_LIMIT])
    if not beginning:
        return [*lines, "  the answer is empty"]
    label = "answer" if len(raw) <= RAW_LIMIT else f"first {RAW_LIMIT} of {len(raw)} characters"
    pieces = [beginning[start : start + 80] for start in range(0, len(beginning), 80)]
    return [*lines, f"  {label}:", *(f"    {piece}" for piece in pieces)]


def pair_lines(
    pairs: Sequence[PairReading], width: int = WIDTH, most: int = MOST_PAIRS
) -> Iterator[str]:
    """Yield a line for each mention; where there are more than `most`, the wrong ones first."""
    if not pairs:
        return
    shown = pairs if len(pairs) <= most else [pair for pair in pairs if pair.errors]
    # Mark, number and verdict take 36 columns; gold and prediction share the rest.
    column = max(12, (width - 36) // 2)
    yield f"  {'':7}{fitted('gold', column)}  {fitted('predicted', column)}"
    for pair in shown[:most]:
        gold, predicted = _cell(pair.gold, column), _cell(pair.predicted, column)
        yield f"  {_mark(pair)} {pair.number:5}{gold}  {predicted}  {_wrong(pair)}"
    hidden = len(pairs) - min(len(shown), most)
    if hidden:
        yield f"  and {hidden} more mentions"


def _mark(pair: PairReading) -> str:
    if pair.errors:
        return FAIL
    return PASS if pair.judged else "·"


def _wrong(pair: PairReading) -> str:
    if not pair.errors:
        return "" if pair.judged else pair.verdict
    distance = f" ({number_text(pair.km, 'km')} km)" if pair.km and "place" in pair.errors else ""
    return pair.verdict + distance


def _cell(mention: Mention | None, column: int) -> str:
    if mention is None:
        return fitted("-", column)
    value = one_line(_value(mention))
    # The value is what gets compared: the words give way to it, down to eight columns.
    room = max(8, column - display_width(value) - 1)
    text = one_line(mention.text)
    if display_width(text) > room:
        text = fitted(text, room)
    return fitted(f"{text} {value}", column)


def _value(mention: Mention) -> str:
    if isinstance(mention, SpatialMention):
        if mention.latitude is None or mention.longitude is None:
            return mention.location_type or ""
        return f"{mention.latitude:.1f},{mention.longitude:.1f} {mention.location_type or ''}"
    kind = mention.entity_type if isinstance(mention, EntityMention) else mention.temporal_type
    return f"{mention.normalized} {kind or ''}".strip()


def _clipped(line: str, width: int) -> str:
    return line if display_width(line) <= width else fitted(line, width)
