"""The offline geocoder: an embedded gazetteer and a resolver of whole documents.

The mentions of a document and its text go in, a place or None for each comes out. Needs no
network; the same input gives the same output on every machine, for one version of the table.
"""

from __future__ import annotations

from pathlib import Path

import platformdirs

from stindex.geocoding.gazetteer import Gazetteer
from stindex.geocoding.index import ensure_index, table_checksum


def open_gazetteer(cache_dir: Path | None = None) -> Gazetteer:
    """Open the embedded gazetteer; at first use its index is built (some seconds, 32 MB).

    Args:
        cache_dir: where the index is kept; the user's cache directory by default.

    Raises:
        UserError: neither the cache nor a temporary directory can be written to.
    """
    directory = cache_dir or Path(platformdirs.user_cache_dir("stindex"))
    checksum = table_checksum()
    return Gazetteer(ensure_index(directory, checksum), checksum)
