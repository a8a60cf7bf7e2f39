"""Success against budget: a family and a scale go in; the chance to be done and the tokens spent under a cap come out.

A token need T is `scale` times a need of median 1 (the mixture's is its fast component's), and with some chance no
number of tokens is enough. With F the family's distribution function, s the solvable share and b the cap:

    chance(b) = s F(b)          spend(b) = E[min(T, b)] = s integral_0^b (1 - F) + (1 - s) b

Every integral is in closed form, so expected utilities are exact. A fit that assumes one family meets others here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()
_ROOT2 = math.sqrt(2)
_LN2 = math.log(2)


class Family(NamedTuple):
    """A distribution of needs.

    Attributes:
        below: chance that the need is at most x, x > 0.
        capped: expected minimum of the need and x, x > 0.
        draw: a need, for a number drawn evenly from [0, 1).
    """

    below: Callable[[float], float]
    capped: Callable[[float], float]
    draw: Callable[[float], float]


def lognormal(sigma: float, median: float = 1.0) -> Family:
    """Its logarithm is normal with this standard deviation."""
    mean = math.exp(sigma * sigma / 2)

    def below(x: float) -> float:
        return _cdf(math.log(x / median) / sigma)

    def capped(x: float) -> float:
        z = math.log(x / median) / sigma
        return median * mean * _cdf(z - sigma) + x * _cdf(-z)

    return Family(below, capped, lambda u: median * math.exp(sigma * _NORMAL.inv_cdf(min(max(u, 1e-12), 1 - 1e-12))))


def mixture(first: Family, second: Family, share: float) -> Family:
    """`first` with chance `share`, else `second`."""
    return Family(
        lambda x: share * first.below(x) + (1 - share) * second.below(x),
        lambda x: share * first.capped(x) + (1 - share) * second.capped(x),
        lambda u: first.draw(u / share) if u < share else second.draw((u - share) / (1 - share)),
    )


def _cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / _ROOT2)


def _loglogistic_capped(x: float) -> float:
    ends = (x * x + _ROOT2 * x + 1) / (x * x - _ROOT2 * x + 1)
    angles = math.atan(_ROOT2 * x + 1) + math.atan(_ROOT2 * x - 1)
    return math.log(ends) / (4 * _ROOT2) + angles / (2 * _ROOT2)


def _stretched_capped(x: float) -> float:
    s = _LN2 * math.sqrt(x)
    return 2 * (1 - (1 + s) * math.exp(-s)) / (_LN2 * _LN2)


FAMILIES: dict[str, Family] = {
    "loglogistic": Family(lambda x: x**4 / (1 + x**4), _loglogistic_capped, lambda u: (u / (1 - u)) ** 0.25),
    "lognormal": lognormal(0.6),
    "weibull": Family(
        lambda x: -math.expm1(-_LN2 * x * x),
        lambda x: math.sqrt(math.pi / _LN2) / 2 * math.erf(math.sqrt(_LN2) * x),
        lambda u: math.sqrt(-math.log1p(-u) / _LN2),
    ),
    "stretched": Family(
        lambda x: -math.expm1(-_LN2 * math.sqrt(x)), _stretched_capped, lambda u: (math.log1p(-u) / _LN2) ** 2
    ),
    "mixture": mixture(lognormal(0.35), lognormal(0.35, median=4.0), 0.6),
}
"""By name: log-logistic of shape 4 (the default), lognormal, Weibull of shape 2 and of shape 1/2 (`stretched`, a heavy
tail), and a mixture in which 40 % take four times as long."""


class Curve(NamedTuple):
    """The need of one part with one worker, in completion tokens.

    Attributes:
        family: a name in `FAMILIES`.
        scale: tokens that the family's need of 1 stands for.
        solvable: chance that some number of tokens is enough.
    """

    family: str
    scale: float
    solvable: float

    def chance(self, cap: float) -> float:
        """The chance to be done within `cap` tokens."""
        return self.solvable * FAMILIES[self.family].below(cap / self.scale) if cap > 0 else 0.0

    def spend(self, cap: float) -> float:
        """Expected tokens under `cap`: an attempt ends when it is done or at the cap."""
        if cap <= 0:
            return 0.0
        capped = FAMILIES[self.family].capped(cap / self.scale)
        return self.solvable * self.scale * capped + (1 - self.solvable) * cap

    def draw(self, number: float) -> float:
        """The need that a number drawn evenly from [0, 1) stands for; infinite when nothing is enough."""
        if number >= self.solvable:
            return math.inf
        return self.scale * FAMILIES[self.family].draw(number / self.solvable)

    def quantile(self, share: float) -> float:
        """Tokens within which this share (0..1) of the solvable attempts are done, to one part in a million."""
        below, low, high = FAMILIES[self.family].below, 1e-6, 1e6
        while high / low > 1 + 1e-6:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if below(middle) < share else (low, middle)
        return self.scale * high
