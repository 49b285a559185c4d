"""What the reports call things: metrics, gates, numbers, and the sentence of the verdict.

One place for all of them, so that page, Markdown and terminal say the same.
"""

from stindex.reporting.wording.frame import (
    framed_cells,
    framed_intervals,
    framed_texts,
    framed_values,
    has_ceiling,
)
from stindex.reporting.wording.metrics import (
    MetricGroup,
    MetricRow,
    metric_groups,
    metric_label,
    slice_label,
)
from stindex.reporting.wording.names import (
    ERROR_WORDS,
    FAIL,
    MISTAKE_WORDS,
    OUTCOME_GLYPHS,
    OUTCOME_WORDS,
    PASS,
    STATUS_GLYPHS,
    UNSURE,
    count_words,
    dataset_name,
    mistake_words,
    model_name,
    outcome_counts,
    overruled_sentence,
)
from stindex.reporting.wording.numbers import (
    UNDEFINED,
    Interval,
    Unit,
    interval,
    interval_text,
    lookup,
    number_text,
    signed_text,
    unit_of,
)
from stindex.reporting.wording.verdicts import (
    Verdict,
    gate_value_text,
    needs_reason,
    threshold_text,
    verdict,
)

__all__ = [
    "ERROR_WORDS",
    "FAIL",
    "MISTAKE_WORDS",
    "OUTCOME_GLYPHS",
    "OUTCOME_WORDS",
    "PASS",
    "STATUS_GLYPHS",
    "UNDEFINED",
    "UNSURE",
    "Interval",
    "MetricGroup",
    "MetricRow",
    "Unit",
    "Verdict",
    "count_words",
    "dataset_name",
    "framed_cells",
    "framed_intervals",
    "framed_texts",
    "framed_values",
    "gate_value_text",
    "has_ceiling",
    "interval",
    "interval_text",
    "lookup",
    "metric_groups",
    "metric_label",
    "mistake_words",
    "model_name",
    "needs_reason",
    "number_text",
    "outcome_counts",
    "overruled_sentence",
    "signed_text",
    "slice_label",
    "threshold_text",
    "unit_of",
    "verdict",
]
