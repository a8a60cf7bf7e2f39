"""How many tokens a simulated worker needs: difficulties go in, tokens come out.

One attempt at a part of difficulty d in 0..1 takes `MEDIAN_TOKENS * exp(GROWTH * d)` tokens at the median; chance
makes that up to `SPREAD` more or less, evenly. A subtask that asks for m parts takes m times the sum of their needs,
since one worker has to hold all of them, and cannot be done at all when their difficulties sum up to more than 1. So
nothing is gained by merging parts, nor by a budget above the largest need, which no attempt spends.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from ...planner.plan import Forecast
from .draw import draw_for

MEDIAN_TOKENS = 800
GROWTH = 1.5
SPREAD = 0.4
TOKENS_PER_SECOND = 100.0


def median_tokens(difficulty: float) -> float:
    """What an attempt takes at the median. A part that nobody can do is looked at like the hardest, then given up."""
    return MEDIAN_TOKENS * math.exp(GROWTH * min(1.0, difficulty))


def drawn_tokens(difficulty: float, *names: object) -> int:
    """What the attempt of these names takes; equal names, equal luck."""
    return round(median_tokens(difficulty) * (1 + SPREAD * (2 * draw_for(*names).random() - 1)))


def together(needs: Iterable[int]) -> int:
    """What one worker takes for several parts at once."""
    listed = list(needs)
    return len(listed) * sum(listed)


def largest_tokens(difficulty: float) -> int:
    """The budget that every attempt at a part fits."""
    return math.ceil(median_tokens(difficulty) * (1 + SPREAD))


def forecast(difficulty: float, success: float) -> Forecast:
    """The honest forecast of a subtask that asks for one part, which nobody can do with chance `1 - success`."""
    needs = ((success, median_tokens(difficulty)), (1 - success, median_tokens(1)))
    return Forecast(success=success, tokens_p50=_quantile(0.5, needs), tokens_p90=_quantile(0.9, needs))


def _quantile(share: float, needs: Sequence[tuple[float, float]]) -> int:
    """The fewest tokens that this share of attempts needs at most, of (weight, median) needs spread evenly."""

    def below(tokens: int) -> float:
        return sum(
            weight * min(1.0, max(0.0, (tokens / median - 1 + SPREAD) / (2 * SPREAD))) for weight, median in needs
        )

    return bisect_left(range(largest_tokens(1) + 1), share, key=below)
