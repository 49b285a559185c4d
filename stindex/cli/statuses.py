"""Exit statuses of the commands, stable for scripts."""

INVALID = 1  # the data, the answer or the comparison is not good
INTERRUPTED = 2
USAGE = 4
