"""`cfg/prices.yaml` and counted tokens ─▶ what the answers of a session cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stindex.settings_files import read_settings_file


class Price(BaseModel):
    """Prices of a million tokens, in the currency of the table.

    Attributes:
        cached_input: of what the server had in its prompt cache; `input` where it is not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(None, ge=0)
    as_of: str

    def of(self, used: Used) -> float:
        """Return what so many tokens cost."""
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = used.prompt_tokens - used.cached_tokens
        paid = fresh * self.input + used.cached_tokens * cached
        return (paid + used.completion_tokens * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens that a server has counted; the cached ones are among those of the prompts."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    @property
    def total(self) -> int:
        """All tokens."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: Used) -> Used:
        """Return the sum of both."""
        return Used(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
        )


class Prices(BaseModel):
    """The content of a price table: the server's name of a model to its price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str = "USD"
    models: dict[str, Price] = {}


def load_prices(path: Path) -> Prices:
    """Read a price table.

    Raises:
        UserError: it is missing or broken.
    """
    return read_settings_file(path, Prices)


def cost(prices: Prices, model: str, used: Used) -> dict[str, Any]:
    """Return counted tokens and what they cost; `amount` is None for a model without a price.

    What a server bills differently (batches, a discount) is not known here.
    """
    price = prices.models.get(model)
    return {
        "prompt_tokens": used.prompt_tokens,
        "cached_tokens": used.cached_tokens,
        "completion_tokens": used.completion_tokens,
        "amount": None if price is None else round(price.of(used), 6),
        "currency": prices.currency,
        "price_as_of": None if price is None else price.as_of,
    }
