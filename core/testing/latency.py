"""Latency of a model: a request goes in, its `Timing` comes out, before the model says a word.

Law: the timing of a request depends on what is asked and nothing else, so a benchmark sees the same latencies in
whatever order its requests arrive.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .chat import Answer, ChatRequest


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds to the first token, then tokens per second; or `total_s` for the whole call."""

    first_token_s: float = 0.0
    tokens_per_s: float = math.inf
    total_s: float | None = None

    def due_s(self, tokens: int, of_tokens: int) -> float:
        """Seconds after the request when `tokens` of an answer of `of_tokens` are out."""
        if self.total_s is not None:
            share = tokens / of_tokens if of_tokens else 1.0
            return self.first_token_s + (self.total_s - self.first_token_s) * share
        return self.first_token_s + tokens / self.tokens_per_s

    def out_by(self, seconds: float, of_tokens: int) -> int:
        """Tokens of an answer of `of_tokens` that are out after `seconds`."""
        span = self.due_s(of_tokens, of_tokens) - self.first_token_s
        if seconds < self.first_token_s:
            return 0
        share = 1.0 if span <= 0 else min(1.0, (seconds - self.first_token_s) / span)
        return int(of_tokens * share)

    def with_answer(self, answer: Answer) -> Timing:
        """This timing with what the answer itself asks for."""
        first_s = self.first_token_s if answer.first_token_s is None else answer.first_token_s
        if answer.total_s is not None:
            return Timing(min(first_s, answer.total_s), total_s=answer.total_s)
        if answer.tokens_per_s is not None:
            return Timing(first_s, answer.tokens_per_s)
        return Timing(first_s, self.tokens_per_s, self.total_s)


Latency: TypeAlias = Callable[[ChatRequest], Timing]


@dataclass(frozen=True, slots=True)
class Constant:
    """Every call takes the same time to its first token, and the same time for each further one."""

    first_token_s: float = 0.0
    tokens_per_s: float = math.inf
    total_s: float | None = None

    def __call__(self, request: ChatRequest) -> Timing:
        """The same timing for every request."""
        return Timing(self.first_token_s, self.tokens_per_s, self.total_s)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Whole calls of lognormal length, drawn from the request's content and `seed`, cut to `low_s` … `high_s`."""

    median_s: float
    sigma: float = 0.5
    low_s: float = 0.0
    high_s: float = math.inf
    seed: int = 0

    def __call__(self, request: ChatRequest) -> Timing:
        """The timing of this request: equal requests get equal ones."""
        draw = random.Random(f"{self.seed}/{request.content_hash}").lognormvariate(math.log(self.median_s), self.sigma)
        return Timing(total_s=min(self.high_s, max(self.low_s, draw)))


@dataclass(frozen=True, slots=True)
class Uniform:
    """Whole calls of `low_s` to `high_s` seconds, drawn from the request's content and `seed`."""

    low_s: float
    high_s: float
    seed: int = 0

    def __call__(self, request: ChatRequest) -> Timing:
        """The timing of this request: equal requests get equal ones."""
        return Timing(total_s=random.Random(f"{self.seed}/{request.content_hash}").uniform(self.low_s, self.high_s))


class ByModel:
    """Each model its own latency, by the name it is asked for; `others` for names that are not listed."""

    def __init__(self, latencies: Mapping[str, Latency], others: Latency | None = None) -> None:
        self._latencies, self._others = dict(latencies), others or Constant()

    def __call__(self, request: ChatRequest) -> Timing:
        """The timing that the request's model has for it."""
        return self._latencies.get(request.model, self._others)(request)
