"""Does spend follow difficulty? Spends, and what each budget would have been worth, go in; correlations and regret out.

Regret is the utility that is missing to the oracle's budgets, a task's mean. It is always shown beside what the best
constant budget misses, and the best constant budget of somebody who knows which tasks to leave alone: beating only the
first may mean no more than having learned to abstain.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import DataError

UtilityAt: TypeAlias = Callable[[float], float]
"""The utility of a budget in tokens for one task, in any unit; at 0 tokens, which is abstaining, it is 0."""


@dataclass(frozen=True, slots=True)
class Regret:
    """Mean utility missing to the oracle: of the budgets chosen, and of the two constants to beat.

    Attributes:
        regret: of the budgets that were chosen.
        constant: of the best budget that is the same for all tasks; `constant_tokens` is that budget.
        abstaining: of the best constant that is spent only on tasks where it pays; `abstaining_tokens` is that budget.
        oracle: mean utility of the oracle's budgets, which the others are missing to.
    """

    regret: float
    constant: float
    constant_tokens: float
    abstaining: float
    abstaining_tokens: float
    oracle: float

    @property
    def cut(self) -> float | None:
        """The share of the best constant budget's regret that is gone: 1 is the oracle; None when it has none."""
        return 1 - self.regret / self.constant if self.constant > 0 else None


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Rank correlation (Spearman 1904), ties at their mean rank; None when one side is all the same.

    Raises:
        DataError: when the lengths differ, or a value is not a number.
    """
    if len(left) != len(right):
        raise DataError(f"{len(left)} values cannot be correlated with {len(right)}.")
    if any(math.isnan(value) for value in (*left, *right)):
        raise DataError("A value to be ranked is not a number.")
    if len(set(left)) < 2 or len(set(right)) < 2:
        return None
    return statistics.correlation(_ranks(left), _ranks(right))


def budget_utility(needs: Sequence[float], *, value: float, token_price: float) -> UtilityAt:
    """What a budget is worth for a task of known needs: U(b) = value * F(b) - token_price * E[min(T, b)].

    The expectation is over `needs`, tokens of equally likely uncapped executions; infinity is one that never succeeds.
    `value` is that of a success, in the unit of `token_price`, which is the price of one token.

    Raises:
        DataError: when there are no needs, or one is negative or not a number.
    """
    if not needs or not all(need >= 0 for need in needs):
        raise DataError("A task's utility needs at least one execution, of 0 or more tokens.")

    def utility(budget: float) -> float:
        if budget <= 0:
            return 0.0
        solved = sum(need <= budget for need in needs)
        return (value * solved - token_price * math.fsum(min(need, budget) for need in needs)) / len(needs)

    return utility


def oracle_budget(needs: Sequence[float], *, value: float, token_price: float) -> tuple[float, float]:
    """The best budget for a task of known needs, and its utility; budget 0 (abstain) where nothing pays.

    Between two needs a larger budget buys nothing, so the best one is a need.

    Raises:
        DataError: as `budget_utility` does.
    """
    utility = budget_utility(needs, value=value, token_price=token_price)
    budgets = [0.0, *sorted(need for need in set(needs) if need < math.inf)]
    return _best((budget, utility(budget)) for budget in budgets)


def cost_regret(
    achieved: Sequence[float], oracle: Sequence[float], curves: Sequence[UtilityAt], budgets: Iterable[float]
) -> Regret:
    """How much utility the chosen budgets miss, and what the constants miss.

    Args:
        achieved: each task's (expected) utility under the budget that was chosen for it.
        oracle: each task's utility under its best budget, in the same order and unit.
        curves: each task's utility by budget.
        budgets: the constants to choose the best from, in tokens; abstaining from everything is always among them.

    Raises:
        DataError: when there are no tasks, or the lengths differ.
    """
    if not achieved or not len(achieved) == len(oracle) == len(curves):
        raise DataError(
            f"{len(achieved)} utilities, {len(oracle)} of the oracle and {len(curves)} curves do not match."
        )
    at = {budget: [curve(budget) for curve in curves] for budget in {0.0, *budgets}}
    constant_tokens, constant = _best((budget, statistics.fmean(at[budget])) for budget in sorted(at))
    abstaining_tokens, abstaining = _best(
        (budget, statistics.fmean(max(0.0, utility) for utility in at[budget])) for budget in sorted(at)
    )
    best = statistics.fmean(oracle)
    return Regret(
        regret=best - statistics.fmean(achieved),
        constant=best - constant,
        constant_tokens=constant_tokens,
        abstaining=best - abstaining,
        abstaining_tokens=abstaining_tokens,
        oracle=best,
    )


def _best(candidates: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Of (budget, utility) by rising budget the best; the smallest budget among equals."""
    return max(candidates, key=lambda candidate: candidate[1])


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, the mean rank where values are equal."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            for place in order[start:end]:
                ranks[place] = (start + 1 + end) / 2
            start = end
    return ranks
