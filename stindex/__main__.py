"""`python -m stindex`: the same as `stindex`, where scripts are not on the path."""

from stindex.cli import main

main()
