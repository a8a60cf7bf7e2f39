"""Counting the tokens of a text for one model: an upper bound that its endpoint's own counts have refined."""

from __future__ import annotations

from ..core.models.base import Request
from ..core.models.model import Model
from ..memory.text.size import Counter


def counter_of(model: Model) -> Counter:
    """A counter that is never below what the model's endpoint would count."""
    return lambda text: model.bound.tokens(Request([{"role": "user", "content": text}], 1))
