"""Problems of a world go in, rows in TRL's forms come out: plans to imitate, or plans of one problem to compare.

Law: problems that are held out for evaluation are never among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...evals.worlds.base import Problem, World, training_seed
from ...planner.messages import WorkerOffer
from ...planner.plan import Plan
from ...planner.validate import PlanRules
from ..errors import RecipeError
from ..planner.prompt import Said, plan_said, prompt_said
from ..recipe import DataTable
from ..tiny.folder import Card

MARKET = "market"
RL_SEEDS = 10_000_000
"""Problems from this seed on are for RL, those below for plans to imitate: RL shall see no problem again."""


def world_of(data: DataTable) -> World:
    """The world that a recipe names, with its dials set.

    Raises:
        SettingsError: when there is no such world, or no such dial.
    """
    from ...evals.worlds.registry import world

    found = world(data.world, **data.dials)
    found.problem(0)
    return found


def offers_of(problem: Problem) -> tuple[WorkerOffer, ...]:
    """The workers that a plan for this problem may name; () where the world has no pool."""
    if problem.world != MARKET:
        return ()
    from ...evals.worlds.market.world import offers

    return offers(problem)


def prompt_of(card: Card, problem: Problem) -> Said:
    """What a planner with this card is asked about a problem."""
    return prompt_said(card, problem.brief, rules_of(problem), workers=offers_of(problem))


def rules_of(problem: Problem) -> PlanRules:
    """What a plan for this problem must keep to."""
    workers = tuple(each.name for each in offers_of(problem))
    return PlanRules(workers=workers, sources=bool(problem.brief.sources), cite=problem.brief.cite)


def common_rules(problems: Iterable[Problem]) -> PlanRules:
    """What plans for some problems keep to, all of them: what only some problems forbid is for `check_plan` to find."""
    found = [rules_of(each) for each in problems]
    workers = dict.fromkeys(name for each in found for name in each.workers or ())
    return PlanRules(
        workers=tuple(workers), sources=all(each.sources for each in found), cite=all(each.cite for each in found)
    )


def demonstration_rows(card: Card, data: DataTable, *, seed: int) -> Iterator[dict[str, Any]]:
    """Rows with `prompt` and `completion`, one for each problem from `seed` on.

    Raises:
        RecipeError: when the world has no such demonstrations.
    """
    for problem, plan in _demonstrations(data, seed=seed):
        yield {"prompt": prompt_of(card, problem), "completion": plan_said(card, _plain(card, plan))}


def check_demonstrations(data: DataTable) -> None:
    """See that a world has the demonstrations that a recipe asks for.

    Raises:
        RecipeError: when it has none of that kind.
    """
    if data.demonstrations != "best" and data.world != MARKET:
        raise RecipeError(
            f"There are no {data.demonstrations} demonstrations of the world {data.world[:100]!r}.",
            hint='Set data.demonstrations = "best".',
        )


def preference_rows(
    card: Card, problems: Sequence[Problem], plans: Sequence[Sequence[Plan]], value: Callable[[Problem, Plan], float]
) -> Iterator[dict[str, Any]]:
    """Rows for DPO: of the plans for each problem, the one of highest value against the one of lowest.

    Groups whose plans are all worth the same give no row.
    """
    for problem, group in zip(problems, plans, strict=True):
        ranked = sorted(group, key=lambda plan: value(problem, plan))
        if len(ranked) > 1 and value(problem, ranked[0]) < value(problem, ranked[-1]):
            yield {
                "prompt": prompt_of(card, problem),
                "chosen": plan_said(card, ranked[-1]),
                "rejected": plan_said(card, ranked[0]),
            }


def judged_rows(pairs: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows for KTO from rows for DPO: each plan by itself, and whether it was the better one."""
    for pair in pairs:
        for column in ("chosen", "rejected"):
            yield {"prompt": pair["prompt"], "completion": pair[column], "label": column == "chosen"}


def expected_value(world: World, problem: Problem, plan: Plan, *, draws: int = 8) -> float:
    """What a plan is worth: the mean utility over draws, which are the same for all plans of a problem."""
    return sum(world.outcome(problem, plan, draw=draw).utility for draw in range(draws)) / draws


def _demonstrations(data: DataTable, *, seed: int) -> Iterator[tuple[Problem, Plan]]:
    if data.demonstrations == "best":
        world = world_of(data)
        for at in range(seed, seed + data.problems):
            problem = world.problem(training_seed(at))
            yield problem, world.best_plan(problem)
        return
    check_demonstrations(data)
    from ...evals.worlds.dials import read_dials
    from ...evals.worlds.market.problem import MarketDials
    from ...evals.worlds.market.world import Market
    from ..demonstrate import BLIND, WEAK, demonstrations

    market = Market(read_dials(MarketDials, data.dials))
    relation = WEAK if data.demonstrations == "weak" else BLIND
    yield from demonstrations(data.problems, seed=seed, world=market, relation=relation)


def _plain(card: Card, plan: Plan) -> Plan:
    """The plan as its codec's grammar can write it; in JSON, chances have two decimals, as people write them."""
    if card.codec != "compact":
        return _rounded(plan)
    from ..grammar.compact import plain_plan

    return plain_plan(plan)


def _rounded(plan: Plan) -> Plan:
    subtasks = tuple(
        each.model_copy(
            update={"forecast": each.forecast.model_copy(update={"success": round(each.forecast.success, 2)})}
        )
        for each in plan.subtasks
    )
    return plan.model_copy(update={"success": round(plan.success, 2), "subtasks": subtasks})
