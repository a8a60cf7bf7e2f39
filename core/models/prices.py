"""Prices: public list prices of well-known OpenAI models, in dollars per million tokens, as of `PRICES_DATE`.

In goes a model's name and its base URL, out comes a price, or None when it is not surely known. Law: only OpenAI's own
endpoint has these prices; a model of the same name elsewhere costs what its host asks, so the user's settings say it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..usage import Price
from .quirks import OPENAI_HOST, OPENAI_URL

PRICES_DATE = "2025-11-01"
"""When the table was last read from OpenAI's list of standard prices. Settings override it."""

LIST_PRICES: dict[str, Price] = {
    "gpt-3.5-turbo": Price(0.50, 1.50),
    "gpt-4": Price(30.00, 60.00),
    "gpt-4-turbo": Price(10.00, 30.00),
    "gpt-4o": Price(2.50, 10.00, 1.25),
    "gpt-4o-2024-05-13": Price(5.00, 15.00),
    "gpt-4o-mini": Price(0.15, 0.60, 0.075),
    "gpt-4.1": Price(2.00, 8.00, 0.50),
    "gpt-4.1-mini": Price(0.40, 1.60, 0.10),
    "gpt-4.1-nano": Price(0.10, 0.40, 0.025),
    "gpt-5": Price(1.25, 10.00, 0.125),
    "gpt-5-mini": Price(0.25, 2.00, 0.025),
    "gpt-5-nano": Price(0.05, 0.40, 0.005),
    "gpt-5.1": Price(1.25, 10.00, 0.125),
    "o1": Price(15.00, 60.00, 7.50),
    "o1-mini": Price(1.10, 4.40, 0.55),
    "o3": Price(2.00, 8.00, 0.50),
    "o3-mini": Price(1.10, 4.40, 0.55),
    "o4-mini": Price(1.10, 4.40, 0.275),
}

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def list_price(model: str, base_url: str | None = None) -> Price | None:
    """The list price of `model` at OpenAI's own endpoint (`base_url` None or its URL); None when not known.

    A dated snapshot (`o3-2025-04-16`) has its model's price unless the table has its own.
    """
    if urlsplit(base_url or OPENAI_URL).hostname != OPENAI_HOST:
        return None
    return LIST_PRICES.get(model) or LIST_PRICES.get(_SNAPSHOT.sub("", model))
