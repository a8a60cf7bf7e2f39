"""A plan in, the same plan with its numbers on a coarse grid out, so that a small model has few of them to choose from.

Chances lie on whole percents; tokens on 0 and on 100 · 2^(k/4). Forecasts are rounded to the nearest grid point and
budgets down, so that their sum still fits. Law: `on_grid` is idempotent, and keeps a valid plan valid.
"""

from __future__ import annotations

from bisect import bisect_right

from .plan import Forecast, Plan, Subtask

TOKEN_GRID = (0, *(round(100 * 2 ** (step / 4)) for step in range(80)))
"""The token counts that can be written: 0, then 100 to 88,174,380 in steps of 19 %."""


def on_grid(plan: Plan) -> Plan:
    """The plan with its numbers on the grid. Budgets never grow."""
    subtasks = tuple(map(_subtask_on_grid, plan.subtasks))
    return plan.model_copy(update={"success": percent(plan.success) / 100, "subtasks": subtasks})


def percent(chance: float) -> int:
    """A chance (0..1) in whole percents."""
    return round(chance * 100)


def floor_tokens(tokens: int) -> int:
    """The number of the greatest grid point that is not above `tokens`."""
    return bisect_right(TOKEN_GRID, tokens) - 1


def nearest_tokens(tokens: int) -> int:
    """The number of the grid point nearest in ratio to `tokens`; what is above 0 stays above 0."""
    low = floor_tokens(tokens)
    if low + 1 == len(TOKEN_GRID):
        return low
    return low if tokens * tokens <= TOKEN_GRID[low] * TOKEN_GRID[low + 1] else low + 1


def _subtask_on_grid(subtask: Subtask) -> Subtask:
    forecast = Forecast(
        success=percent(subtask.forecast.success) / 100,
        tokens_p50=TOKEN_GRID[nearest_tokens(subtask.forecast.tokens_p50)],
        tokens_p90=TOKEN_GRID[nearest_tokens(subtask.forecast.tokens_p90)],
    )
    return subtask.model_copy(update={"forecast": forecast, "budget": TOKEN_GRID[floor_tokens(subtask.budget)]})
