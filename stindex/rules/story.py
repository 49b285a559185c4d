"""What relative expressions of a text count from, as far as it has been read.

The reference date and the mentions before go in; the day that *the next week* or *in May* counts
from comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stindex.rules.tense import Tense
from stindex.temporal import parse
from stindex.temporal.calendar import date_of

SECONDS_OF_DAY = 86_400
_RANKS = {"day": 0, "weekend": 1, "week": 1, "month": 2, "quarter": 2, "season": 2, "half": 2}
_RANK_OF_UNIT = {"day": 0, "week": 1, "weekend": 1, "fortnight": 1, "month": 2, "quarter": 2}


@dataclass(frozen=True, slots=True)
class Story:
    """What relative expressions count from.

    Attributes:
        today: day number of the reference date; None where there is none.
        mentioned: day numbers of the times last mentioned, at least as fine as a day, a week, a
            month, a year.
        year: the year last named.
        year_at: where that was, in code points.
        year_alone: it was named without a month; then it holds for its sentence, otherwise for
            its paragraph.
        tense: of the sentence at hand.
    """

    today: int | None
    mentioned: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    year: int | None = None
    year_at: int = 0
    year_alone: bool = False
    tense: Tense = "future"

    def anchor(self, unit: str) -> int | None:
        """The time last mentioned that is fine enough for a unit, or else today."""
        found = self.mentioned[_RANK_OF_UNIT.get(unit, 3)]
        return self.today if found is None else found

    @property
    def year_in_hand(self) -> int | None:
        """The year last named, or else this year; None where there is neither."""
        if self.year is not None or self.today is None:
            return self.year
        return date_of(self.today)[0]

    def after(self, value: str) -> Story:
        """The story once a date with this value was mentioned."""
        parsed = parse(value)
        if parsed.begin is None or parsed.of_day:
            return self
        day = int(parsed.begin // SECONDS_OF_DAY)
        finest = _RANKS.get(parsed.granularity, 0 if "T" in value else 3)
        kept = [day if rank >= finest else old for rank, old in enumerate(self.mentioned)]
        return replace(self, mentioned=(kept[0], kept[1], kept[2], kept[3]))
