"""Statistics that more than one room needs. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence


def majority_certainty(first: int, second: int) -> float:
    """Posterior chance that the leading answer is the more likely one of the two most frequent answers.

    `first` and `second` are their votes, `first >= second`. With a uniform prior on the leader's share this is
    1 - I_1/2(first + 1, second + 1), I being the regularised incomplete beta function (Adaptive-Consistency, Aggarwal
    et al. 2023, section 3). For integers I_1/2(a, b) is the chance of at least `a` heads in `a + b - 1` fair tosses.

    Raises:
        ValueError: when a count is negative.
    """
    if first < 0 or second < 0:
        raise ValueError("votes are counts, not negative numbers")
    tosses = first + second + 1
    tail = sum(math.comb(tosses, heads) for heads in range(first + 1, tosses + 1))
    return 1 - tail / float(2**tosses)


def worth_another_sample(failures: int, value: float, price: float, *, alpha: float = 1.0, beta: float = 1.0) -> bool:
    """Whether to sample again after `failures` samples that a verifier refused.

    With a Beta(alpha, beta) prior on the chance of success, another sample pays while
    value * alpha / (alpha + beta + failures) > price. `value` and `price` are in the same unit.
    """
    return value * alpha / (alpha + beta + failures) > price


def kaplan_meier(values: Sequence[float], observed: Sequence[bool]) -> tuple[tuple[float, float], ...]:
    """How much is left after each value, when some values are known only to be larger than what was seen.

    The product-limit estimate (Kaplan and Meier 1958): survival falls by the factor 1 - ended / at risk at each value.
    It takes for granted that being cut off says nothing about what the value would have been.

    Args:
        values: what was seen, such as tokens spent.
        observed: False where the value was cut off there (right-censored), as spend is at a cap.

    Returns:
        Each distinct value with the share that lies above it, by rising value. The last share is above 0 when the
        largest value was cut off: what lies there is not known. Empty for no values.

    Raises:
        ValueError: when the lengths differ, or a value is not a number.
    """
    if len(values) != len(observed):
        raise ValueError(f"{len(values)} values cannot be told apart by {len(observed)} flags")
    if any(math.isnan(value) for value in values):
        raise ValueError("a value is not a number")
    ended: dict[float, int] = {}
    seen: dict[float, int] = {}
    for value, whole in zip(values, observed, strict=True):
        seen[value] = seen.get(value, 0) + 1
        ended[value] = ended.get(value, 0) + bool(whole)
    at_risk, survival, curve = len(values), 1.0, []
    for value in sorted(seen):
        survival *= (at_risk - ended[value]) / at_risk
        at_risk -= seen[value]
        curve.append((value, survival))
    return tuple(curve)


def survival_quantile(curve: Sequence[tuple[float, float]], quantile: float) -> float | None:
    """The smallest value below or at which at least the share `quantile` lies; None when that was never seen.

    `curve` is what `kaplan_meier` returns, `quantile` lies above 0 and at most at 1.
    """
    # Products of ratios such as 2/3 * 1/2 miss a round share by rounding.
    return next((value for value, survival in curve if survival <= 1 - quantile + 1e-12), None)
