"""How much to allow a subtask: its curve and what it is worth go in; budget, effort and attempts come out.

With V the value of a success, c the price of a token and F the chance of success within b tokens, a budget is worth

    U(b) = V F(b) - c (E[min(T, b)] + r (b - E[min(T, b)]))

r being the part of what was reserved and not spent that is billed. At the best budget the marginal chance of success
per token, f / (1 - F), has fallen to c / V; where no budget pays, none is given (None).

When nobody says what a subtask is worth, it is worth `WORTH` times the tokens that a success has taken so far, failures
paid: work goes on until the marginal chance of success per token has fallen to that part of the average of all runs
(the marginal value theorem, Charnov 1976, would stop at the average itself; but a plan needs its subtasks together, and
what the others took is lost on a report that lacks one). Nothing is given up then: where no budget pays, the planner's
stays.
"""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

from ...core.statistics import worth_another_sample
from ..grid import TOKEN_GRID
from ..plan import Effort, Subtask
from ..validate import MIN_BUDGET_TOKENS
from .curve import SuccessCurve
from .history import History, shrunk

WORTH = 4.0
COMPARED = 20
"""Another effort is weighed when so many outcomes like this subtask are known of it and of the planner's."""

_DOUBT = 8
"""... and taken when it pays better even if its subtasks were easier than they looked by this factor in tokens.

Planners give more effort to what they find hard, in ways that their forecasts do not tell in full. On the market world,
where effort does nothing and only tells what is hard, taking comparisons at face value doubles the regret.
"""

_BELIEF = 2.0
"""The chance of success of one subtask is believed as after so many attempts at it (alpha + beta of the Beta prior)."""

_EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")
_MOST_ATTEMPTS = 16


class Worth(NamedTuple):
    """What a success is worth and what tokens cost, in one unit.

    Attributes:
        value: of one subtask done.
        token_price: of one token.
        reservation: part of the unspent budget that is billed, 0..1.
        abstains: whether a subtask that does not pay gets the smallest budget; else the planner's stays.
    """

    value: float
    token_price: float = 1.0
    reservation: float = 0.0
    abstains: bool = False


class Chosen(NamedTuple):
    """A budget of one attempt with its utility, chance of success and expected tokens."""

    budget: int
    utility: float
    chance: float
    tokens: float


def usual_worth(history: History) -> Worth | None:
    """What a success is taken to be worth when nobody says; None before the first one."""
    tokens = history.tokens_per_success
    return None if tokens is None else Worth(WORTH * tokens)


def best_budget(curve: SuccessCurve, worth: Worth) -> Chosen | None:
    """The budget of one attempt, on the grid, whose utility is highest; None when none is above 0."""
    best: Chosen | None = None
    for budget, chance, tokens in zip(TOKEN_GRID, curve.done, curve.spend, strict=True):
        if budget < MIN_BUDGET_TOKENS:
            continue
        billed = tokens + worth.reservation * (budget - tokens)
        utility = worth.value * chance - worth.token_price * billed
        if utility > (best.utility if best else 0.0):
            best = Chosen(budget, utility, chance, tokens)
    return best


def best_effort(subtask: Subtask, history: History, worth: Worth) -> Effort:
    """The effort that pays best among those that were tried on subtasks like this one; mostly the planner's."""
    own = history.alike(subtask, subtask.effort)
    if len(own) < COMPARED:
        return subtask.effort
    prior = history.curve(subtask)
    gains = {subtask.effort: _utility(shrunk(own, prior), worth)}
    for effort in _EFFORTS:
        ends = history.alike(subtask, effort)
        if effort != subtask.effort and len(ends) >= COMPARED:
            harder = [end._replace(tokens=_DOUBT * end.tokens) for end in ends]
            gains[effort] = _utility(shrunk(harder, prior), worth)
    return max(gains, key=lambda effort: gains[effort])


def best_attempts(subtask: Subtask, chosen: Chosen, worth: Worth) -> int:
    """How many attempts are worth making.

    Changed only where the planner asks for several and a verifier or the first success ends them: then another one
    pays after j failures while V alpha / (alpha + beta + j) > c (see `worth_another_sample`).
    """
    if subtask.attempts == 1 or subtask.select not in ("first", "best"):
        return subtask.attempts
    alpha, beta = _BELIEF * chosen.chance, _BELIEF * (1 - chosen.chance)
    price = worth.token_price * chosen.tokens
    pays = takewhile(
        lambda failures: worth_another_sample(failures, worth.value, price, alpha=alpha, beta=beta),
        range(_MOST_ATTEMPTS),
    )
    fewest = 1 if subtask.select == "first" else 2
    return max(fewest, sum(1 for _ in pays))


def _utility(curve: SuccessCurve, worth: Worth) -> float:
    chosen = best_budget(curve, worth)
    return chosen.utility if chosen else 0.0
