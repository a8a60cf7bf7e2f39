"""Counting the tokens of a text for one model: an upper bound that its endpoint's own counts have refined."""

from __future__ import annotations

from ..core.models.base import Request
from ..core.models.model import Model
from ..memory.text.size import Counter


def counter_of(model: Model) -> Counter:
    """A counter that is never below what the model's endpoint would count for the text itself.

    What the chat template adds to a message is left out, so that counts of texts in one message may be added up.
    """

    def tokens(text: str) -> int:
        return model.bound.tokens(Request([{"role": "user", "content": text}], 1))

    return lambda text: max(0, tokens(text) - tokens(""))
