"""Tokens and dollars of one model call, as plain values that add up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or many calls.

    `cached_tokens` is the part of `prompt_tokens` served from a prefix cache; `reasoning_tokens` is the part of
    `completion_tokens` that was thinking. Neither is added again in `total_tokens`.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.completion_tokens + other.completion_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens. `cached` is the price of prompt tokens served from a prefix cache."""

    prompt: float = 0.0
    completion: float = 0.0
    cached: float | None = None

    def dollars(self, usage: Usage) -> float:
        """What this usage costs, in dollars. Reasoning tokens cost what completion tokens cost."""
        cached_price = self.prompt if self.cached is None else self.cached
        fresh_tokens = usage.prompt_tokens - usage.cached_tokens
        cost = fresh_tokens * self.prompt + usage.cached_tokens * cached_price
        return (cost + usage.completion_tokens * self.completion) / 1e6
