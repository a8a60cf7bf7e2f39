"""Baselines are planners: whatever the budget, their plans keep to the rules and use no more than it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.agents.context import Context
from foreplan.agents.planners.embedded import EmbeddedPlanner
from foreplan.agents.roles import Planning
from foreplan.core.errors import SettingsError
from foreplan.core.ledger import Ledger
from foreplan.core.limits import Limits
from foreplan.evals.baselines.base import Arm, Given, Piece, equal_plan
from foreplan.evals.baselines.registry import BASELINES, baseline
from foreplan.planner.brief import Brief
from foreplan.planner.plan import Plan
from foreplan.planner.validate import PlanRules, check_plan

GOAL = "Who designed the lighthouse on Grennan Head, and which college did that engineer attend?"
POOL = ("ant", "bee", "cat")
GOLD = [Piece("a", "Find the lighthouse."), Piece("b", "Find the college.", ("a",))]


def arm(name: str, seed: int = 0) -> Arm:
    return baseline(f"baseline:{name}", Given(EmbeddedPlanner(), seed, gold=lambda rules: equal_plan(GOLD, rules)))


async def plan_by(chosen: Arm, rules: PlanRules, goal: str = GOAL) -> Plan:
    return await chosen.planner.propose(
        Planning(Brief(goal=goal), rules, Ledger(Limits(tokens=rules.budget_tokens)).account("planner"))
    )


@pytest.mark.parametrize("name", sorted(BASELINES))
@given(budget=st.none() | st.integers(4_000, 10**7), goal=st.sampled_from([GOAL, "Why?", "2 + 3", "word " * 3_000]))
async def test_plans_keep_to_the_rules_and_the_budget(name: str, budget: int | None, goal: str):
    rules = PlanRules(budget_tokens=budget, writer_tokens=(budget or 0) // 7, workers=POOL, sources=True)
    if name in {"waves", "random", "round-robin"} and goal == "2 + 3":
        rules = PlanRules(budget_tokens=budget, workers=POOL)
    plan = await plan_by(arm(name), rules, goal)
    assert check_plan(plan, rules) == []


@pytest.mark.parametrize(("name", "subtasks"), [("single", 1), ("self-consistency", 1), ("plan-free", 3)])
async def test_the_whole_budget_is_shared_out_equally(name: str, subtasks: int):
    plan = await plan_by(arm(name), PlanRules(budget_tokens=90_000, writer_tokens=9_000))
    assert [each.budget for each in plan.subtasks] == [81_000 // subtasks] * subtasks
    assert not any(each.depends_on for each in plan.subtasks)


async def test_self_consistency_votes():
    plan = await plan_by(arm("self-consistency"), PlanRules(budget_tokens=50_000))
    assert (plan.subtasks[0].select, plan.subtasks[0].attempts > 2) == ("vote", True)


async def test_only_waves_have_a_barrier_and_all_replace_the_planner_and_its_history():
    usual = Context()
    for name in BASELINES:
        context = arm(name).of(usual)
        assert context.waves == (name == "waves")
        assert context.planner is not None
        assert context.planner.name == f"baseline:{name}"
        assert context.history is None


async def test_routing_changes_the_workers_and_nothing_else():
    rules = PlanRules(workers=POOL)
    usual = await plan_by(arm("waves"), rules)
    turns = await plan_by(arm("round-robin"), rules)
    assert [each.worker for each in turns.subtasks] == [POOL[at % 3] for at in range(len(turns.subtasks))]
    drawn = [await plan_by(arm("random", seed), rules) for seed in (1, 1, *range(2, 20))]
    assert drawn[0] == drawn[1]
    assert {each.worker for plan in drawn for each in plan.subtasks} == set(POOL)
    for plan in (turns, drawn[0]):
        assert [each.model_copy(update={"worker": None}) for each in plan.subtasks] == list(usual.subtasks)


@pytest.mark.parametrize("workers", [None, (), ("ant",)])
@pytest.mark.parametrize("name", ["random", "round-robin"])
async def test_routing_without_a_pool_is_an_error_that_says_so(name: str, workers: tuple[str, ...] | None):
    with pytest.raises(SettingsError, match="pool"):
        await plan_by(arm(name), PlanRules(workers=workers))


async def test_a_gold_plan_is_only_there_where_one_is_known():
    plan = await plan_by(arm("gold"), PlanRules(budget_tokens=10_000))
    assert plan.graph() == {"a": (), "b": ("a",)}
    with pytest.raises(SettingsError, match="gold"):
        baseline("gold", Given(EmbeddedPlanner()))


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(SettingsError, match="self-consistency"):
        baseline("baseline:best", Given(EmbeddedPlanner()))
