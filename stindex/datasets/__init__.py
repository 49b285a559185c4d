"""Data set files ─▶ samples. One module a format, all of them listed in `formats`."""

from stindex.datasets.dataset import Dataset, load_dataset, validate_dataset
from stindex.datasets.problems import Problem, Repair

__all__ = ["Dataset", "Problem", "Repair", "load_dataset", "validate_dataset"]
