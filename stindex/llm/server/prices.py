"""`cfg/prices.yaml` and counted tokens ─▶ what the answers of a session cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stindex.settings_files import read_settings_file


class Price(BaseModel):
    """Prices of a million tokens, in the currency of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    as_of: str


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


def cost(prices: Prices, model: str, prompt_tokens: int, completion_tokens: int) -> dict[str, Any]:
    """Return counted tokens and what they cost; `amount` is None for a model without a price.

    What a server bills differently (cached input, batches, a discount) is not known here.
    """
    price = prices.models.get(model)
    amount = None
    if price is not None:
        amount = (prompt_tokens * price.input + completion_tokens * price.output) / 1e6
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "amount": None if amount is None else round(amount, 6),
        "currency": prices.currency,
        "price_as_of": None if price is None else price.as_of,
    }
