"""A third dimension: the people that a text names. Nothing else has to change for it.

The gold has `people` beside `temporal` and `spatial`, predictions `people_mentions`; a value is the
person's full name. Metrics, gates and reports have all of it under `people`.
"""

from collections.abc import Sequence

import pytest

from stindex.schema import EntityMention
from stindex.scoring.entity import EntityDimension


class People(EntityDimension):
    """People by their full names; a text may say less."""

    name = "people"
    instruction = (
        '"people_mentions": every person named in the text, each with "text" (the words as they '
        'stand there), "normalized" (the full name) and "entity_type" (real or fictional).'
    )

    def same_value(self, gold: EntityMention, predicted: EntityMention) -> bool:
        """Return whether the names have the same words, in any order: `Curie, Marie`."""
        return _words(gold.normalized) == _words(predicted.normalized)


def _words(name: str) -> list[str]:
    return sorted(name.replace(",", " ").casefold().split())


@pytest.hookimpl(optionalhook=True)
def pytest_stindex_dimensions() -> Sequence[People]:
    """Score people too."""
    return [People()]
