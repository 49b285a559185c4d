"""Data set files ─▶ samples. One module a format."""

from stindex.datasets.native import Dataset, Problem, load_dataset, validate_dataset

__all__ = ["Dataset", "Problem", "load_dataset", "validate_dataset"]
