"""Rules that read time expressions from text without a model.

A text and its reference date go in; mentions in order of appearance come out, annotated as
`docs/annotation.md` has it. Languages are tables of words and patterns (`languages/`); what the
patterns mean, how neighbours join and what is relative to what is written once.

Rules of our own, because no library keeps granularity (*2022* becomes a day), knows durations, sets
and intervals, or gives TIMEX3; dateparser, the best kept of them, also takes amounts of money and
pronouns for dates.
"""
