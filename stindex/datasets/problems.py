"""What is wrong with a data set file, and what a reader has put right, as data.

A `Problem` stands in the way of a sample; a `Repair` does not. Both are one sentence for the user.
"""

from __future__ import annotations

from dataclasses import dataclass


def _on_one_line(text: str) -> str:
    """Return a name of the user's with what is not printable made visible."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a data set file.

    Attributes:
        where: line (JSON lines) or index (JSON array) of the sample, file or element of other
            formats, or line and column.
        sample_id: its id, where it has one.
        field: dotted path inside the sample.
    """

    where: str
    sample_id: str
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        sample = f" sample {self.sample_id!r}" if self.sample_id else ""
        field = f" `{_on_one_line(self.field)}`" if self.field else ""
        return f"{_on_one_line(self.where)}:{sample}{field} {self.message}; {self.remedy}."


@dataclass(frozen=True, slots=True)
class Repair:
    """One annotation that was read otherwise than it is written, or was left out.

    Attributes:
        where: as in `Problem`.
        message: what was done and why, without a full stop.
    """

    where: str
    sample_id: str
    message: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{_on_one_line(self.where)}: sample {self.sample_id!r}: {self.message}."
