"""Loads stindex for this checkout; in another project `-p stindex.pytest_plugin` does."""

pytest_plugins = ["stindex.pytest_plugin"]
