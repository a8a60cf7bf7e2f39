"""Episodes for tests of training: market problems and plans as the tiny planner would have written them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

from foreplan.evals.worlds.base import Problem
from foreplan.evals.worlds.market.problem import cue_text, goal_text, setup_of
from foreplan.evals.worlds.market.world import Market
from foreplan.planner.codec import encode
from foreplan.planner.plan import Plan, Subtask
from foreplan.train.execute.market import MarketExecutor
from foreplan.train.reward.base import total
from foreplan.train.reward.compose import RewardConfig, compose
from foreplan.train.rollout import Episode, Rollout

MARKET = Market()


@cache
def problem_with(*levels: int) -> Problem:
    """The first problem with parts of just these levels, in a row that waits for nothing but the last for the first."""
    number = len(levels)
    for seed in itertools.count():
        problem = MARKET.problem(seed, fewest_parts=number, most_parts=number, distractors=0, trivial=0)
        specs = setup_of(problem).specs
        if tuple(each.parents for each in specs) == ((), *[()] * (number - 2), (0,)):
            hidden = dict(problem.hidden)
            changed = tuple(each._replace(level=to, cue=to) for each, to in zip(specs, levels, strict=True))
            parts = tuple(
                part.model_copy(update={"difficulty": to / 9, "goal": f"{part.id} {cue_text(to)}"})
                for part, to in zip(problem.parts, levels, strict=True)
            )
            brief = problem.brief.model_copy(update={"goal": goal_text(changed)})
            return problem.model_copy(update={"hidden": {**hidden, "specs": changed}, "parts": parts, "brief": brief})
    raise AssertionError


def rollout_of(problem: Problem, plan: Plan) -> Rollout:
    """A plan as if it had been sampled, without token by token knowledge."""
    ids = [3] * (20 * (1 + len(plan.subtasks)) // 2)
    return Rollout([1], ids, [-1.0] * len(ids), [True] * len(ids), f"{encode(plan)} for {problem.seed}", plan)


def episode_of(problem: Problem, plan: Plan) -> Episode:
    """What the market makes of it."""
    return MarketExecutor(MARKET).execute(problem, [rollout_of(problem, plan)], seed=0)[0]


def expected_reward(problem: Problem, plan: Plan, config: RewardConfig | None = None) -> float:
    """What the plan is worth altogether."""
    return total(compose(config or RewardConfig()).score([episode_of(problem, plan)])[0])


def with_subtask(plan: Plan, own: str, change: Callable[[Subtask], Subtask]) -> Plan:
    """The plan with one subtask changed."""
    return plan.model_copy(
        update={"subtasks": tuple(change(each) if each.id == own else each for each in plan.subtasks)}
    )
