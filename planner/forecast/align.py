"""The same curve on another scale: attempts of one pool and a wider pool's curve go in, that curve stretched comes out.

Work of different kinds often differs in size more than in shape, so a wider pool tells much about a narrow one once its
tokens are multiplied by the right factor (an accelerated failure time model with an empirical baseline). The factor is
the one under which the attempts are likeliest, cut-off ones by their chance to be still going, with a lognormal prior
around 1. It is a number of steps of `TOKEN_GRID`, 19 % each.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from ..grid import TOKEN_GRID
from .curve import End, SuccessCurve

_MOST_STEPS = 16
_PRIOR_STEPS = 6.0
"""Standard deviation of the prior: a factor of 2.8."""

_LEAST_CHANCE = 1e-4
"""What the wider pool never saw is still possible."""


def aligned(curve: SuccessCurve, ends: Sequence[End]) -> SuccessCurve:
    """The curve with its tokens multiplied by the factor that suits these attempts best."""
    seen = Counter((bisect_left(TOKEN_GRID, end.tokens), end.capped, end.success) for end in ends)
    tried = {steps: stretched(curve, steps) for steps in range(-_MOST_STEPS, _MOST_STEPS + 1)}

    def likelihood(steps: int) -> float:
        fits = sum(number * math.log(_chance(tried[steps], *each)) for each, number in seen.items())
        return fits - (steps / _PRIOR_STEPS) ** 2 / 2

    return tried[max(tried, key=lambda steps: (likelihood(steps), -abs(steps)))]


def stretched(curve: SuccessCurve, steps: int) -> SuccessCurve:
    """The curve moved by so many steps of the grid, to more tokens when positive."""
    last = len(TOKEN_GRID) - 1
    places = [0, *(min(last, max(0, at - steps)) for at in range(1, last + 1))]
    return SuccessCurve(tuple(curve.done[at] for at in places), tuple(curve.going[at] for at in places))


def _chance(curve: SuccessCurve, at: int, capped: bool, success: bool) -> float:
    """The chance of an end in the step up to point `at`, or of being still going there."""
    place = min(at, len(TOKEN_GRID) - 1)
    if capped:
        return max(curve.going[place], _LEAST_CHANCE)
    before = max(0, place - 1)
    succeeded = curve.done[place] - curve.done[before]
    ended = curve.going[before] - curve.going[place]
    return max(succeeded if success else ended - succeeded, _LEAST_CHANCE)
