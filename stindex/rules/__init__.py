"""Rules that read time expressions from text without a model.

A text and its reference date go in; mentions in order of appearance come out, annotated as
`docs/annotation.md` has it. Languages are tables of words and patterns (`languages/`); what the
patterns mean, how neighbours join and what is relative to what is written once.
"""

from stindex.rules.temporal_reader import Style, read_temporal

__all__ = ["Style", "read_temporal"]
