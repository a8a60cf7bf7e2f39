"""What a plan will cost: a plan (and history, if there is some) goes in; mean, median and 90 % of its tokens come out.

Simulated from the subtasks' curves under their budgets: one that fails spends what it spends, and dependants that skip
without it spend nothing. Planner and writer are counted as the mean of past runs.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ..grid import TOKEN_GRID, floor_tokens
from ..plan import Plan, Subtask
from .curve import SuccessCurve
from .history import History

_MOST_DRAWS, _FEWEST_DRAWS, _SUBTASK_DRAWS = 1_000, 50, 50_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens a plan, or a run, is expected to take; dollars of a token when they are known."""

    mean: float
    p50: float
    p90: float
    dollars_per_token: float | None = None

    def __str__(self) -> str:
        return f"expected cost: {self._said(self.mean)}, 50 %: {self._said(self.p50)}, 90 %: {self._said(self.p90)}"

    def _said(self, tokens: float) -> str:
        dollars = "" if self.dollars_per_token is None else f" (${tokens * self.dollars_per_token:.3g})"
        return f"{round(tokens):,} tokens{dollars}"


def plan_cost(plan: Plan, history: History | None = None) -> Cost:
    """What carrying out this plan will cost; from the planner's forecasts alone when there is no history."""
    history = history or History()
    curves = [history.curve(subtask) for subtask in plan.subtasks]
    draws = min(_MOST_DRAWS, max(_FEWEST_DRAWS, _SUBTASK_DRAWS // max(1, len(curves))))
    source = random.Random(0)  # noqa: S311 - the same plan shows the same numbers
    totals = [_draw(plan.subtasks, curves, source) + history.overhead_tokens for _ in range(draws)]
    return _cost(totals, history)


def usual_cost(history: History) -> Cost | None:
    """What past runs took, for a run whose plan is not written yet; None without past runs."""
    return _cost([float(each.tokens) for each in history.runs], history) if history.runs else None


def _cost(totals: Sequence[float], history: History) -> Cost:
    ordered = sorted(totals)
    p50, p90 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.9))
    return Cost(fmean(totals), p50, p90, history.dollars_per_token)


def _draw(subtasks: Sequence[Subtask], curves: Sequence[SuccessCurve], source: random.Random) -> float:
    """Tokens of one simulated run."""
    done: set[str] = set()
    total = 0.0
    for subtask, curve in zip(subtasks, curves, strict=True):
        if subtask.on_missing == "skip" and not done.issuperset(subtask.depends_on):
            continue
        tokens, success = _attempts(subtask, curve, source)
        total += tokens
        if success:
            done.add(subtask.id)
    return total


def _attempts(subtask: Subtask, curve: SuccessCurve, source: random.Random) -> tuple[float, bool]:
    """Tokens of a subtask, and whether it succeeded: attempts share the budget, and the first success may end them."""
    cap = subtask.budget // subtask.attempts
    at = floor_tokens(cap)
    spent, success = 0.0, False
    for _ in range(subtask.attempts):
        left = 1 - source.random()
        place = bisect_left(curve.going, -left, key=lambda going: -going)
        ended = place <= at
        spent += TOKEN_GRID[place] if ended else cap
        stopped = 1 - curve.going[at]
        success |= ended and source.random() * stopped < curve.done[at]
        if success and subtask.select in ("first", "best"):
            break
    return spent, success
