"""Constant budgets, to be beaten: problems go in, the one budget (and worker) for all parts that does best comes out.

Two of them: every needed part is worked on, or those are left out, by an oracle, that do not pay at this budget
(perfect abstention). Both answer at once where there is nothing to plan, and know the dependencies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import TypeAlias

from ....planner.plan import Forecast, Plan
from ..base import Problem
from .optimum import BUDGETS, LINE_DOLLARS, Best, best, closed_sets, components
from .pool import SimWorker
from .prices import HEAD_TOKENS, planner_dollars, work
from .problem import Setup, setup_of
from .world import Market, subtask_of


@dataclass(frozen=True)
class Constant:
    """A budget for every part.

    Attributes:
        worker: who does them all; its place in the pool.
        budget: tokens of each subtask.
        utility: expected dollars, mean over the problems.
        regret: against the best plans, as a share of the value of all needed parts, mean over the problems.
    """

    worker: int
    budget: int
    utility: float
    regret: float


_Gain: TypeAlias = Callable[[Setup, int, int], float]


def best_constant(problems: Iterable[Problem]) -> Constant:
    """The worker and the budget with the least regret when every needed part is worked on."""
    return _best(problems, lambda setup, worker, budget: _gain_of_all(setup, worker, budget))


def best_constant_abstaining(problems: Iterable[Problem]) -> Constant:
    """The same when parts that do not pay at this budget are left out, as only an oracle can know."""
    return _best(problems, lambda setup, worker, budget: _gain_of_paying(setup, worker, budget))


def constant_plan(problem: Problem, worker: int, budget: int) -> Plan:
    """The plan that gives every needed part to this worker with this budget. Its forecasts know nothing."""
    setup = setup_of(problem)
    if problem.answer is not None:
        return Market().best_plan(problem)
    forecast = Forecast(success=0.5, tokens_p50=budget // 2, tokens_p90=budget)
    subtasks = tuple(
        subtask_of(setup, at, None).model_copy(
            update={"worker": setup.pool[worker].name, "budget": budget, "forecast": forecast}
        )
        for at, spec in enumerate(setup.specs)
        if spec.needed
    )
    return Plan(mode="plan", answer=None, synthesis="", success=0.5, subtasks=subtasks)


def _best(problems: Iterable[Problem], gain: _Gain) -> Constant:
    """The best pair of worker and budget; the first among equals."""
    setups = [(setup_of(each), each.answer is not None) for each in problems]
    pool = range(min(len(setup.pool) for setup, _ in setups))
    tried = [_tried(setups, gain, worker, budget) for worker in pool for budget in BUDGETS]
    return min(tried, key=lambda each: each.regret)


def _tried(setups: Sequence[tuple[Setup, bool]], gain: _Gain, worker: int, budget: int) -> Constant:
    head = planner_dollars(HEAD_TOKENS)
    utilities, regrets = [], []
    for setup, direct in setups:
        optimum = Best(setup.value - head, {}) if direct else best(setup)
        utility = optimum.utility if direct else gain(setup, worker, budget) - head
        utilities.append(utility)
        regrets.append((optimum.utility - utility) / setup.scale)
    return Constant(worker, budget, fmean(utilities), fmean(regrets))


@lru_cache(maxsize=65_536)
def _gain_of_all(setup: Setup, worker: int, budget: int) -> float:
    return sum(_gain(setup, component, worker, budget) for component in components(setup.specs))


@lru_cache(maxsize=65_536)
def _gain_of_paying(setup: Setup, worker: int, budget: int) -> float:
    return sum(
        max(_gain(setup, parts, worker, budget) for parts in closed_sets(setup, component))
        for component in components(setup.specs)
    )


def _gain(setup: Setup, parts: Sequence[int], worker: int, budget: int) -> float:
    """Expected dollars of these parts, each with this budget, their lines in the plan paid."""
    by: SimWorker = setup.pool[worker]
    ancestors: dict[int, frozenset[int]] = {}
    chances: dict[int, float] = {}
    total = -LINE_DOLLARS * len(parts)
    for at in parts:
        spec = setup.specs[at]
        ancestors[at] = frozenset(spec.parents).union(*(ancestors[parent] for parent in spec.parents))
        done = work(spec.family, spec.level, spec.kind, len(spec.parents), by, budget, setup.reservation)
        chances[at] = done.chance
        begun = 1.0
        for each in ancestors[at]:
            begun *= chances[each]
        total += begun * (setup.value * done.chance - done.dollars)
    return total
