"""Statistics that more than one room needs. Standard library only."""

from __future__ import annotations

import math


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
