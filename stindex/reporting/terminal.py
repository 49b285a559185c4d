"""What the terminal says: a table at the end of a run, and a missed sample in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from stindex.evaluation import Evaluation
from stindex.reporting.readings import PairReading, read_pairs
from stindex.reporting.run_report import RunReport
from stindex.reporting.tables import metric_rows, number, verdict
from stindex.reporting.visible import fitted, one_line, shortened
from stindex.reporting.wording import outcome_counts
from stindex.schema import Mention, TemporalMention

_MOST_PAIRS = 8


def summary_lines(report: RunReport) -> list[str]:
    """Return metrics between floor and ceiling, outcomes and gates, in aligned lines."""
    lines = [f"{'':32}{'floor':>10}{'model':>10}{'ceiling':>10}"]
    for block, rows in metric_rows(report).items():
        shown = [row for row in rows if row.key not in {"precision", "recall", "text_f1_score"}]
        for row in shown:
            label = f"{block[:8]:9}{row.label}"
            cells = "".join(f"{number(v):>10}" for v in (row.floor, row.value, row.ceiling))
            lines.append(f"{label:32}{cells}")
    outcomes = outcome_counts(report.metrics)
    lines.append("answers: " + ", ".join(f"{n} {name}" for name, n in outcomes.items() if n))
    for gate in report.gates:
        mark = "holds" if gate.passed else f"FAILS: {gate.reason}"
        lines.append(shortened(f"gate {gate.name}: {mark}", 100))
    lines.append(verdict(report))
    return lines


def sample_lines(evaluation: Evaluation, missed: Sequence[str], width: int = 100) -> list[str]:
    """Return gold against prediction of one sample; the raw answer where there is no object."""
    lines = [f"{one_line(evaluation.sample.id)}: {'; '.join(one_line(m) for m in missed)}"]
    if evaluation.prediction is None:
        return [
            *lines,
            f"  answer: {shortened(one_line(evaluation.record.generation.raw_text), 200)}",
        ]
    pairs = [pair for pair in read_pairs(evaluation) if pair.errors]
    column = (width - 24) // 2
    lines += [
        f"  {pair.number:4}{fitted(_shown(pair, pair.gold), column)} "
        f"{fitted(_shown(pair, pair.predicted), column)} {pair.verdict}"
        for pair in pairs[:_MOST_PAIRS]
    ]
    if len(pairs) > _MOST_PAIRS:
        lines.append(f"  and {len(pairs) - _MOST_PAIRS} more")
    return lines


def _shown(pair: PairReading, mention: Mention | None) -> str:
    if mention is None:
        return "-"
    if isinstance(mention, TemporalMention):
        return f"{one_line(mention.text)} = {one_line(mention.normalized)}"
    return f"{one_line(mention.text)} ({mention.location_type or pair.dimension})"
