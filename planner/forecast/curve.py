"""Success against budget: past outcomes or a planner's forecast go in; chances and expected tokens at a cap come out.

A curve lies on the points of `TOKEN_GRID`. `done[k]` is the chance to have succeeded within the k-th number of tokens,
`going[k]` the chance to be still at work then; the rest has ended without success. An outcome that its cap cut off says
only that it was still going there (Kaplan and Meier 1958); successes and failures are competing ends (Aalen and
Johansen 1978): done(b) = sum over ends t <= b of going(t-) * successes at t / at risk at t.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import NamedTuple

from ...core.statistics import kaplan_meier
from ..grid import TOKEN_GRID
from ..plan import Forecast

_NORMAL = NormalDist()
_Z90 = _NORMAL.inv_cdf(0.9)
_LEAST_SIGMA = 0.05
_NOBODY = 1e-9


class End(NamedTuple):
    """How one attempt ended: after so many tokens; cut off by its cap, or by itself, with success or without."""

    tokens: int
    capped: bool
    success: bool


@dataclass(frozen=True)
class SuccessCurve:
    """Success against budget of one attempt, on the points of `TOKEN_GRID`.

    Attributes:
        done: chance of success within that many tokens, rising.
        going: chance to be still at work then, falling.
    """

    done: tuple[float, ...]
    going: tuple[float, ...]

    @cached_property
    def spend(self) -> tuple[float, ...]:
        """Expected tokens under a cap at each point: the integral of `going`, by trapezes."""
        steps = (
            (high - low) * (before + after) / 2
            for (low, high), (before, after) in zip(pairwise(TOKEN_GRID), pairwise(self.going), strict=True)
        )
        return tuple(accumulate(steps, initial=0.0))

    @property
    def success(self) -> float:
        """The chance of success without any cap."""
        return self.done[-1]

    def quantile(self, share: float) -> int:
        """Tokens within which this share (0..1) of uncapped attempts has ended, either way.

        Where fewer ever ended, the point from which on nothing more is known.
        """
        left = max(1 - share, self.going[-1])
        at = next(at for at, going in enumerate(self.going) if going <= left + 1e-12)
        if at == 0 or self.going[at - 1] <= left:
            return TOKEN_GRID[at]
        part = (self.going[at - 1] - left) / (self.going[at - 1] - self.going[at])
        return round(TOKEN_GRID[at - 1] + part * (TOKEN_GRID[at] - TOKEN_GRID[at - 1]))


def forecast_curve(forecast: Forecast) -> SuccessCurve:
    """The curve that a forecast stands for: tokens lognormal through its two quantiles, success whenever they end."""
    median = max(1.0, float(forecast.tokens_p50))
    sigma = max(_LEAST_SIGMA, math.log(max(median, forecast.tokens_p90) / median) / _Z90)
    ended = [_NORMAL.cdf(math.log(tokens / median) / sigma) if tokens else 0.0 for tokens in TOKEN_GRID]
    return SuccessCurve(tuple(forecast.success * each for each in ended), tuple(1 - each for each in ended))


def seen_curve(ends: Sequence[End], beyond: SuccessCurve | None = None) -> SuccessCurve:
    """The curve of these attempts.

    Above the last one seen, those who were still going there fare as in `beyond`; without it, they go on for ever.

    Raises:
        ValueError: when there are none.
    """
    if not ends:
        raise ValueError("no attempts, no curve")
    survival = kaplan_meier([end.tokens for end in ends], [not end.capped for end in ends])
    share = _success_shares(ends)
    values, left = [tokens for tokens, _ in survival], [1.0, *(going for _, going in survival)]
    falls = [above - below for above, below in pairwise(left)]
    risen = [0.0, *accumulate(fall * share.get(value, 0.0) for value, fall in zip(values, falls, strict=True))]
    places = [bisect_right(values, tokens) for tokens in TOKEN_GRID]
    seen = SuccessCurve(tuple(risen[place] for place in places), tuple(left[place] for place in places))
    return seen if beyond is None else _continued(seen, bisect_right(TOKEN_GRID, values[-1]) - 1, beyond)


def mixed(own: SuccessCurve, other: SuccessCurve, weight: float) -> SuccessCurve:
    """`weight` (0..1) of one curve and the rest of the other."""
    return SuccessCurve(
        tuple(weight * a + (1 - weight) * b for a, b in zip(own.done, other.done, strict=True)),
        tuple(weight * a + (1 - weight) * b for a, b in zip(own.going, other.going, strict=True)),
    )


def _success_shares(ends: Sequence[End]) -> dict[float, float]:
    """At each number of tokens at which attempts ended by themselves, the share of those that succeeded."""
    ended: dict[float, int] = {}
    succeeded: dict[float, int] = {}
    for end in ends:
        if not end.capped:
            ended[end.tokens] = ended.get(end.tokens, 0) + 1
            succeeded[end.tokens] = succeeded.get(end.tokens, 0) + end.success
    return {tokens: succeeded[tokens] / number for tokens, number in ended.items()}


def _continued(seen: SuccessCurve, last: int, beyond: SuccessCurve) -> SuccessCurve:
    """Above point `last` of the grid, `seen` goes on as `beyond` does."""
    base = beyond.going[last]
    if base <= _NOBODY:
        return seen
    going = seen.going[last] / base
    tail = range(last + 1, len(TOKEN_GRID))
    return SuccessCurve(
        (*seen.done[: last + 1], *(seen.done[last] + going * (beyond.done[at] - beyond.done[last]) for at in tail)),
        (*seen.going[: last + 1], *(going * beyond.going[at] for at in tail)),
    )
