"""How many tokens a text is: an upper bound that holds for every byte-level tokenizer, and a refined estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Counter: TypeAlias = Callable[[str], int]
"""Tokens of a text. Budgets are kept in the counter's own tokens, so an upper bound keeps them for certain."""


def upper_bound_tokens(text: str) -> int:
    """Tokens at most: each token of a byte-level or byte-fallback tokenizer stands for at least one byte.

    One more is counted because SentencePiece models put a space in front of a text.
    """
    return len(text.encode("utf-8", "surrogatepass")) + 1 if text else 0


def observed_counter(tokens_per_byte: float, *, margin: float = 1.15) -> Counter:
    """A counter from what an endpoint was seen to do, never above the upper bound.

    Args:
        tokens_per_byte: prompt tokens the endpoint reported, divided by the bytes sent.
        margin: factor of safety for texts unlike those observed.
    """

    def count(text: str) -> int:
        size = upper_bound_tokens(text)
        return min(size, round(size * tokens_per_byte * margin + 0.5))

    return count
