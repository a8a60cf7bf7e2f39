"""Demonstrations to begin with: problems of the market go in, plans right in form and poor in numbers come out.

A planner trained on them knows what a plan looks like: every needed part, its dependencies, nothing beside. What it is
to learn by itself is in the numbers, which follow difficulty weakly (`relation` 0.25) or not at all (0, blind), whoever
the worker is. So whatever calibration a planner has after RL, it did not get it here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from ..evals.worlds.base import Problem, training_seed
from ..evals.worlds.draw import draw_for
from ..evals.worlds.market.optimum import BUDGETS
from ..evals.worlds.market.pool import SimWorker
from ..evals.worlds.market.problem import Setup, setup_of
from ..evals.worlds.market.world import Market, subtask_of
from ..planner.plan import Forecast, Plan, Subtask

WEAK = 0.25
BLIND = 0.0

_MIDDLE_CUE = 5
_STEPS_A_CUE = 2.3
"""Grid points that a level takes more than the one before: 1.5 a level is 2.3 steps of 19 %."""
_MIDDLE_POINT, _SPREAD_POINTS = 16, 4.0
_SUCCESS_SPREAD = 0.25


def demonstrations(
    number: int, *, seed: int, world: Market | None = None, relation: float = WEAK
) -> Iterator[tuple[Problem, Plan]]:
    """`number` problems with a plan each, the same for equal seeds.

    Args:
        number: how many.
        seed: the first problem's; never one that is held out.
        world: the market; the default one when None.
        relation: how much numbers follow difficulty, from 0 (not at all) to 1 (as much as needs do).
    """
    market = world or Market()
    for at in range(seed, seed + number):
        problem = market.problem(training_seed(at))
        yield problem, demonstration(problem, relation=relation)


def demonstration(problem: Problem, *, relation: float = WEAK) -> Plan:
    """One plan: the right structure, numbers drawn around what is usual."""
    if problem.answer is not None:
        return Market().best_plan(problem)
    setup, source = setup_of(problem), draw_for("demonstration", problem.seed)
    subtasks = tuple(_subtask(setup, at, source, relation) for at, spec in enumerate(setup.specs) if spec.needed)
    return Plan(mode="plan", answer=None, synthesis="", success=_chance(source, 0.0), subtasks=subtasks)


def _subtask(setup: Setup, at: int, source: random.Random, relation: float) -> Subtask:
    worker: SimWorker = source.choice(setup.pool)
    harder = relation * (setup.specs[at].cue - _MIDDLE_CUE)
    median = _MIDDLE_POINT + _STEPS_A_CUE * harder - 4 + source.gauss(0, _SPREAD_POINTS)
    forecast = Forecast(
        success=_chance(source, -0.1 * harder),
        tokens_p50=_tokens(median),
        tokens_p90=_tokens(median + abs(source.gauss(3, 2))),
    )
    budget = _tokens(_MIDDLE_POINT + _STEPS_A_CUE * harder + source.gauss(0, _SPREAD_POINTS))
    return subtask_of(setup, at, None).model_copy(
        update={"worker": worker.name, "budget": budget, "forecast": forecast}
    )


def _chance(source: random.Random, shift: float) -> float:
    return min(1.0, max(0.0, 0.6 + shift + source.gauss(0, _SUCCESS_SPREAD)))


def _tokens(point: float) -> int:
    return BUDGETS[min(max(round(point), 0), len(BUDGETS) - 1)]
