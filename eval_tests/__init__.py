"""The suite that users run and copy; a package, so that `--pyargs` finds it where installed."""
