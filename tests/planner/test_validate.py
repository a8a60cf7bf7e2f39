"""What must hold between a plan's values: each law broken on purpose, and found where it was broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.planning import make_plan, make_subtask, plans

from foreplan.planner.plan import Plan
from foreplan.planner.validate import PlanCheck, PlanRules, check_plan

RULES = PlanRules(budget_tokens=20_000, writer_tokens=5_000, max_subtasks=10, workers=("fast",))


def paths(plan: Plan, rules: PlanRules = RULES) -> list[str]:
    return [fault.path for fault in check_plan(plan, rules)]


@given(plans())
def test_plans_without_faults_pass_whole_and_item_by_item(plan: Plan) -> None:
    assert check_plan(plan, PlanRules()) == []
    check = PlanCheck(PlanRules())
    assert check.head(plan.head) == []
    assert [check.subtask(subtask) for subtask in plan.subtasks] == [[] for _ in plan.subtasks]
    assert check.close() == []


@pytest.mark.parametrize(
    ("plan", "path", "says"),
    [
        (make_plan(make_subtask("a"), make_subtask("a")), "subtasks[1].id", "already taken"),
        (make_plan(make_subtask("a", "b"), make_subtask("b")), "subtasks[0].depends_on[0]", "later, as subtasks[1]"),
        (make_plan(make_subtask("a", "a")), "subtasks[0].depends_on[0]", "itself"),
        (make_plan(make_subtask("a"), make_subtask("b", "a", "a")), "subtasks[1].depends_on[1]", "twice"),
        (make_plan(make_subtask("a", "zz")), "subtasks[0].depends_on[0]", "id of no subtask"),
        (make_plan(make_subtask("a", budget=99)), "subtasks[0].budget", "below the minimum of 100"),
        (make_plan(make_subtask("a", budget=15_001)), "subtasks[0].budget", "15001 tokens, where 15000"),
        (make_plan(make_subtask("a", select="vote")), "subtasks[0].select", "at least 2 attempts"),
        (make_plan(make_subtask("a", worker="slow")), "subtasks[0].worker", "one of fast, or null"),
        (make_plan(make_subtask("a", goal=" \n")), "subtasks[0].goal", "blank"),
        (make_plan(make_subtask("a", goal="red \x1b[31m")), "subtasks[0].goal", "U+001B"),
        (
            make_plan(make_subtask("a", forecast={"success": 1, "tokens_p50": 3, "tokens_p90": 2})),
            "subtasks[0].forecast.tokens_p90",
            "below tokens_p50",
        ),
        (make_plan(), "subtasks", "at least one"),
        (make_plan(make_subtask("a"), answer="x"), "answer", "null"),
        (make_plan(mode="direct"), "answer", "missing"),
        (make_plan(make_subtask("a"), mode="direct", answer="x"), "subtasks[0]", "no subtasks"),
        (make_plan(*(make_subtask(f"s{n}", budget=100) for n in range(11))), "subtasks[10]", "one too many"),
    ],
)
def test_a_broken_law_is_found_at_its_place_and_nothing_else_is(plan: Plan, path: str, says: str) -> None:
    faults = check_plan(plan, RULES)
    assert [fault.path for fault in faults] == [path]
    assert says in faults[0].message


def test_cycles_are_named() -> None:
    plan = make_plan(make_subtask("a", "c"), make_subtask("b", "a"), make_subtask("c", "b"))
    faults = check_plan(plan, RULES)
    assert [fault.path for fault in faults] == ["subtasks[0].depends_on[0]", "subtasks"]
    assert "a → c → b → a" in faults[1].message


def test_direct_is_refused_only_where_sources_must_be_cited() -> None:
    plan = make_plan(mode="direct", answer="5")
    assert paths(plan, PlanRules(sources=True)) == ["mode"]
    assert paths(plan, PlanRules(sources=True, cite=False)) == []
    assert paths(plan, PlanRules(sources=False)) == []


def test_budgets_are_a_running_sum_reported_where_it_exceeds() -> None:
    plan = make_plan(*(make_subtask(name, budget=6_000) for name in "abcd"))
    assert paths(plan) == ["subtasks[2].budget"]
    assert [fault.path for fault in check_plan(plan, RULES, spent={"a", "b"})] == []


@given(plans().filter(lambda plan: len(plan.subtasks) > 1), st.data())
def test_all_injected_faults_are_reported_at_once(plan: Plan, data: st.DataObject) -> None:
    breaks: dict[str, dict[str, object]] = {
        "budget": {"budget": 1},
        "goal": {"goal": "  "},
        "depends_on[0]": {"depends_on": ("nobody",)},
    }
    subtasks, expected = [], set()
    for at, subtask in enumerate(plan.subtasks):
        chosen = data.draw(st.sets(st.sampled_from(sorted(breaks))))
        expected |= {f"subtasks[{at}].{name}" for name in chosen}
        changes = {key: value for name in chosen for key, value in breaks[name].items()}
        subtasks.append(subtask.model_copy(update=changes))
    broken = plan.model_copy(update={"subtasks": tuple(subtasks)})
    assert {fault.path for fault in check_plan(broken, PlanRules())} == expected


@given(plans(), st.integers(100, 30_000_000))
def test_a_prefix_of_a_sound_plan_is_sound(plan: Plan, room: int) -> None:
    rules = PlanRules(budget_tokens=room)
    check = PlanCheck(rules)
    found = check.head(plan.head)
    for at, subtask in enumerate(plan.subtasks, start=1):
        found += check.subtask(subtask)
        assert found == check_plan(plan.model_copy(update={"subtasks": plan.subtasks[:at]}), rules)
